"""The compiled readers, built with sanitizers and warnings as errors, on what is awkward and what was changed.

Memory may be refused to them, and no two readings share any.
"""

import ctypes
import os
import random
import subprocess
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from tests.contract.test_csv_readers import FIELDS, MARKER, changed
from tests.contract.test_csv_readers import VALUES as CSV_VALUES
from tests.support.json_values import OBJECTS, VALUES
from tests.support.readers import MIXED, mixed, mutated, require_native
from tests.unit.formats.random_tables import write

from afschrift.domain.plan import FieldPlan
from afschrift.formats.json import reader
from afschrift.formats.native_library import library
from afschrift.values.written import text_schema, written_kind

require_native()
pytestmark = pytest.mark.needs_program("cc")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]


def built(folder: Path, source: Path, *flags: str) -> Path:
    program = folder / source.stem
    command = ["cc", "-std=c11", *WARNINGS, *SANITIZERS, *flags, "-o", str(program), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


def run(program: Path, *given: bytes) -> list[str]:
    """What is never freed is an error too."""
    env = os.environ | {"ASAN_OPTIONS": "detect_leaks=1"}
    done = subprocess.run([str(program)], input=b"".join(given), capture_output=True, env=env, timeout=60)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-4_000:]
    return done.stdout.decode().splitlines()


@pytest.fixture(scope="module", params=["", "-DAFSCHRIFT_NO_SSE2"], ids=["as built", "without SSE2"])
def json_judge(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, project_root: Path
) -> Path:
    flags = [request.param] if request.param else []
    return built(tmp_path_factory.mktemp("native"), project_root / "native" / "check" / "judge.c", *flags)


@pytest.fixture(scope="module")
def csv_judge(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Path:
    return built(tmp_path_factory.mktemp("native"), project_root / "native" / "check" / "judge_csv.c")


def number(value: int) -> bytes:
    return value.to_bytes(8, "little")


def sized(data: bytes) -> bytes:
    return number(len(data)) + data


def contents(batch: pa.RecordBatch | None) -> str:
    """Rows, bytes of texts and NULLs of what was read."""
    if batch is None:
        return "0 0 0"
    batch.validate(full=True)
    texts = [text for column in batch.columns for text in column]
    size = sum(len(text.as_buffer()) for text in texts if text.is_valid)
    return f"{batch.num_rows} {size} {sum(not text.is_valid for text in texts)}"


def judge_runs(judge: Path, fields: list[FieldPlan], runs: list[bytes], *, lines: bool) -> list[str]:
    given = [number(len(fields))]
    for field in fields:
        name = msgspec.json.encode(field.name) + b":"
        given += [bytes([reader._KINDS.get(written_kind(field), 0)]), sized(name)]
    return run(judge, *given, *(bytes([lines]) + sized(text) for text in runs))


def expected_runs(fields: list[FieldPlan], runs: list[bytes], *, lines: bool) -> list[str]:
    """The same of the build that is installed."""
    compiled = reader._Compiled(fields, lines=lines)
    handed: list[pa.RecordBatch] = []
    compiled._batch = handed.append  # type: ignore[method-assign, assignment]
    found = []
    for text in runs:
        verdict, _ = compiled.read(text)
        batch = handed.pop() if verdict == reader._READ else None
        found.append(f"{verdict} {compiled.refused_record} {contents(batch)}")
    compiled.close()
    return found


def judge_blocks(judge: Path, fields: list[FieldPlan], blocks: list[bytes]) -> list[str]:
    return run(judge, number(len(fields)), sized(MARKER.encode()), *map(sized, blocks))


def expected_blocks(fields: list[FieldPlan], blocks: list[bytes]) -> list[str]:
    """The same of the build that is installed."""
    found = library()
    assert found is not None
    opened = found.afschrift_csv_open(len(fields), MARKER.encode(), len(MARKER))
    array, seen = ctypes.create_string_buffer(80), (ctypes.c_int64 * 4)()
    at, lines = ctypes.addressof(array), []
    for block in blocks:
        verdict = found.afschrift_csv_read(opened, block, len(block), at, seen)
        batch = None if verdict else pa.RecordBatch._import_from_c(at, text_schema(fields))
        lines.append(f"{verdict} {seen[1]} {contents(batch)}")
    found.afschrift_csv_close(opened)
    return lines


@pytest.mark.parametrize("lines", [False, True], ids=["json", "ndjson"])
def test_awkward_values_and_records_of_json(json_judge: Path, lines: bool) -> None:
    for field in MIXED:
        name = msgspec.json.encode(field.name)
        runs = [b"{" + name + b":" + value + b"}" for value in VALUES]
        runs += [text[:end] for text in runs[::3] if len(text) < 100 for end in range(len(text))]
        assert judge_runs(json_judge, [field], runs, lines=lines) == expected_runs([field], runs, lines=lines)
    runs = list(OBJECTS)
    assert judge_runs(json_judge, MIXED, runs, lines=lines) == expected_runs(MIXED, runs, lines=lines)


@pytest.mark.parametrize("lines", [False, True], ids=["json", "ndjson"])
def test_json_that_was_changed_at_random(json_judge: Path, lines: bool) -> None:
    data = write("ndjson" if lines else "json", MIXED, mixed()).data
    whole, random_ = data.removeprefix(b"[\n").removesuffix(b"\n]\n").removesuffix(b"\n"), random.Random(7)
    runs = [whole, *(whole[:end] for end in range(len(whole)))]
    runs += [mutated(whole, random_) for _ in range(3_000)]
    found = judge_runs(json_judge, MIXED, runs, lines=lines)
    assert found == expected_runs(MIXED, runs, lines=lines)
    assert {line.split()[0] for line in found} == {"0", "1", "2"}


SIZES = (0, 1, 15, 16, 63, 64, 65, 5_000)


def test_long_texts_and_many_rows_of_json(json_judge: Path) -> None:
    """Buffers grow, within a run and from one to the next."""
    record = b'{"text":"%s","number":1e5}'
    fields = [field for field in MIXED if field.name in ("text", "number")]
    texts = [b"x" * size + b"\\n" * (size % 3) + "é".encode() * (size % 2) for size in SIZES]
    runs = [
        b"\n".join(record % text for text in texts[:end] for _ in range(end * end)) for end in range(1, 9)
    ]
    assert judge_runs(json_judge, fields, runs, lines=True) == expected_runs(fields, runs, lines=True)


def test_awkward_values_of_csv_cut_off_anywhere(csv_judge: Path) -> None:
    blocks = [b"1," + value + b"\r\n2,\\N\r\n" for value in CSV_VALUES]
    blocks += [block[:end] for block in blocks if len(block) < 200 for end in range(len(block))]
    assert judge_blocks(csv_judge, FIELDS, blocks) == expected_blocks(FIELDS, blocks)
    assert judge_blocks(csv_judge, FIELDS[1:], CSV_VALUES) == expected_blocks(FIELDS[1:], CSV_VALUES)


def test_csv_that_was_changed_at_random(csv_judge: Path) -> None:
    data = 'id,note\r\n1,"a ""b"", é\r\n"\r\n2,\\N\r\n3,""\r\n4,sixteen bytes and more\r\n'.encode()
    random_ = random.Random(7)
    blocks = [changed(data, random_) for _ in range(4_000)]
    found = judge_blocks(csv_judge, FIELDS, blocks)
    assert found == expected_blocks(FIELDS, blocks)
    assert {line.split()[0] for line in found} == {"0", "1"}


def test_long_texts_and_many_rows_of_csv(csv_judge: Path) -> None:
    texts = [b'"' + b"x" * size + b'""' * (size % 3) + b'"' for size in SIZES]
    blocks = [b"".join(b"1," + text + b"\r\n" for text in texts[:end] * end * end) for end in range(1, 9)]
    assert judge_blocks(csv_judge, FIELDS, blocks) == expected_blocks(FIELDS, blocks)


def test_each_piece_of_memory_may_be_refused(tmp_path: Path, project_root: Path) -> None:
    """So often the readers of JSON and CSV ask for memory: two readings take three pieces a column and more."""
    program = built(tmp_path, project_root / "native" / "check" / "starve.c")
    json, csv = map(int, " ".join(run(program)).split())
    assert json > 40
    assert csv > 20


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
