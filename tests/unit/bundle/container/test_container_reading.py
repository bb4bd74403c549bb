"""Files of a bundle are read in flat memory, never past their size, and refused where they are something else."""

import io
import tracemalloc
import zlib
from itertools import zip_longest
from pathlib import Path

import pytest
from tests.support.zips.kinds import made
from tests.support.zips.small import BUNDLE, CSV, FILES
from tests.unit.bundle.bundle_example import ROOT
from tests.unit.bundle.bundle_tampering import zipped

from afschrift.bundle.container import container as container_module
from afschrift.bundle.container.container import (
    FolderContainer,
    RefusedContainerError,
    UnpackLimits,
    ZipContainer,
)
from afschrift.bundle.container.report import Flaw
from afschrift.bundle.container.zip_records import Entry

LIMITS = UnpackLimits()


def given(container: ZipContainer | FolderContainer, path: str) -> tuple[bytes, Flaw | None]:
    """What came of a file, and why no more."""
    found = b""
    try:
        for chunk in container.read(path):
            found += chunk
    except RefusedContainerError as refused:
        return found, refused.problems[0].code
    return found, None


def test_each_file_in_chunks_of_any_size_and_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (1, 7, 1 << 16):
        monkeypatch.setattr(container_module, "_CHUNK", size)
        container = ZipContainer(io.BytesIO(BUNDLE), LIMITS)
        assert container.root == ROOT
        assert {path: given(container, path) for path in container.members} == {
            path: (content, None) for path, content in FILES.items()
        }
        pairs = zip_longest(container.read("README.txt"), container.read(CSV), fillvalue=b"")
        first, other = (b"".join(chunks) for chunks in zip(*pairs, strict=True))
        assert (first, other) == (FILES["README.txt"], FILES[CSV])


class Short(io.BytesIO):
    """A file on a disk that has no place behind its end, as some have none past a limit."""

    def seek(self, offset: int, whence: int = 0) -> int:
        if not whence and offset > len(self.getbuffer()):
            raise OSError
        return super().seek(offset, whence)


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("Fields of their headers", "a packed size of 2^64 - 1"),
        ("Fields of their headers", "a larger packed size"),
        ("Directories, ends, and what lies between", "cut off in the middle"),
    ],
)
def test_a_member_that_ends_behind_the_file_is_refused_at_once(group: str, kind: str) -> None:
    with pytest.raises(RefusedContainerError) as refused:
        ZipContainer(Short(made(group, kind)), LIMITS)
    assert refused.value.problems[0].code == Flaw.DAMAGED_ZIP


def test_a_file_never_gives_more_than_it_declares() -> None:
    bomb = made("Their streams", "a bomb that declares ten bytes")
    found, code = given(ZipContainer(io.BytesIO(bomb), LIMITS), "README.txt")
    assert (len(found) <= 10, code) == (True, Flaw.DAMAGED_ZIP)


@pytest.mark.parametrize("chunk", [1, 5, 1 << 16])
@pytest.mark.parametrize("change", ["behind", "cut", "size", "crc", "packed"])
def test_a_stream_ends_where_its_member_does(
    change: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_module, "_CHUNK", chunk)
    content = b"0123456789" * 9
    stream = zlib.compress(content, wbits=-15)
    size, crc, packed = len(content), zlib.crc32(content), len(stream)
    whole = Entry(b"", size, crc, packed, -30)  # the stream begins at 0
    assert b"".join(container_module._inflate(io.BytesIO(stream), whole)) == content
    entry, stream = {
        "behind": (Entry(b"", size, crc, packed + 1, -30), stream + b"\0"),
        "cut": (Entry(b"", size, crc, packed - 1, -30), stream[:-1]),
        "size": (Entry(b"", size + 1, crc, packed, -30), stream),
        "crc": (Entry(b"", size, crc ^ 1, packed, -30), stream),
        "packed": (Entry(b"", size, crc, packed + 9, -30), stream),
    }[change]
    with pytest.raises(ValueError, match="deflate stream"):
        list(container_module._inflate(io.BytesIO(stream), entry))


def test_memory_does_not_depend_on_the_size() -> None:
    bundle = io.BytesIO(zipped({"large": bytes(40 << 20)}))
    container = ZipContainer(bundle, LIMITS)
    tracemalloc.start()
    try:
        assert sum(len(chunk) for chunk in container.read("large")) == 40 << 20
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "code"), [(b"longer than before", Flaw.CHANGED), (b"", Flaw.CHANGED), (None, Flaw.UNREADABLE)]
)
def test_a_folder_that_changes_while_it_is_read(content: bytes | None, code: Flaw, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"before")
    container = FolderContainer(tmp_path, LIMITS)
    assert given(container, "a") == (b"before", None)
    file.unlink() if content is None else file.write_bytes(content)
    found, refused = given(container, "a")
    assert (len(found) <= 6, refused) == (True, code)


def test_a_file_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"before")
    folder = tmp_path / "bag"
    folder.mkdir()
    (folder / "a").write_bytes(b"before")
    container = FolderContainer(folder, LIMITS)
    (folder / "a").unlink()
    (folder / "a").symlink_to(tmp_path / "secret")
    assert given(container, "a") == (b"", Flaw.UNREADABLE)
