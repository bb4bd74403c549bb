"""What only a disk can do wrong."""

import errno
import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import register_implementation

from afschrift.destinations.folder import FolderDestination
from afschrift.domain.errors import ConfigurationError, RetriableError

NAME = "afschrift-req-0123456789ab.zip"


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow past 100 kB: the kernel then says so as it does of a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_tried_again_and_leaves_nothing(tmp_path: Path) -> None:
    outbox = FolderDestination("outbox", str(tmp_path))
    with pytest.raises(RetriableError, match="'outbox' did not take the bundle"):
        outbox.deliver(NAME, iter([b"x" * 60_000] * 3))
    assert list(tmp_path.iterdir()) == []
    outbox.deliver(NAME, iter([b"x" * 60_000]))
    assert [p.name for p in tmp_path.iterdir()] == [NAME]


class FullStore(MemoryFileSystem):
    """A store that takes bytes and finds at the end that it has no room."""

    protocol = "full"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        opened = super()._open(path, mode, **kwargs)
        if "w" in mode:

            def close() -> None:
                raise OSError(errno.ENOSPC, "no room")

            opened.close = close
        return opened


@pytest.mark.filterwarnings("ignore:UPath")
def test_a_store_that_refuses_at_the_end_is_tried_again_and_keeps_nothing() -> None:
    register_implementation("full", FullStore, clobber=True)
    with pytest.raises(RetriableError, match="No space left"):
        FolderDestination("outbox", "full://outbox").deliver(NAME, iter([b"x"]))
    assert not FullStore.store


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    FolderDestination("outbox", str(tmp_path / "outbox")).deliver(NAME, iter([b"x"]))
    assert stat.S_IMODE((tmp_path / "outbox" / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "outbox").stat().st_mode) == 0o700


def test_a_parent_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"'outbox' cannot be used \(FileNotFoundError\)"):
        FolderDestination("outbox", str(tmp_path / "share" / "outbox")).deliver(NAME, iter([b"x"]))
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_bytes(b"")
    with pytest.raises((ConfigurationError, RetriableError), match="'outbox'"):
        FolderDestination("outbox", str(tmp_path / "outbox")).deliver(NAME, iter([b"x"]))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigurationError, match="PermissionError"):
        FolderDestination("outbox", str(tmp_path)).deliver(NAME, iter([b"x"]))


def test_a_link_planted_in_the_way_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / f".{NAME}.part").symlink_to(victim)
    FolderDestination("outbox", str(tmp_path / "outbox")).deliver(NAME, iter([b"x"]))
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "outbox" / NAME).read_bytes() == b"x"


def test_a_disk_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    FolderDestination("outbox", str(tmp_path)).deliver(NAME, iter([b"x"]))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {NAME: b"x"}
