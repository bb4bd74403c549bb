from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO, RawIOBase
from pathlib import Path

import psutil
import pyarrow as pa
import pytest
from tests.contract.test_follow_contract import PLAN, changing, other_note
from tests.contract.test_format_contract import FIELDS, ROWS, batch

from afschrift.domain.errors import RetriableError, ValidationFailedError
from afschrift.domain.extracted import TableExtract
from afschrift.domain.file_format import Format
from afschrift.extraction import follower, read_apart
from afschrift.extraction.write import TableWriter
from afschrift.formats.registry import FORMATS
from afschrift.services import WriteLimits
from afschrift.staging.encrypted import EncryptedStaging

MANY = batch(ROWS * 8_000)
APART = {name: replace(FORMATS[name], apart=True) for name in ("json", "ndjson", "xml")}
"""As where JSON has no compiled reader."""


@pytest.fixture
def staging(tmp_path: Path) -> EncryptedStaging:
    return EncryptedStaging(tmp_path, "req-0123456789ab", b"k" * 32)


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process apart reads whatever comes."""
    monkeypatch.setattr(follower, "APART", 0)


def written(staging: EncryptedStaging, format_: Format, batches: list[pa.RecordBatch]) -> TableExtract:
    return TableWriter(staging, PLAN, [format_], WriteLimits()).write(lambda: iter(batches), {})


def readers() -> list[psutil.Process]:
    found = []
    for one in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # a zombie too
            found += [one] if read_apart._COMMAND[-1] in one.cmdline() else []
    return found


@pytest.mark.parametrize("name", APART)
def test_a_process_apart_finds_what_the_thread_finds(
    staging: EncryptedStaging, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    here = written(staging, APART[name], [MANY])
    monkeypatch.setattr(follower, "APART", 100_000)  # the first pieces were held
    assert written(staging, APART[name], [MANY]) == here
    with pytest.raises(ValidationFailedError, match="field Note") as caught:
        written(staging, replace(changing(name, other_note), apart=True), [MANY])
    assert "secret" not in str(caught.value)
    assert readers() == []


@pytest.mark.usefixtures("_soon")
def test_a_process_that_is_killed_is_no_reader_that_found_nothing(staging: EncryptedStaging) -> None:
    def killing() -> Iterator[pa.RecordBatch]:
        for _ in range(1_000):
            yield MANY
            if found := readers():
                found[0].kill()

    writer = TableWriter(staging, PLAN, [APART["json"]], WriteLimits())
    with pytest.raises(RetriableError, match=r"shop/orders\.json back did not come to an end: exit code -9"):
        writer.write(killing, {})
    assert not staging.exists("data/shop/orders.json")


@pytest.mark.usefixtures("_soon")
def test_a_writer_that_gives_up_leaves_no_process(staging: EncryptedStaging) -> None:
    before = threading.active_count()

    def broken() -> Iterator[pa.RecordBatch]:
        while not readers():
            yield MANY
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        TableWriter(staging, PLAN, [APART["json"]], WriteLimits()).write(broken, {})
    assert (readers(), threading.active_count()) == ([], before)


def test_what_fails_in_it_tells_its_kind_alone() -> None:
    unknown = replace(FORMATS["json"], name="secret")
    with pytest.raises(RetriableError, match="did not come to an end: KeyError") as caught:
        read_apart.read_apart(BytesIO(), unknown, "shop/a.json", FIELDS, {}, forms=True)
    assert "secret" not in str(caught.value)


def _environment(pid: int) -> dict[str, str]:
    """Of a process that has begun: the kernel shows none in the moment in which one program gives way to the next."""
    end = time.monotonic() + 10
    while not (found := psutil.Process(pid).environ()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def test_it_gets_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFSCHRIFT_KEY", "secret")
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", "secret")
    with read_apart._process() as (process, _, _):
        environment = _environment(process.pid)
    assert "PATH" in environment
    assert not {
        name for name, value in environment.items() if name[:3] in ("AFS", "AIR") or value == "secret"
    }


def test_it_loads_no_more_than_it_needs() -> None:
    code = (
        "import sys, afschrift.extraction.reading_process as one\n"
        "one.keep_pandas_out()\n"
        "import afschrift.formats.json.reader, pyarrow\n"
        "pyarrow.array(['x'])\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"pandas", "polars", "duckdb", "tink", "sqlalchemy", "airflow", "jinja2"} & set(loaded.split())


class Narrow(RawIOBase):
    """A pipe that takes three bytes at a time."""

    def __init__(self) -> None:
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        some = bytes(memoryview(data))[:3]  # type: ignore[arg-type]
        self.taken += some
        return len(some)


def test_what_a_pipe_did_not_take_is_written_again() -> None:
    pipe = Narrow()
    read_apart.write_whole(pipe, b"0123456789")  # type: ignore[arg-type]
    assert pipe.taken == b"0123456789"
