"""What is down bears the name of its source; what goes wrong elsewhere meanwhile does not."""

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import fsspec
import pytest

from afschrift.domain.errors import AfschriftError, OutsideStoreError, RetriableError, SourceDownError
from afschrift.domain.sources import Source
from afschrift.sources.file_store import UploadStore
from afschrift.sources.registry import open_source
from afschrift.sources.session_pool import GuardedSource, GuardedStore, SessionPool


def shop(path: Path) -> GuardedSource:
    return GuardedSource(open_source("shop", "sqlite", {"path": str(path)}))


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(SourceDownError) as error, shop(tmp_path / "gone.sqlite"):
        pass
    assert (error.value.source, error.value.code) == ("shop", "SQLITE_CANTOPEN")
    assert "What to do" in str(error.value)
    assert str(tmp_path) not in str(error.value)


def test_a_file_that_breaks_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 900,)] * 9000)
        connection.commit()
    with shop(path) as session:
        assert session.snapshot
        assert "t" in session.catalogue()
        batches = session.stream("SELECT a FROM t")
        assert next(batches).num_rows > 0
        path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4_000_000)
        with pytest.raises(SourceDownError) as error:
            list(batches)
    assert error.value.source == "shop"


def test_errors_of_the_code_that_uses_a_session_pass(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    sqlite3.connect(path).close()
    full = RetriableError("The staging is full.")
    with pytest.raises(RetriableError) as error, shop(path) as session:
        for _ in session.stream("SELECT 1 AS a"):
            raise full
    assert error.value is full


def test_a_store_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(SourceDownError) as error:
        GuardedStore("shop", lambda: UploadStore("shop.photos", str(tmp_path / "gone"), {}))
    assert error.value.source == "shop"


def test_errors_of_the_code_that_uses_a_store_pass(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"photo")
    store = GuardedStore("shop", lambda: UploadStore("shop.photos", str(tmp_path), {}))
    full = RetriableError("The staging is full.")
    with pytest.raises(RetriableError) as error, store.open("a.png") as stream:
        assert stream.read() == b"photo"
        raise full
    assert error.value is full
    with pytest.raises(FileNotFoundError), store.open("b.png"):
        pass


class Shops:
    """Opens one database, and knows of each session whether it is open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.sessions: list[Source] = []
        self.tags: list[str] = []

    def __call__(self, source: str, tag: str = "") -> Source:
        self.sessions.append(open_source(source, "sqlite", {"path": str(self._path)}))
        self.tags.append(tag)
        return self.sessions[-1]

    def open(self) -> list[bool]:
        return [self._answers(session) for session in self.sessions]

    def _answers(self, session: Source) -> bool:
        try:
            return session.rows("SELECT 1") == [(1,)]
        except Exception:
            return False


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.commit()
    return Shops(path)


def test_a_session_is_opened_once_and_closed_at_the_end(shops: Shops) -> None:
    with SessionPool(partial(shops, tag="R-1")) as kept:
        with kept("shop") as first:
            first.rows("SELECT a FROM t")
        assert shops.open() == [True]
        with kept("shop") as second:
            assert second.rows("SELECT a FROM t") == []
        assert first is second
        kept.end("shop")
        assert shops.open() == [False]
        with kept("shop"), kept("other"):
            assert shops.open() == [False, True, True]
    assert shops.open() == [False, False, False]
    assert shops.tags == ["R-1"] * 3


def test_after_an_error_it_is_another_session(shops: Shops) -> None:
    with SessionPool(partial(shops, tag="R-1")) as kept:
        with pytest.raises(AfschriftError), kept("shop") as session:
            session.rows("SELECT nothing FROM nowhere")
        with kept("shop") as session:
            assert session.rows("SELECT a FROM t") == []
        assert shops.open() == [False, True]
    assert shops.open() == [False, False]


def test_a_source_that_cannot_be_opened_leaves_no_session(tmp_path: Path) -> None:
    gone = Shops(tmp_path / "gone.sqlite")
    with SessionPool(partial(gone, tag="R-1")) as kept:
        for _ in range(2):
            with pytest.raises(AfschriftError), kept("shop"):
                pass
    assert gone.open() == [False, False]


def test_catalogue_and_structure_are_asked_once_a_session(
    shops: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = shops("shop")
    asked: list[str] = []
    for name in ("catalogue", "structure"):
        inner = getattr(session, name)
        monkeypatch.setattr(
            session, name, lambda name=name, inner=inner: (asked.append(name), inner())[1], raising=False
        )
    with GuardedSource(session) as reached:
        assert reached.catalogue() is reached.catalogue()
        assert "t" in reached.catalogue()
        assert reached.structure() is reached.structure()
    assert asked == ["catalogue", "structure"]


@pytest.fixture
def memory() -> UploadStore:
    """An object store as fsspec has it, without a network."""
    fsspec.filesystem("memory").pipe("/bucket/photos/2024/a b#?.png", b"photo")
    fsspec.filesystem("memory").pipe("/bucket/secret", b"secret")
    return UploadStore("shop.photos", "memory://bucket/photos", {})


def test_a_key_of_an_object_store(memory: UploadStore) -> None:
    with memory.open("2024/a b#?.png") as stream:
        assert stream.read() == b"photo"
    with pytest.raises(FileNotFoundError) as error, memory.open("2024/none.png"):
        pass
    assert str(error.value) == ""
    UploadStore("shop.photos", "memory://bucket/nothing/yet", {})  # an empty prefix is no store that is gone
    for out in ("../secret", "2024/../../secret", "/secret", "memory://bucket/secret", "~/x", "."):
        with pytest.raises(OutsideStoreError), memory.open(out):
            pass
