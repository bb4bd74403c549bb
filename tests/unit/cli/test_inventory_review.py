"""The review at a real terminal: keys go in, and what comes out is in the file and the trail."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from testbed.mini import SHOP, write_database, write_inventory
from testbed.running import installation
from typer.testing import CliRunner

from afschrift.cli.main import app
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.load import load
from afschrift.inventory.unconfirmed import progress
from afschrift.services import Services

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def proposed(text: str) -> str:
    """The shop with three questions: `name`, `email` of two tables, and a table."""
    name = "name: {origin: provided, review: needed, proposed: {confidence: 0.9, because: the name}}\n"
    text = text.replace("name: {origin: provided}\n", name, 1)
    text = text.replace("email: {origin: provided}\n", "email: {}\n")
    return text.replace("    personal: false\n", "    personal: false\n    review: needed\n", 1)


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "map", proposed(SHOP))))
    return installation(tmp_path / "home", tmp_path / "map")


class Terminal:
    """A command behind a pseudo-terminal."""

    def __init__(self, *words: str) -> None:
        self._fd, other = pty.openpty()
        command = [
            "setsid",
            "--ctty",
            sys.executable,
            "-c",
            "from afschrift.cli.main import main; main()",
            *words,
        ]
        env = {**os.environ, "COLUMNS": "200"}
        self.process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, env=env)
        os.close(other)
        self.text = ""

    def until(self, words: str, seconds: float = 60) -> str:
        """Read till something is said; what was said since the last time."""
        began, end = len(self.text), time.monotonic() + seconds
        while words not in self.text[began:] and time.monotonic() < end:
            if select.select([self._fd], [], [], 0.2)[0]:
                try:
                    read = os.read(self._fd, 65_536)
                except OSError:  # the other end is closed
                    break
                self.text += _COLOUR.sub("", read.decode()).replace("\r\n", "\n")
        assert words in self.text[began:], self.text
        return self.text[began:]

    def press(self, keys: str, then: str) -> str:
        os.write(self._fd, keys.encode())
        return self.until(then)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._fd)


@pytest.fixture
def terminal(services: Services) -> Iterator[Terminal]:
    started = Terminal("inventory", "review", "--by", "Data office", "--again", "2027-06-01")
    yield started
    started.close()


@pytest.mark.slow
def test_a_review_at_a_terminal(services: Services, terminal: Terminal) -> None:
    file = Path(os.environ["AFSCHRIFT_INVENTORY"]) / "shop.yml"
    before = file.read_text()

    terminal.until("Why is what you will confirm right")
    first = terminal.press("Gone through with the shop.\n", "q stop")
    assert "2 columns called email   (3 questions left)" in first
    assert "no origin is proposed" in first
    assert "choose an origin first" in terminal.press("y", "first.")
    assert file.read_text() == before

    shown = terminal.press("s", "any other key")
    assert "xxx@xxxxxxx.xxx" in shown
    assert "ann@example.org" not in shown
    assert not any(header.type == "map_samples_shown" for header, _ in services.register.trail.events(None))
    assert "ann@example.org" in terminal.press("v", "newsletter.email")
    [payload] = [
        p for header, p in services.register.trail.events(None) if header.type == "map_samples_shown"
    ]
    assert payload is not None
    assert "example" not in str(payload)
    assert "shop.newsletter.email" in payload["columns"]

    terminal.press("o", "7 not_personal")
    terminal.press("1", "(y writes it)")
    assert "email, 2 columns: provided" in terminal.press("y", "1 column called name   (2 questions left)")
    after = file.read_text()
    assert "Undone: email" in terminal.press("u", "2 columns called email")
    assert file.read_text() == before
    terminal.press("o1", "(y writes it)")
    terminal.press("y", "called name")
    assert file.read_text() == after

    assert "0.90: the name" in terminal.text
    terminal.press("n", "Table sku")
    output = terminal.press("q", "continues with them.")
    assert "1 decision about 2 columns" in output
    assert "2 questions left, about 1 column" in output
    assert terminal.process.wait(timeout=30) == 0

    inventory = load(Path(os.environ["AFSCHRIFT_INVENTORY"]))
    assert progress(inventory)[1] == ["shop.customer.name"]
    decided = inventory.sources["shop"].tables["newsletter"].columns["email"].decided
    assert decided is not None
    assert (decided.by, decided.why, str(decided.review)) == (
        "Data office", "Gone through with the shop.", "2027-06-01",
    )  # fmt: skip


@pytest.mark.slow
def test_interrupted_review_keeps_its_answers(services: Services, terminal: Terminal) -> None:
    terminal.until("Why is what you will confirm right")
    terminal.press("Gone through with the shop.\n", "q stop")
    terminal.press("o1", "(y writes it)")
    terminal.press("y", "called name")
    terminal.press("\x03", "1 decision about 2 columns")
    assert progress(load(Path(os.environ["AFSCHRIFT_INVENTORY"])))[1] == ["shop.customer.name"]


@pytest.mark.slow
def test_others_data_and_a_meaning_are_said_by_a_key(services: Services) -> None:
    file = Path(os.environ["AFSCHRIFT_INVENTORY"]) / "shop.yml"
    text = file.read_text().replace(
        "name: {origin: provided, review", "name: {origin: inferred, about: third_party, review"
    )
    file.write_text(text)
    terminal = Terminal("inventory", "review", "--why", "Gone through with the shop.")
    try:
        terminal.until("q stop")
        shown = terminal.press("n", "q stop")
        assert "it is not decided how the data about others are treated: decide it (t)" in shown
        assert "its meaning is missing: give it (m)" in shown
        assert "every request would ask" in terminal.press("y", "What to do")
        assert "not about others" in terminal.press("t", "4 ask")
        terminal.press("1", "subject   (y writes it)")
        assert "needs a meaning" in terminal.press("y", "What to do")
        terminal.press("t", "4 ask")
        terminal.press("2", "mask   (y writes it)")
        terminal.press("m", "Meaning (nl)")
        terminal.press("Hoog is goed\n", "Meaning (en)")
        terminal.press("High is good\n", "as typed")
        assert file.read_text() == text
        assert "inferred, about others: mask" in terminal.press("y", "Table sku")
        output = terminal.press("t", "What to do") + terminal.press("m", "What to do")
        assert output.count("This asks about a table.") == 2
        terminal.press("q", "continues with them.")
    finally:
        terminal.close()
    column = load(file.parent).sources["shop"].tables["customer"].columns["name"]
    assert (column.about, column.third_party) == ("third_party", "mask")
    assert column.meaning is not None
    assert dict(column.meaning.items()) == {"nl": "Hoog is goed", "en": "High is good"}


def test_without_a_terminal_the_way_out_is_named(services: Services) -> None:
    error = CliRunner().invoke(app, ["inventory", "review"]).exception
    assert isinstance(error, ConfigurationError)
    assert "docs/datamap/review.md" in error.remedy


def test_samples_of_a_missing_column_say_so(services: Services) -> None:
    from afschrift.datamap.review.groups import Group, Place
    from afschrift.datamap.review.review_samples import samples

    places = (Place("shop", "customer", "gone"), Place("shop", "nowhere", "email"))
    found = samples(services.inventory, Group("gone", {}, places))
    assert [entry.why for entry in found] == ["the source has no such column"] * 2


def test_the_terminal_shows_what_takes_over_an_answer(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    from datetime import date

    from afschrift.cli.inventory_review import _Terminal
    from afschrift.datamap.review.review_session import Review
    from afschrift.datamap.review.written_files import Answer

    path = Path(os.environ["AFSCHRIFT_INVENTORY"]) / "shop.yml"
    ours = "    key: [customer_id]\n"
    path.write_text(path.read_text().replace(ours, f"{ours}    references: {{score: customer.name}}\n", 1))
    shown = _Terminal(Review(path.parent), Answer("anna", date(2026, 11, 28), "So.", None))
    for group in shown.review.waiting():
        shown._show(group, 1)
    assert capsys.readouterr().out.count("  goes to     shop.customer.score\n") == 1


def test_a_member_with_a_secret_in_its_path_shows_no_value(tmp_path: Path) -> None:
    """The member that the path names, whatever the map calls it, and what lies below it."""
    import duckdb

    from afschrift.datamap.review.groups import groups
    from afschrift.datamap.review.review_samples import samples

    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("CREATE TABLE customer (id INTEGER, profile JSON)")
        con.execute("""INSERT INTO customer VALUES (1, '{"passWord": {"now": "hunter2"}, "nick": "Q"}')""")
    path = f"options: {{path: {tmp_path / 'shop.duckdb'}}}"
    columns = (
        "id: {origin: assigned}, login: {path: [profile, passWord, now], origin: provided, review: needed}, "
        "nick: {path: [profile, nick], origin: provided, review: needed}"
    )
    also = "login: {path: [profile, nick], origin: provided, review: needed}, id: {origin: assigned}"
    text = f"source: shop\nkind: duckdb\n{path}\ntables:\n  customer:\n    subject: {{customer_id: id}}\n"
    text += f"    columns: {{{columns}}}\n  same:\n    table: customer\n    subject: {{customer_id: id}}\n"
    inventory = load(write_inventory(tmp_path / "members", f"{text}    columns: {{{also}}}\n"))
    found = {sample.place.path: sample for group in groups(inventory) for sample in samples(inventory, group)}
    secret = found["shop.customer.login"]
    assert (secret.values, secret.why) == ((), "a secret is not shown")
    assert found["shop.customer.nick"].values == found["shop.same.login"].values == ('"Q"',)
