"""`inventory review` at a real terminal."""

import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from testbed import mini
from testbed.running import installation
from tests.support.command_line import refused
from tests.support.map_page import WHY, proposed

from afschrift.cli.inventory_review import _Terminal
from afschrift.cli.main import main
from afschrift.datamap.review.groups import Group, Place
from afschrift.datamap.review.review_samples import samples
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.load import load
from afschrift.inventory.unconfirmed import progress
from afschrift.services import Services

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def inventory(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINI_SHOP", str(mini.write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(tmp_path / "map"))
    return mini.write_inventory(tmp_path / "map", proposed(mini.SQLITE_SHOP))


@pytest.fixture
def services(home: Path, inventory: Path) -> Services:
    return installation(home, inventory)


@pytest.fixture
def file(services: Services, inventory: Path) -> Path:
    """What people wrote."""
    return inventory / "shop.yml"


class Terminal:
    """`afschrift inventory review` in a process behind a pseudo-terminal."""

    def __init__(self, *words: str) -> None:
        self.text = ""
        self.process, self._fd = pty.fork()
        if self.process == 0:
            sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
            sys.argv = ["afschrift", "inventory", "review", *words]
            os.environ["COLUMNS"] = "200"
            signal.signal(signal.SIGINT, signal.default_int_handler)
            code = 1
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                sys.stdout.flush()
                os._exit(code)

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

    def ended(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


@contextmanager
def reviewing(*words: str) -> Iterator[Terminal]:
    terminal = Terminal(*words)
    try:
        yield terminal
    except BaseException:
        os.kill(terminal.process, signal.SIGKILL)
        raise
    finally:
        code = terminal.ended()
        os.close(terminal._fd)
    assert code == 0, terminal.text


def shown_samples(services: Services) -> list[dict[str, object]]:
    events = services.register.trail.events(None)
    return [payload or {} for header, payload in events if header.type == "map_samples_shown"]


@pytest.mark.slow
def test_a_review_at_a_terminal(services: Services, file: Path) -> None:
    before = file.read_text()
    with reviewing("--by", "Data office", "--again", "2027-06-01") as terminal:
        terminal.until("Why is what you will confirm right")
        first = terminal.press(f"{WHY}\n", "q stop")
        assert "2 columns called email   (at most 3 questions left)" in first
        assert "no origin is proposed" in first
        assert "choose an origin first" in terminal.press("y", "first.")
        assert file.read_text() == before

        shown = terminal.press("s", "any other key")
        assert "xxx@xxxxxxx.xxx" in shown
        assert "ann@example.org" not in shown
        assert shown_samples(services) == []
        assert "ann@example.org" in terminal.press("v", "newsletter.email")
        [payload] = shown_samples(services)
        assert "example" not in str(payload)
        assert "shop.newsletter.email" in str(payload["columns"])

        terminal.press("o", "not_personal")
        for unfit in ("1", "mask"):
            assert "type one of these words: provided" in terminal.press(f"{unfit}\n", "not_personal.")
            terminal.press("o", "not_personal")
        terminal.press("provided\n", "to take along")
        assert "email, 2 columns: provided" in terminal.press(
            "y", "1 column called name   (at most 2 questions left)"
        )
        after = file.read_text()
        assert "Undone: email" in terminal.press("u", "2 columns called email")
        assert file.read_text() == before
        terminal.press("oprovided\n", "(y writes it)")
        terminal.press("y", "called name")
        assert file.read_text() == after

        assert "0.90: the <b>name</b>" in terminal.text
        terminal.press("n", "Table sku")
        output = terminal.press("q", "continues with them.")
        assert "1 decision about 2 columns" in output
        assert "2 questions left, about 1 column" in output

    inventory = load(file.parent)
    assert progress(inventory)[1] == ["shop.customer.name"]
    decided = inventory.sources["shop"].tables["newsletter"].columns["email"].decided
    assert (decided.by, decided.why, str(decided.review)) == ("Data office", WHY, "2027-06-01")


@pytest.mark.slow
def test_interrupted_review_keeps_its_answers(file: Path) -> None:
    with reviewing("--by", "Data office", "--why", WHY) as terminal:
        terminal.until("q stop")
        terminal.press("oprovided\n", "(y writes it)")
        terminal.press("y", "called name")
        terminal.press("\x03", "1 decision about 2 columns")
    assert progress(load(file.parent))[1] == ["shop.customer.name"]


@pytest.mark.slow
def test_titles_alone_are_asked_for_a_table_at_a_time(file: Path) -> None:
    before = file.read_text()
    with reviewing("--titles", "--by", "Data office", "--why", WHY) as terminal:
        shown = terminal.until("q stop")
        assert "so          the person reads these titles; what is given stays the same" in shown
        assert re.search(r"title +\w+: \w.+ / \w", shown)
        terminal.press("y", "written")
        terminal.press("q", "1 decision about 0 columns")
    assert file.read_text() == before
    assert "titles:" in (file.parent / "shop.confirmed.yml").read_text()


@pytest.mark.slow
def test_others_data_and_a_meaning_are_said_by_a_key(file: Path) -> None:
    text = file.read_text().replace(
        "name: {origin: provided, review", "name: {origin: inferred, about: third_party, review"
    )
    file.write_text(text)
    with reviewing("--why", WHY) as terminal:
        shown = terminal.until("q stop")
        assert "it is not decided how the data about others are treated: decide it (t)" in shown
        assert "its meaning is missing: give it (m)" in shown
        assert "every request would ask" in terminal.press("y", "What to do")
        assert "not about others" in terminal.press("t", "ask  ")
        terminal.press("subject\n", "subject   (y writes it)")
        assert "needs a meaning" in terminal.press("y", "What to do")
        terminal.press("t", "ask  ")
        terminal.press("mask\n", "mask   (y writes it)")
        terminal.press("m", "Meaning (nl)")
        terminal.press("Hoog is goed\n", "Meaning (en)")
        terminal.press("High is good\n", "as typed")
        assert file.read_text() == text
        assert "inferred, about others: mask" in terminal.press("y", "called email")
        assert "not given" in terminal.press("x", "y writes it")
        shown = terminal.press("n", "q stop")
        assert "columns     sku: sku, title\n" in shown
        output = "".join(terminal.press(key, "What to do") for key in "otcm")
        assert output.count("This asks about a table.") == 4
        assert "leaves open whose its rows are" in terminal.press("x", "What to do")
        assert " row" in terminal.press("s", "any other key")
        terminal.press("qq", "continues with them.")
    column = load(file.parent).sources["shop"].tables["customer"].columns["name"]
    assert (column.about, column.third_party) == ("third_party", "mask")
    assert dict(column.meaning.items()) == {"nl": "Hoog is goed", "en": "High is good"}


def test_samples_of_a_missing_column_say_so(services: Services, inventory: Path) -> None:
    places = (Place("shop", "customer", "gone"), Place("shop", "nowhere", "email"))
    found = samples(services.inventory, Group("gone", {}, places))
    assert [entry.why for entry in found][1:] == ["the source has no such column"] * 2
    error = refused("inventory", "review")
    assert isinstance(error, ConfigurationError)
    assert "docs/datamap/review.md" in error.remedy


def test_the_terminal_shows_what_takes_over_an_answer(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours = "    key: [customer_id]\n"
    file.write_text(file.read_text().replace(ours, f"{ours}    references: {{score: customer.name}}\n", 1))
    shown = _Terminal(Review(file.parent), Answer("anna", date(2026, 11, 28), "So.", None))
    for group in shown.review.waiting():
        shown._show(group, 1)
    assert capsys.readouterr().out.count("  goes to     shop.customer.score\n") == 1
