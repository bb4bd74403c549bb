import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.bundle.container import zip_records
from afschrift.bundle.container.container import RefusedContainerError, UnpackLimits, ZipContainer
from afschrift.bundle.container.zip_records import ZipMember, write_zip

NAMES = st.text(st.characters(categories=("L", "N"), include_characters="/ .-"), min_size=1, max_size=40)


def deflated(content: bytes) -> bytes:
    return zlib.compress(content, wbits=-15)


def member(path: str, content: bytes) -> ZipMember:
    packed = deflated(content)
    return ZipMember(path, len(content), zlib.crc32(content), len(packed), [packed[:3], packed[3:]])


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=6))
def test_what_is_written_reads_back(files: dict[str, bytes]) -> None:
    in_order = sorted(files.items(), key=lambda item: item[0].encode())
    written = b"".join(write_zip(member(path, content) for path, content in in_order))
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_another_size_than_announced_and_another_order_are_noticed() -> None:
    packed = deflated(b"content")
    for content in (b"", packed + b"x"):
        with pytest.raises(ValueError, match="another size"):
            list(write_zip([ZipMember("a", 7, zlib.crc32(b"content"), len(packed), [content])]))
    for second in ("b", "a"):
        with pytest.raises(ValueError, match="order of their names"):
            list(write_zip([member("b", b""), member(second, b"")]))


def test_zip64_fields_are_written_only_where_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [member("bag/1-small", b"s"), member("bag/2-large", b"0" * 500), member("bag/3-late", b"z")]
    small = b"".join(write_zip(files))
    assert b"PK\x06\x06" not in small
    monkeypatch.setattr(zip_records, "_MAX_32", 100)
    large = b"".join(write_zip(files))
    packed, crc = files[1].deflated_size, zlib.crc32(b"0" * 500)
    sizes = struct.pack("<2H2Q", 1, 16, 500, packed)  # both, where one of them needs it
    assert packed < 100
    assert large.startswith(struct.pack("<4sH", b"PK\x03\x04", 20))  # the first member needs none
    second = struct.pack("<5H3I2H", 45, 0x800, 8, 0, 0x21, crc, 100, 100, 11, 20)
    assert large.count(b"PK\x03\x04" + second + b"bag/2-large" + sizes) == 1
    assert large.count(b"PK\x01\x02\x2d\x03" + second) == 1
    assert large.count(b"bag/2-large" + sizes) == 2  # the same in the directory
    late = large.index(b"PK\x03\x04", large.index(sizes))
    assert large.startswith(struct.pack("<4sH", b"PK\x03\x04", 45), late)  # its offset needs ZIP64
    last = b"bag/3-late" + struct.pack("<2HQ", 1, 8, late)
    end = large[large.index(last) + len(last) :]
    assert [end[at : at + 4] for at in (0, 56, 76)] == [b"PK\x06\x06", b"PK\x06\x07", b"PK\x05\x06"]
    limits = UnpackLimits()
    assert ZipContainer(io.BytesIO(large), limits).members == {"1-small": 1, "2-large": 500, "3-late": 1}
    for changed in (large.replace(sizes, sizes[:-1] + b"\x01", 1), large.replace(last, last[:-1] + b"\x01")):
        with pytest.raises(RefusedContainerError):
            ZipContainer(io.BytesIO(changed), limits)


@pytest.mark.parametrize(
    ("members", "size", "offset", "classic"),
    [
        (65_534, 0xFFFFFFFE, 0xFFFFFFFE, None),
        (65_535, 1, 2, (0xFFFF, 1, 2)),
        (65_536, 1, 2, (0xFFFF, 1, 2)),
        (1, 0xFFFFFFFF, 2, (1, 0xFFFFFFFF, 2)),
        (1, 2, 0x1FFFFFFFF, (1, 2, 0xFFFFFFFF)),
    ],
)
def test_the_end_has_its_zip64_form_from_the_first_number_that_needs_it(
    members: int, size: int, offset: int, classic: tuple[int, int, int] | None
) -> None:
    end = zip_records.end_records(members, size, offset)
    if classic is None:
        assert end == b"PK\5\6" + struct.pack("<4H2IH", 0, 0, members, members, size, offset, 0)
        return
    number, *rest = classic
    assert end == (
        b"PK\6\6"
        + struct.pack("<Q2H2I4Q", 44, 0x32D, 45, 0, 0, members, members, size, offset)
        + b"PK\6\7"
        + struct.pack("<IQI", 0, offset + size, 1)
        + b"PK\5\6"
        + struct.pack("<4H2IH", 0, 0, number, number, *rest, 0)
    )


MIB = b"\0" * (1 << 20)


def test_members_past_four_gigabytes_open_elsewhere(tmp_path: Path) -> None:
    count = 4_200  # 4.1 GiB of zeros; the file itself is small
    whole = zlib.compressobj(level=1, wbits=-15)
    block = whole.compress(MIB) + whole.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(level=1, wbits=-15).flush()
    crc = 0
    for _ in range(count):
        crc = zlib.crc32(MIB, crc)

    def chunks() -> Iterator[bytes]:
        yield from (block for _ in range(count))
        yield end

    huge = ZipMember("bag/a-huge", count << 20, crc, len(block) * count + len(end), chunks())
    path = tmp_path / "huge.zip"
    with path.open("wb") as file:
        for chunk in write_zip([huge, member("bag/b-after", b"after")]):
            file.write(chunk)
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("bag/a-huge").file_size == count << 20
        assert archive.read("bag/b-after") == b"after"
        with archive.open("bag/a-huge") as stream:
            assert stream.read(10) == b"\0" * 10
    limits = UnpackLimits(files=10, total=1 << 40, free=1 << 40, ratio=1 << 40)
    with path.open("rb") as file:
        assert ZipContainer(file, limits).members == {"a-huge": count << 20, "b-after": 5}
