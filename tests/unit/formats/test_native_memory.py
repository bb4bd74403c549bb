"""What the compiled readers take and keep: memory may be refused to them, and no two readings share any."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.unit.formats.json.test_sanitized import SANITIZERS, WARNINGS


@pytest.mark.needs_program("cc")
def test_each_piece_of_memory_may_be_refused(tmp_path: Path, project_root: Path) -> None:
    program, source = tmp_path / "starve", project_root / "native" / "check" / "starve.c"
    command = ["cc", "-std=c11", *WARNINGS, *SANITIZERS, "-o", str(program), str(source)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    # what is never freed is an error too
    env = os.environ | {"ASAN_OPTIONS": "detect_leaks=1"}
    done = subprocess.run([str(program)], capture_output=True, text=True, env=env, timeout=60)
    assert done.returncode == 0, done.stderr[-4_000:]
    json, csv = map(int, done.stdout.split())
    assert json > 40  # that often it asks for memory: two readings take three pieces a column and more
    assert csv > 20


@pytest.mark.needs_program("cc")
@pytest.mark.needs_program("nm")
@pytest.mark.parametrize("source", ["csv.c", "reader.c"])
def test_there_is_nothing_that_two_readings_could_share(
    source: str, tmp_path: Path, project_root: Path
) -> None:
    """No variable outlives a call, so readings in several threads cannot meet. A race would seldom be seen."""
    compiled = tmp_path / "compiled.o"
    command = ["cc", "-std=c11", "-O0", "-c", "-o", str(compiled), str(project_root / "native/src" / source)]
    subprocess.run(command, check=True)
    symbols = subprocess.run(["nm", str(compiled)], capture_output=True, text=True, check=True).stdout
    kinds = {line.split()[-2] for line in symbols.splitlines()}
    assert "T" in kinds
    assert kinds <= {"T", "t", "r", "U"}, symbols  # functions, constants, and what is called
