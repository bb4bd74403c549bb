"""`make constraints-check`: our requirements with a constraints file of another project."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def installed() -> list[str]:
    """A file as Airflow publishes one: the versions of a resolved environment."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "freeze", "--exclude-editable", "--python", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def check(folder: Path, lines: list[str]) -> tuple[int, str]:
    (folder / "constraints.txt").write_text("# constraints\n" + "\n".join(lines), encoding="utf-8")
    command = [sys.executable, "tools/constraints_check.py", str(folder / "constraints.txt")]
    env = os.environ | {"UV_OFFLINE": "1"}  # all of it is in the cache of `make venv`
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_versions_that_go_together_fit(tmp_path: Path, installed: list[str]) -> None:
    code, output = check(tmp_path, installed)

    assert code == 0, output
    assert f"fits the {len(installed)} packages of constraints.txt" in output


@pytest.mark.parametrize(
    ("pin", "words"),
    [
        ("pydantic==2.11.0", ("pydantic>=2.12", "pydantic==2.11.0")),
        (
            "duckdb==1.4.0",
            ("The extra duckdb does not fit.", "The extra s3 fits.", "Without extras it fits."),
        ),
    ],
)
def test_what_conflicts_is_named(
    tmp_path: Path, installed: list[str], pin: str, words: tuple[str, ...]
) -> None:
    name = pin.partition("==")[0]
    lines = [line for line in installed if not line.startswith(f"{name}==")]

    code, output = check(tmp_path, [*lines, pin])

    assert code == 1
    assert [text for text in words if text not in output] == []


def test_a_line_that_is_no_constraint_is_named(tmp_path: Path) -> None:
    code, output = check(tmp_path, ["polars==2.1.0", "<html>"])

    assert (code, "line 3 is no requirement" in output) == (1, True)


def test_the_image_has_one_version_of_each_package_on_each_python() -> None:
    (file,) = (ROOT / "deploy").glob("airflow-*.txt")
    lines = [Requirement(line) for line in file.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    for python in ("3.11", "3.12", "3.13"):
        env = {"python_version": python}
        there = [line for line in lines if line.marker is None or line.marker.evaluate(env)]
        assert len({requirement.name for requirement in there}) == len(there) > 400
        pin = f"apache-airflow=={file.stem.removeprefix('airflow-')}"
        assert pin in {str(requirement) for requirement in there}
