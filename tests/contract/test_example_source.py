"""`examples/source` is installed as a package of its own, and keeps the contract by the suite that ships."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_example_keeps_the_contract_as_an_installed_package(tmp_path: Path) -> None:
    example = shutil.copytree(ROOT / "examples" / "source", tmp_path / "example")
    site, python = tmp_path / "site", (sys.executable, "-m")
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--target", str(site))
    subprocess.run([*python, "pip", "install", "-q", *offline, str(example)], check=True, capture_output=True)
    env = os.environ | {"PYTHONPATH": f"{site}{os.pathsep}{ROOT / 'plugins'}"}
    command = [*python, "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]
    done = subprocess.run(
        [*command, "tests"], cwd=example, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "18 passed" in done.stdout
