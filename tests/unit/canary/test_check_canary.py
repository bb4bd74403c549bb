"""The canary finds what was planted, counted by row and value, and leaves nothing behind."""

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
from sqlalchemy import select
from testbed import small
from testbed.registers import set_up
from testbed.running import store
from tests.support.canary_shop import MARK, NUMBER, CanaryShop, canary_shop
from tests.support.log_lakes import LOGGED, write_sqlite
from tests.support.nightly import nightly_after
from typer.testing import CliRunner

from afschrift.app.settings import Settings
from afschrift.audit.against_logs import compare, read_logs
from afschrift.canary import check_canary
from afschrift.canary.canary_file import Canary, CanaryFile, Pattern
from afschrift.canary.check_canary import isolated
from afschrift.canary.count import Bundle, Cells, count, is_same, leaked_places
from afschrift.canary.history import (
    CanaryCheck,
    RightOutcome,
    canary_reminder,
    evidence,
    history,
    record,
    record_search,
)
from afschrift.canary.leaks import CheckOutput, Needles, is_distinctive, places, table_contents
from afschrift.casework.notices.reminder import Message
from afschrift.cli.main import app
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.event import NewEvent
from afschrift.domain.right import Right
from afschrift.operations.figures import figures
from afschrift.register.database.tables import metadata
from afschrift.register.open import open_register
from afschrift.register.register import Register
from afschrift.services import Services

LISTS = (
    *("requests", "requests --all", "questions", "letter list"),
    *("case list", "sweep --dry-run", "batch list"),
)

"""Every command that lists requests, or what is due of them."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CanaryShop]:
    with canary_shop(tmp_path_factory.mktemp("canary")) as made:
        yield made


@pytest.fixture
def access_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the time of a check."""
    monkeypatch.setattr(check_canary, "RIGHTS", (Right.ACCESS,))


def rows(services: Services) -> dict[str, list[Any]]:
    """Every row of every table of the register."""
    with services.register.store.database.read() as connection:
        return {table.name: list(connection.execute(select(table))) for table in metadata.sorted_tables}


def listed(words: str) -> str:
    done = CliRunner().invoke(app, words.split())
    assert done.exit_code == 0, (words, done.output)
    return done.output


def test_all_planted_is_found_and_only_an_event_is_left(shop: CanaryShop, tmp_path: Path) -> None:
    services, log = shop.services, list[str]()
    request = store(services, {"customer_id": "1"})  # lists have something to show
    before, lists = rows(services), {words: listed(words) for words in LISTS}
    left = Path(gettempdir()) / f"{check_canary.PREFIX}killed"  # by a check that was killed long ago
    left.mkdir()
    os.utime(left, (0, 0))
    check = shop.check(replace(services, log=log.append))

    access, portability = check.rights
    assert (access.right, access.found, access.planted, access.others) == ("access", 60, 60, 0)
    assert (portability.found, portability.planted, portability.others) == (36, 36, 0)
    assert access.kept_back == 2
    assert portability.kept_back > 20
    assert (access.given, portability.given) == (0, 0)
    assert (check.recall, check.precision, check.whole) == (1.0, 1.0, True)
    assert check.searched > 25
    assert set(check.leaks.values()) == {0}

    # The check reads the register; only the tables of the trail get a row, with counts and names.
    after, register = rows(services), services.register
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"event", "event_payload", "event_code"}
    [new] = [row for row in after["event"] if row not in before["event"]]
    assert (new.type, new.request) == ("canary_checked", None)
    header, payload = list(register.evidence.of_types(None, "canary_checked"))[-1]
    assert (header.request, header.actor) == (None, "tester")
    assert MARK not in str(payload)
    assert NUMBER not in str(payload)
    assert history(register)[0].payload() == check.payload()
    assert "60 of 60 planted values found" in evidence(register)
    assert {words: listed(words) for words in LISTS} == lists
    assert request in lists["requests"]
    assert figures(shop.settings).open == 1
    assert register.trail.verify() == []
    assert list(register.evidence.differences()) == []

    # Its lines are none of the trail: `audit verify --logs` would look for events that are gone with the check.
    assert any(line.startswith("canary #") and "plan_frozen" in line for line in log)
    (tmp_path / "attempt=1.log").write_text("\n".join(log), encoding="utf-8")
    compared = compare(read_logs(tmp_path), register.trail.events())
    assert (compared.lines, compared.findings) == (0, [])

    assert list(Path(gettempdir()).glob(f"{check_canary.PREFIX}*")) == [], "what a killed check left too"
    staging = shop.settings.home / "staging"
    assert not staging.exists() or list(staging.iterdir()) == []
    assert not (shop.settings.home / "outbox").exists()


@pytest.mark.usefixtures("access_alone")
@pytest.mark.parametrize("kind", nightly_after(1, LOGGED))
def test_all_planted_is_found_in_a_lake_of_tables_with_a_log(
    kind: str, shop: CanaryShop, tmp_path: Path
) -> None:
    write_sqlite(shop.folder / small.FILE, tmp_path / "lake", kind)
    before = 'kind: sqlite\noptions: {path: "${MINI_SHOP}"}'
    with shop.map(before, f"kind: {kind}\noptions: {{root: {tmp_path / 'lake'}}}") as there:
        there.sign()
        [access] = there.check().rights
    assert (access.found, access.planted, access.others) == (60, 60, 0)


@pytest.mark.usefixtures("access_alone")
def test_a_table_taken_out_of_the_map_is_missed_and_named(shop: CanaryShop) -> None:
    text = (shop.settings.inventory / "shop.yml").read_text(encoding="utf-8")
    [table] = re.findall(r"^  newsletter:\n(?:    .*\n)+", text, re.MULTILINE)
    with shop.map(table, "") as changed:
        found = changed.check()
    [access] = found.rights
    assert access.below == {"shop.newsletter": (0, 3)}
    assert access.asked == {"unlisted_tables": 1}, "a gap in the map is no reason not to count"
    assert not found.whole
    assert found.recall < 1
    assert "less than planted in shop.newsletter 0 of 3" in found.fault


def test_a_wrong_join_and_a_wrong_origin_give_too_much(shop: CanaryShop) -> None:
    join, origin = "    join: {order_id: line.order_id, line_no: line.line_no}", "score: {origin: inferred,"
    shared = "    shared_rows: {by: Data office, on: 2026-11-02, why: A note is of each.}"
    with (
        shop.map(join, f"    join: {{line_no: line.line_no}}\n{shared}"),
        shop.map(origin, "score: {origin: provided,") as changed,
    ):
        found = changed.check()
    access, portability = found.rights
    assert access.others_in == portability.others_in == {"shop.line_note": 2}, "others' notes on a line 1"
    assert access.found == access.planted
    assert found.precision < 1
    assert (access.given, portability.given) == (0, 1), "a score is not theirs to take along"
    assert "of 26 values to keep back some found in 1 place" in portability.words


@pytest.mark.usefixtures("access_alone")
def test_a_join_through_keys_of_several_persons_ends_the_check(shop: CanaryShop) -> None:
    join = "    join: {order_id: line.order_id, line_no: line.line_no}"
    words = r"shop\.line_note by line_no -> line: rows of several persons"
    wrong = shop.map(join, "    join: {line_no: line.line_no}")
    with wrong as changed, pytest.raises(ConfigurationError, match=words):
        changed.check()


@pytest.mark.usefixtures("access_alone")
def test_a_leak_in_a_log_is_found(shop: CanaryShop) -> None:
    """A source whose driver logs what it binds."""

    def leaky(source: str, tag: str = "") -> Any:
        session = shop.services.open_source(source, tag)
        bind = session.bind

        def recorded_bind(keys: Any, at: str, *others: Any) -> None:
            logging.getLogger("driver").warning("bound %s", [key.value for key in keys])
            bind(keys, at, *others)

        session.bind = recorded_bind  # type: ignore[method-assign]
        return session

    found = shop.check(replace(shop.services, open_source=leaky))
    assert found.leaks["log"] == 3  # number, e-mail address, device
    assert found.leaked == 3
    assert not found.whole
    assert "3 in clear (log 3)" in found.lines[-1]


def test_a_value_in_clear_in_the_register_is_found(shop: CanaryShop) -> None:
    needles = Needles([f"{MARK}001"])
    with isolated(shop.services) as (own, folder):
        database = own.register.store.database
        assert needles.in_(*table_contents(database)) == 0
        own.register.trail.record(None, NewEvent("counted", payload={"name": f"{MARK}001"}))
        assert needles.in_(*table_contents(database)) == 1
        searched = places(CheckOutput(), database, folder)
        found = {name: needles.in_(*contents) for name, contents in searched.items()}
    nothing = dict.fromkeys(("log", "handed on", "staged files", "names of files"), 0)
    assert found == {**nothing, "register": 1}


TYPES = {"id": "integer", "name": "string", "score": "integer"}


def canary(*rows: dict[str, object]) -> Canary:
    planted = [{"table": "shop.t", **row} for row in rows]
    decided = {"by": "Data office", "on": "2026-11-28", "why": "a test"}
    content = {"keys": {"k": "1"}, "decided": decided, "planted": planted}
    return Canary(CanaryFile.model_validate(content), "0" * 64, Path())


def bundle(*rows: dict[str, str | None], **texts: bytes) -> Bundle:
    return Bundle({"shop.t": tuple(Cells(row, TYPES) for row in rows)}, texts)


WHOLE = {"id": "7", "name": "kwikstaart", "score": "812"}
ONE = {"row": WHOLE, "kept_back": {"portability": ["score"]}}
TWO = {"row": {"id": "8", "name": "boomklever"}}


def test_each_planted_row_goes_with_the_row_most_like_it() -> None:
    rows = [{"id": "8", "name": "boomklever"}, {**WHOLE, "score": "813"}]
    found = count(canary(ONE, TWO), Right.ACCESS, bundle(*rows))
    assert (found.planted, found.found, found.rows, found.others) == (5, 4, 2, 0)
    assert (found.below, found.others_in) == ({"shop.t": (4, 5)}, {})


@pytest.mark.parametrize(
    ("planted", "rows", "counted"),
    [
        ([ONE], [{**WHOLE, "score": "813"}, WHOLE], (3, 3, 2, 1)),  # one that is less like it is too much
        ([ONE], [WHOLE, WHOLE], (3, 3, 2, 1)),
        ([ONE, ONE], [WHOLE], (6, 3, 1, 0)),  # a row matches a single planted row
        ([ONE], [{"id": "1", "name": "Ann", "score": "812"}], (3, 0, 1, 1)),
    ],
)
def test_rows_beyond_the_planted_ones_are_too_much(
    planted: list[dict[str, object]], rows: list[dict[str, str | None]], counted: tuple[int, ...]
) -> None:
    found = count(canary(*planted), Right.ACCESS, bundle(*rows))
    assert (found.planted, found.found, found.rows, found.others) == counted
    assert found.others_in == ({"shop.t": counted[3]} if counted[3] else {})
    assert found.below == ({"shop.t": (counted[1], counted[0])} if counted[1] < counted[0] else {})


def test_rows_of_a_table_that_nothing_was_planted_in_are_too_much() -> None:
    other = Bundle({"shop.u": (Cells({"id": "1"}, TYPES),)}, {})
    assert count(canary(ONE), Right.ACCESS, other).others_in == {"shop.u": 1}


def test_nothing_packed_is_nothing_found() -> None:
    found = count(canary(ONE), Right.ACCESS, None, (), "identity")
    assert (found.found, found.planted, found.whole) == (0, 3, False)
    assert found.words == "access: nothing was packed, the run ended at the question identity"


def test_a_value_kept_back_is_looked_for_in_its_column_and_in_every_file() -> None:
    row = {"id": "7", "name": "kwikstaart"}
    secret = {"row": {**row, "hash": "geheim-4711"}, "kept_back": {"access": ["hash"]}}
    needles = Needles(["geheim-4711"])
    clean = count(canary(secret), Right.ACCESS, bundle(row), needles)
    assert (clean.given, clean.kept_back) == (0, 1)
    page = bundle(row, page=b"<td>geheim-4711</td>")
    assert leaked_places(canary(secret), Right.ACCESS, page, needles) == {"page: hash"}
    assert count(canary(secret), Right.ACCESS, page, needles).given == 1
    cell = bundle({**row, "score": "0812"})
    assert leaked_places(canary(ONE), Right.PORTABILITY, cell, needles) == {"shop.t.score"}


@pytest.mark.parametrize(
    ("planted", "found", "kind", "same"),
    [
        ("1.50", "1.5", "number", True),
        ("007", "7", "integer", True),
        ("007", "7", "string", False),
        ("2024-03-05T07:39:18Z", "2024-03-05T07:39:18.000000Z", "datetime", True),
        ("2024-03-05T08:39:18+01:00", "2024-03-05T07:39:18Z", "datetime", True),
        ("2024-03-05T07:39:18", "2024-03-05T07:39:18Z", "datetime", False),
        ('{"a": 1}', '{"a":1}', "any", True),
        ("x", "y", "any", False),
        ("kwik", None, "string", False),
        (Pattern(matches="[0-9]+"), "4711", "integer", True),
        (Pattern(matches="[0-9]+"), "4711x", "string", False),
    ],
)
def test_what_is_the_same_value(planted: str | Pattern, found: str | None, kind: str, same: bool) -> None:
    assert is_same(planted, found, kind) is same


def test_only_what_nothing_else_could_be_is_looked_for() -> None:
    texts = ("kwikstaart", "goud", "2024-03-05", "2024-03-05T07:39:18Z")
    assert [text for text in texts if is_distinctive(text)] == ["kwikstaart"]
    needles = Needles(["kwikstaart", "newsletter", "goud"], [b"purpose: newsletter"])
    assert len(needles) == 1
    assert needles.in_(b"x", b"KWIKSTAART") == 1
    assert needles.in_(b"newsletter goud") == 0
    documents = Needles(['{"a": ["kwikstaart", 1], "b": "goud"}', "{no document"])  # its texts are
    assert documents.in_(b"{'a': ['kwikstaart', 1]}") == 1
    assert documents.in_(b"{no document") == 1


@pytest.fixture
def register(tmp_path: Path) -> Register:
    env = dict.fromkeys(("AFSCHRIFT_HOME", "AFSCHRIFT_INVENTORY"), str(tmp_path))
    settings = Settings.from_environment(env)
    set_up(settings)
    return open_register(settings)


def check(register: Register, found: int, leaks: int = 0) -> None:
    below = {} if found == 60 else {"shop.orders": [found, 60]}
    right = RightOutcome("access", 60, found, 18, 0, 2, 0, below, {}, None, {})
    record(register, CanaryCheck("a" * 64, "b" * 64, (right,), {"log": leaks}, 28), "airflow:check_canary")


def messages(register: Register, notifier: str = "mail", *roles: str) -> list[Message]:
    sent: list[Message] = []
    canary_reminder(register, "system").remind(notifier, sent.append, roles)
    return sent


def test_same_fault_is_notified_once(register: Register) -> None:
    assert messages(register) == []
    check(register, 60)
    assert messages(register) == []
    check(register, 57)
    [message] = messages(register)
    assert "57 of 60 planted values found, less than planted in shop.orders 57 of 60" in message.text
    check(register, 57)
    assert messages(register) == []
    assert len(messages(register, "chat")) == 1, "another notifier has sent nothing yet"
    check(register, 50)
    assert "50 of 60" in messages(register)[0].text, "it fell further"
    check(register, 60)
    assert messages(register) == []
    check(register, 57)
    assert len(messages(register)) == 1, "it is new again"
    check(register, 60, leaks=1)
    assert "1 in clear (log 1)" in messages(register)[0].text


@pytest.mark.parametrize(("role", "number"), [("officer", 1), ("dpo", 1), ("auditor", 1), ("keeper", 0)])
def test_fault_goes_to_officers_dpo_and_auditors(register: Register, role: str, number: int) -> None:
    check(register, 57)
    assert len(messages(register, "mail", role)) == number


def test_the_auditor_s_line_counts_every_check(register: Register) -> None:
    assert evidence(register) == ""
    for found in (60, 57, 60):
        check(register, found)
    record_search(register, 2, 1, "airflow:check_canary")
    line = evidence(register)
    assert "60 of 60 planted values found" in line
    assert line.endswith("Of 3 checks 1 found something missing or too much; 1 value found in task logs.")
