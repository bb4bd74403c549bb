"""`afschrift register upgrade --dry-run` says what would run, and changes nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.command_line import run_command

from afschrift.register import schema
from afschrift.register.database.database import Database


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path))
    return f"sqlite:///{tmp_path}/register.db"


upgrade = partial(run_command, "register", "upgrade")


def set_back(url: str, revision: str) -> None:
    with Database(url).write() as tx:
        tx.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{revision}'"))


def test_a_new_register_is_named_and_none_is_made(url: str, tmp_path: Path) -> None:
    message = upgrade("--dry-run")
    assert "has no tables yet" in message
    newest = schema.revisions()[-1]
    cannot = "(cannot be undone: back the register up first)"
    assert f"{newest}  Make the tables of a new register.  {cannot}" in message
    assert [line[:4] for line in message.splitlines() if line[:4] in schema.revisions()] == [newest]
    assert [*tmp_path.iterdir()] == []


def test_what_a_register_has_already_is_not_named(url: str) -> None:
    upgrade()
    assert "the newest one. Nothing would run." in upgrade("--dry-run")
    before, last = schema.revisions()[-2:]
    set_back(url, before)
    message = upgrade("--dry-run")
    assert f"is at revision {before}; this software needs {last}" in message
    assert [line[:4] for line in message.splitlines() if line[:4] in schema.revisions()] == [last]
    assert schema.pending(url)[0] == before


def test_an_address_that_is_a_uri_is_looked_at_too(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade()
    monkeypatch.setenv("AFSCHRIFT_REGISTER", f"sqlite:///file:{tmp_path}/register.db?mode=ro&uri=true")
    assert "Nothing would run." in upgrade("--dry-run")


@pytest.mark.parametrize(
    ("revision", "words"),
    [("0003", "first release"), ("0010", "d2c088a2"), ("9999", "newer version")],
)
def test_a_register_that_cannot_be_brought_up_says_why(url: str, revision: str, words: str) -> None:
    upgrade()
    set_back(url, revision)
    assert words in upgrade("--dry-run", code=1)
