"""The compiled reader, built with sanitizers and warnings as errors, on what is awkward and what was changed."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from tests.support.json_values import OBJECTS, VALUES
from tests.support.readers import MIXED, mixed, mutated, require_native
from tests.unit.formats.random_tables import write

from afschrift.domain.plan import FieldPlan
from afschrift.formats.json import reader
from afschrift.values.written import written_kind

require_native()
pytestmark = pytest.mark.needs_program("cc")

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]


@pytest.fixture(scope="module", params=["", "-DAFSCHRIFT_NO_SSE2"], ids=["as built", "without SSE2"])
def judge(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, project_root: Path
) -> Path:
    program = tmp_path_factory.mktemp("native") / "judge"
    flags = ["-std=c11", *WARNINGS, *SANITIZERS, *([request.param] if request.param else [])]
    source = str(project_root / "native" / "check" / "judge.c")
    done = subprocess.run(["cc", *flags, "-o", str(program), source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


def number(value: int) -> bytes:
    return value.to_bytes(8, "little")


def judge_runs(judge: Path, fields: list[FieldPlan], runs: list[bytes], *, lines: bool) -> list[str]:
    given = [number(len(fields))]
    for field in fields:
        name = msgspec.json.encode(field.name) + b":"
        given += [bytes([reader._KINDS.get(written_kind(field), 0)]), number(len(name)), name]
    for run in runs:
        given += [bytes([lines]), number(len(run)), run]
    # what is never freed is an error too
    env = os.environ | {"ASAN_OPTIONS": "detect_leaks=1"}
    done = subprocess.run([str(judge)], input=b"".join(given), capture_output=True, env=env)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-4_000:]
    return done.stdout.decode().splitlines()


def expected(fields: list[FieldPlan], runs: list[bytes], *, lines: bool) -> list[str]:
    """The same of the build that is installed."""
    compiled = reader._Compiled(fields, lines=lines)
    handed: list[pa.RecordBatch] = []
    compiled._batch = handed.append  # type: ignore[method-assign, assignment]
    found = []
    for run in runs:
        verdict, _ = compiled.read(run)
        rows = size = nulls = 0
        if verdict == reader._READ:
            batch = handed.pop()
            batch.validate(full=True)
            rows, nulls = batch.num_rows, sum(column.null_count for column in batch.columns)
            size = sum(
                sum(len(text.as_buffer()) for text in column if text.is_valid) for column in batch.columns
            )
        found.append(f"{verdict} {compiled.refused_record} {rows} {size} {nulls}")
    compiled.close()
    return found


@pytest.mark.parametrize("lines", [False, True], ids=["json", "ndjson"])
def test_awkward_values_and_records(judge: Path, lines: bool) -> None:
    for field in MIXED:
        name = msgspec.json.encode(field.name)
        runs = [b"{" + name + b":" + value + b"}" for value in VALUES]
        runs += [run[:end] for run in runs[::3] if len(run) < 100 for end in range(len(run))]
        assert judge_runs(judge, [field], runs, lines=lines) == expected([field], runs, lines=lines)
    assert judge_runs(judge, MIXED, list(OBJECTS), lines=lines) == expected(MIXED, list(OBJECTS), lines=lines)


@pytest.mark.parametrize("lines", [False, True], ids=["json", "ndjson"])
def test_files_that_were_changed_at_random(judge: Path, lines: bool) -> None:
    data = write("ndjson" if lines else "json", MIXED, mixed()).data
    run, random_ = data.removeprefix(b"[\n").removesuffix(b"\n]\n").removesuffix(b"\n"), random.Random(7)
    runs = [run, *(run[:end] for end in range(len(run)))]
    runs += [mutated(run, random_) for _ in range(3_000)]
    found = judge_runs(judge, MIXED, runs, lines=lines)
    assert found == expected(MIXED, runs, lines=lines)
    assert {line.split()[0] for line in found} == {"0", "1", "2"}


def test_long_texts_and_many_rows(judge: Path) -> None:
    """Buffers grow, within a run and from one to the next."""
    record = b'{"text":"%s","number":1e5}'
    fields = [field for field in MIXED if field.name in ("text", "number")]
    texts = [
        b"x" * size + b"\\n" * (size % 3) + "é".encode() * (size % 2)
        for size in (0, 1, 15, 16, 63, 64, 65, 5_000)
    ]
    runs = [
        b"\n".join(record % text for text in texts[:end] for _ in range(end * end)) for end in range(1, 9)
    ]
    assert judge_runs(judge, fields, runs, lines=True) == expected(fields, runs, lines=True)
