from __future__ import annotations

import io
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.bundle.container import zip_writer
from afschrift.bundle.container.container import UnpackLimits
from afschrift.bundle.container.zip_container import ZipContainer
from afschrift.bundle.container.zip_writer import Member, write_zip

NAMES = st.text(st.characters(categories=("L", "N"), include_characters="/ .-"), min_size=1, max_size=40)


def deflated(content: bytes) -> bytes:
    return zlib.compress(content, wbits=-15)


def member(path: str, content: bytes) -> Member:
    packed = deflated(content)
    return Member(path, len(content), zlib.crc32(content), len(packed), [packed[:3], packed[3:]])


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=6))
def test_what_is_written_reads_back(files: dict[str, bytes]) -> None:
    written = b"".join(write_zip(member(path, content) for path, content in files.items()))
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files


@pytest.mark.parametrize("given_bytes", [b"", deflated(b"content") + b"x"])
def test_another_size_than_announced_is_noticed(given_bytes: bytes) -> None:
    packed = deflated(b"content")
    with pytest.raises(ValueError, match="another size"):
        list(write_zip([Member("a", 7, zlib.crc32(b"content"), len(packed), [given_bytes])]))


def test_zip64_fields_stand_only_where_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [member("bag/small", b"s"), member("bag/large", b"0123456789" * 50), member("bag/late", b"z")]
    small = b"".join(write_zip(files))
    assert b"PK\x06\x06" not in small
    monkeypatch.setattr(zip_writer, "_MAX_32", 100)
    large = b"".join(write_zip(files))
    assert b"PK\x06\x06" in large
    assert struct.unpack_from("<H", large, 4) == (20,)  # the first member needs none


MIB = b"\0" * (1 << 20)


def test_members_past_four_gigabytes_open_elsewhere(tmp_path: Path) -> None:
    count = 4_200  # 4.1 GiB of zeros; the file itself stays small
    whole = zlib.compressobj(level=1, wbits=-15)
    block = whole.compress(MIB) + whole.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(level=1, wbits=-15).flush()
    crc = 0
    for _ in range(count):
        crc = zlib.crc32(MIB, crc)

    def chunks() -> Iterator[bytes]:
        yield from (block for _ in range(count))
        yield end

    huge = Member("bag/huge", count << 20, crc, len(block) * count + len(end), chunks())
    path = tmp_path / "huge.zip"
    with path.open("wb") as file:
        for chunk in write_zip([huge, member("bag/after", b"after")]):
            file.write(chunk)
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("bag/huge").file_size == count << 20
        assert archive.read("bag/after") == b"after"
        with archive.open("bag/huge") as stream:
            assert stream.read(10) == b"\0" * 10
    limits = UnpackLimits(files=10, total=1 << 40, free=1 << 40, ratio=1 << 40)
    with path.open("rb") as file:
        assert ZipContainer(file, limits).members == {"huge": count << 20, "after": 5}


@pytest.mark.needs_program("unzip")
def test_unzip_finds_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"".join(write_zip([member("bag/é.csv", b"a,b\r\n" * 999), member("bag/b", b"")])))
    assert "No errors detected" in subprocess.check_output(["unzip", "-t", str(path)], text=True)
