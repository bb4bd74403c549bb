"""A source is opened once for all that a draft asks of it, and is another session after an error."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from afschrift.domain.errors import AfschriftError
from afschrift.domain.sources import Source
from afschrift.sources.reached import KeptOpen, Reached
from afschrift.sources.registry import open_source


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


def test_it_is_opened_once_and_ends_when_it_is_said(shops: Shops) -> None:
    with KeptOpen(shops, "R-1") as kept:
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
    with KeptOpen(shops, "R-1") as kept:
        with pytest.raises(AfschriftError), kept("shop") as session:
            session.rows("SELECT nothing FROM nowhere")
        with kept("shop") as session:
            assert session.rows("SELECT a FROM t") == []
        assert shops.open() == [False, True]
    assert shops.open() == [False, False]


def test_what_cannot_be_opened_leaves_nothing(tmp_path: Path) -> None:
    gone = Shops(tmp_path / "gone.sqlite")
    with KeptOpen(gone, "R-1") as kept:
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
    with Reached(session) as reached:
        assert reached.catalogue() is reached.catalogue()
        assert "t" in reached.catalogue()
        assert reached.structure() is reached.structure()
    assert asked == ["catalogue", "structure"]
