"""`inventory review` at a real terminal, and `inventory check` as a job of CI runs it."""

import json
import os
import pty
import re
import select
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import jsonschema_rs
import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog
from testbed import mini
from testbed.mini import write_inventory
from testbed.running import installation
from tests.support.command_line import CommandResult, in_this_process, refused
from tests.support.map_page import WHY, proposed
from tools import findings_page

from afschrift.cli.inventory_review import _Terminal
from afschrift.cli.main import main
from afschrift.datamap.check import finding
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
    assert [entry.why for entry in found] == ["the source has no such column"] * 2
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


SHOP = """\
source: shop
kind: sqlite
options: {path: "${SHOP_FILE}"}
purposes:
  account: {basis: A6-1-b, title: {nl: Account, en: Account}}
tables:
  customer:
    subject: {customer_id: customer_id}
    key: [customer_id]
    purposes: [account]
    columns:
      customer_id: {origin: assigned}
      hint: {origin: not_personal}
"""

HINT = SHOP.splitlines().index("      hint: {origin: not_personal}") + 1
CUSTOMER = SHOP.splitlines().index("  customer:") + 1
Check = Callable[..., CommandResult]


def fill(file: Path, *rows: tuple[int, str], more: str = "") -> None:
    with closing(sqlite3.connect(file)) as con:
        con.execute(f"CREATE TABLE customer (customer_id INTEGER, hint TEXT{more})")
        con.executemany("INSERT INTO customer (customer_id, hint) VALUES (?, ?)", rows)
        con.commit()


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory", SHOP)))
    monkeypatch.setenv("SHOP_FILE", str(tmp_path / "shop.db"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: in_this_process(("inventory", "check", *words), "")


def test_a_sound_inventory_ends_with_0(check: Check, tmp_path: Path) -> None:
    fill(tmp_path / "shop.db", (1, "blue"), (2, "red"))
    checked = check("--live")
    assert checked.code == 0, checked
    assert "shop.customer: 0 of no person, 2 of one, 0 of several; of 2 rows" in checked.text
    assert "The sources have exactly these tables and columns." in checked.text
    document = json.loads(check("--live", "--format", "json").text)
    assert (document["sound"], document["findings"]) == (True, [])


def test_finding_ends_with_1_and_has_its_line(check: Check, tmp_path: Path) -> None:
    fill(tmp_path / "shop.db", (1, "blue"), (1, "kwikstaart@example.org"), more=", vip TEXT")
    checked = check("--live", "--format", "json")
    assert checked.code == 1, checked
    document = json.loads(checked.text)
    jsonschema_rs.validate(json.loads(in_this_process(("inventory", "schema", "check"), "").text), document)
    assert [(f["code"], f["severity"], f["file"], f["line"]) for f in document["findings"]] == [
        ("key_not_unique", "error", "inventory/shop.yml", CUSTOMER),
        ("column_not_described", "error", "inventory/shop.yml", CUSTOMER + 4),
        ("holds_identifier", "warning", "inventory/shop.yml", HINT),
    ]
    text = check("--live")
    assert text.code == 1
    assert f"1 of 2 values that were read hold an e-mail address, of 2 rows (shop.yml:{HINT})" in text.text
    assert "kwikstaart" not in checked.text + text.text + text.errors


def test_sarif_is_taken_by_a_reader_of_others(check: Check, tmp_path: Path) -> None:
    fill(tmp_path / "shop.db", (1, "blue"), (1, "kwikstaart@example.org"))
    log = SarifLog.model_validate_json(check("--live", "--format", "sarif").text)
    [run] = log.runs
    results = run.results or []
    assert [result.ruleId for result in results] == ["key_not_unique", "holds_identifier"]
    rules = run.tool.driver.rules or []
    assert [rules[result.ruleIndex or 0].id for result in results] == [result.ruleId for result in results]
    place = (results[1].locations or [])[0].physicalLocation
    assert (place.artifactLocation.uri, place.region.startLine) == ("inventory/shop.yml", HINT)
    first = [result.partialFingerprints for result in results]
    fill_more = "INSERT INTO customer VALUES (1, 'other@example.org')"
    with closing(sqlite3.connect(tmp_path / "shop.db")) as con:
        con.execute(fill_more)
        con.commit()
    again = SarifLog.model_validate_json(check("--live", "--format", "sarif").text).runs[0].results or []
    assert [result.partialFingerprints for result in again] == first


def test_faults_of_the_files_are_findings_too(check: Check, tmp_path: Path) -> None:
    write_inventory(tmp_path / "inventory", SHOP.replace("basis: A6-1-b", "basis: A6-1-x"))
    checked = check("--format", "sarif")
    assert checked.code == 1
    [result] = SarifLog.model_validate_json(checked.text).runs[0].results or []
    assert result.ruleId == "fault"
    assert "choose one of" in (result.message.text or "")
    assert check().code == 1


def test_severities_below_the_limit_end_with_0_and_a_mistake_with_2(check: Check, tmp_path: Path) -> None:
    fill(tmp_path / "shop.db", (1, "ann@example.org"))
    assert [check("--live", "--fail-on", least).code for least in ("error", "warning")] == [0, 1]
    assert check("--format", "xml").code == 2
    assert check("--live", "--rows", "0").code == 2


def test_a_source_that_is_not_there_ends_with_3(check: Check) -> None:
    checked = check("--live")
    assert checked.code == 3, checked
    assert "not reached: shop: " in checked.text
    assert "exactly these tables" not in checked.text
    document = json.loads(check("--live", "--format", "json").text)
    assert [entry["source"] for entry in document["not_reached"]] == ["shop"]
    log = SarifLog.model_validate_json(check("--live", "--format", "sarif").text)
    assert [invocation.executionSuccessful for invocation in log.runs[0].invocations or []] == [False]


def test_every_code_has_a_row_on_the_page_of_findings() -> None:
    assert set(finding.RULES) == set(finding.Code)
    page = findings_page.page()
    assert all(f"| `{code}` | " in page for code in finding.Code)


OTHERS = """\
      friend: {origin: provided, about: third_party}
      agent: {origin: assigned, about: third_party, third_party: ask}
      signed_by: {origin: observed, about: third_party, third_party: mask}
      sent_to: {origin: provided, about: third_party, third_party: own_use}
      hash: {origin: provided, about: third_party, protect: secret}
      code: {origin: not_personal, about: third_party}
      guess: {origin: provided, about: third_party, review: needed}
  order:
    subject: {customer_id: customer_id}
    purposes: [account]
    columns:
      customer_id: {origin: assigned}
      courier: {origin: provided, about: third_party}
      note: {origin: provided}
  place: {personal: false, columns: {name: {origin: provided, about: third_party}}}
"""


def test_undecided_data_about_others_are_one_line_per_table(check: Check, tmp_path: Path) -> None:
    """It is a hint: a controller may want to look each time, so the exit code stays 0."""
    (tmp_path / "inventory" / "shop.yml").write_text(SHOP + OTHERS)
    checked = check()
    assert checked.code == 0, checked
    assert [line.strip() for line in checked.text.splitlines() if "data about others" in line] == [
        f"shop.{table}: data about others in {columns}, and `third_party` is neither `mask` nor "
        "`own_use`: every request that would give them stops at a question."
        for table, columns in (("customer", "friend, agent"), ("order", "courier"))
    ]
    assert "shop.customer.guess is proposed" in checked.text
    settled = OTHERS.replace("about: third_party}", "about: third_party, third_party: mask}")
    (tmp_path / "inventory" / "shop.yml").write_text(
        SHOP + settled.replace("third_party: ask", "third_party: mask")
    )
    assert "data about others" not in check().text


def test_a_controller_without_the_way_to_court_is_refused(check: Check, tmp_path: Path) -> None:
    """R45, R56; of a public body that has the way of a private one, too."""
    shipped = (Path(__file__).parents[3] / "include/inventory/controller.yml").read_text(encoding="utf-8")
    file = tmp_path / "inventory" / "controller.yml"
    places = {text: number for number, text in enumerate(shipped.splitlines(), 1)}
    late = next(number for text, number in places.items() if text.startswith("court_late"))
    cut = shipped.splitlines()[: late - 1]
    for text, line, words in (
        (
            shipped.replace("body: private", "body: public"),
            places["court:"],
            ["U kunt eerst bezwaar", "Schrijf ons"],
        ),
        ("\n".join(cut), places["court:"], ["Daarom geldt daarvoor geen vaste termijn"]),
        ("\n".join(cut).replace("country: NL", "country: BE"), places["court:"], ['{"nl": "..."']),
    ):
        file.write_text(text, encoding="utf-8")
        checked = check("--format", "json")
        assert checked.code == 1
        found = [row for row in json.loads(checked.text)["findings"] if row["code"] == "court_not_named"]
        assert found[0]["line"] == line
        for remedy, part in zip((row["remedy"] for row in found), words, strict=True):
            assert part in remedy
    assert "What to do: write that of a private body in your country there" in check().text


def test_text_that_decides_nothing_is_refused_with_its_line(check: Check, tmp_path: Path) -> None:
    shop = tmp_path / "inventory" / "shop.yml"
    lines = shop.read_text(encoding="utf-8").splitlines()
    place = next(number for number, line in enumerate(lines, 1) if line.startswith("tables:"))
    lines.insert(place, "  scratch: {personal: false, title: {nl: Lijst, en: Not decided yet.}}")
    lines.insert(
        place, "  list: {personal: false, columns: {kind: {note: {nl: Soort, en: not decided yet}}}}"
    )
    shop.write_text("\n".join(lines), encoding="utf-8")
    checked = check("--format", "json")
    assert checked.code == 1
    found = [(f["code"], f["table"], f["column"], f["line"]) for f in json.loads(checked.text)["findings"]]
    assert found == [("not_decided", "list", "kind", place + 1), ("not_decided", "scratch", "", place + 2)]
