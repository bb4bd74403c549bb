"""The compiled reader of CSV, built with sanitizers and warnings as errors, on what is awkward or was changed."""

from __future__ import annotations

import ctypes
import os
import random
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest
from tests.contract.test_csv_readers import FIELDS, MARKER, VALUES, changed
from tests.support.readers import require_native
from tests.unit.formats.json.test_sanitized import SANITIZERS, WARNINGS, number

from afschrift.domain.plan import FieldPlan
from afschrift.values.written import text_schema

require_native()
from afschrift.formats.native_library import library  # noqa: E402

pytestmark = pytest.mark.needs_program("cc")


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Path:
    program = tmp_path_factory.mktemp("native") / "judge_csv"
    source = str(project_root / "native" / "check" / "judge_csv.c")
    done = subprocess.run(
        ["cc", "-std=c11", *WARNINGS, *SANITIZERS, "-o", str(program), source], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return program


def judge_blocks(judge: Path, fields: list[FieldPlan], blocks: list[bytes]) -> list[str]:
    given = [number(len(fields)), number(len(MARKER)), MARKER.encode()]
    for block in blocks:
        given += [number(len(block)), block]
    # what is never freed is an error too
    env = os.environ | {"ASAN_OPTIONS": "detect_leaks=1"}
    done = subprocess.run([str(judge)], input=b"".join(given), capture_output=True, env=env)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-4_000:]
    return done.stdout.decode().splitlines()


def expected(fields: list[FieldPlan], blocks: list[bytes]) -> list[str]:
    """The same of the build that is installed."""
    found = library()
    assert found is not None
    reader = found.afschrift_csv_open(len(fields), MARKER.encode(), len(MARKER))
    array, seen = ctypes.create_string_buffer(80), (ctypes.c_int64 * 4)()
    lines = []
    for block in blocks:
        verdict = found.afschrift_csv_read(reader, block, len(block), ctypes.addressof(array), seen)
        rows = size = nulls = 0
        if verdict == 0:
            batch = pa.RecordBatch._import_from_c(ctypes.addressof(array), text_schema(fields))
            batch.validate(full=True)
            rows, nulls = batch.num_rows, sum(column.null_count for column in batch.columns)
            size = sum(
                sum(len(text.as_buffer()) for text in column if text.is_valid) for column in batch.columns
            )
        lines.append(f"{verdict} {seen[1]} {rows} {size} {nulls}")
    found.afschrift_csv_close(reader)
    return lines


def test_awkward_values_cut_off_anywhere(judge: Path) -> None:
    blocks = [b"1," + value + b"\r\n2,\\N\r\n" for value in VALUES]
    blocks += [block[:end] for block in blocks if len(block) < 200 for end in range(len(block))]
    assert judge_blocks(judge, FIELDS, blocks) == expected(FIELDS, blocks)
    assert judge_blocks(judge, FIELDS[1:], VALUES) == expected(FIELDS[1:], VALUES)


def test_files_that_were_changed_at_random(judge: Path) -> None:
    data = 'id,note\r\n1,"a ""b"", é\r\n"\r\n2,\\N\r\n3,""\r\n4,sixteen bytes and more\r\n'.encode()
    random_ = random.Random(7)
    blocks = [changed(data, random_) for _ in range(4_000)]
    found = judge_blocks(judge, FIELDS, blocks)
    assert found == expected(FIELDS, blocks)
    assert {line.split()[0] for line in found} == {"0", "1"}


def test_long_texts_and_many_rows(judge: Path) -> None:
    """Buffers grow, within a block and from one to the next."""
    texts = [b'"' + b"x" * size + b'""' * (size % 3) + b'"' for size in (0, 1, 15, 16, 63, 64, 65, 5_000)]
    blocks = [b"".join(b"1," + text + b"\r\n" for text in texts[:end] * end * end) for end in range(1, 9)]
    assert judge_blocks(judge, FIELDS, blocks) == expected(FIELDS, blocks)
