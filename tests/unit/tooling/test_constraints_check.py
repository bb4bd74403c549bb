"""`make constraints-check`: our requirements with a constraints file of another project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement


@pytest.fixture(scope="module")
def installed() -> list[str]:
    """A file as Airflow publishes one: the versions of a resolved environment."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "freeze", "--exclude-editable", "--python", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def check(root: Path, file: Path, lines: list[str]) -> tuple[int, str]:
    file.write_text("# constraints\n" + "\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "tools/constraints_check.py", str(file)],
        cwd=root,
        env=os.environ | {"UV_OFFLINE": "1"},  # all of it is in the cache of `make venv`
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_versions_that_go_together_fit(project_root: Path, tmp_path: Path, installed: list[str]) -> None:
    code, output = check(project_root, tmp_path / "constraints.txt", installed)

    assert code == 0, output
    assert f"fits the {len(installed)} packages of constraints.txt" in output


def test_conflicting_versions_are_named(project_root: Path, tmp_path: Path, installed: list[str]) -> None:
    lines = [line for line in installed if not line.startswith("pydantic==")]

    code, output = check(project_root, tmp_path / "constraints.txt", [*lines, "pydantic==2.11.0"])

    assert code == 1
    assert "pydantic>=2.12" in output and "pydantic==2.11.0" in output


def test_a_line_that_is_no_constraint_is_named(project_root: Path, tmp_path: Path) -> None:
    code, output = check(project_root, tmp_path / "constraints.txt", ["polars==2.1.0", "<html>"])

    assert (code, "line 3 is no requirement" in output) == (1, True)


def test_the_extra_that_conflicts_is_named(project_root: Path, tmp_path: Path, installed: list[str]) -> None:
    lines = [line for line in installed if not line.startswith("duckdb==")]

    code, output = check(project_root, tmp_path / "constraints.txt", [*lines, "duckdb==1.4.0"])

    assert code == 1
    assert "The extra duckdb does not fit." in output and "The extra s3 fits." in output
    assert "Without extras it fits." in output


def test_the_image_has_one_version_of_each_package_on_each_python(project_root: Path) -> None:
    (file,) = (project_root / "deploy").glob("airflow-*.txt")
    lines = [Requirement(line) for line in file.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    for python in ("3.11", "3.12", "3.13"):
        there = [
            requirement
            for requirement in lines
            if requirement.marker is None or requirement.marker.evaluate({"python_version": python})
        ]
        assert len({requirement.name for requirement in there}) == len(there) > 400
        assert f"apache-airflow=={file.stem.removeprefix('airflow-')}" in {
            str(requirement) for requirement in there
        }
