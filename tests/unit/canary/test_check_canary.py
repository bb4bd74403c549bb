"""The canary asks in an installation of its own: it finds what was planted, and leaves nothing behind."""

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
from testbed.running import store
from tests.support.canary_shop import MARK, NUMBER, CanaryShop, canary_shop
from typer.testing import CliRunner

from afschrift.audit.against_logs import compare, read_logs
from afschrift.canary import check_canary
from afschrift.canary.check_canary import isolated
from afschrift.canary.history import evidence, history
from afschrift.canary.leaks import CheckOutput, Needles, places, table_contents
from afschrift.cli.main import app
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.event import NewEvent
from afschrift.domain.right import Right
from afschrift.operations.figures import figures
from afschrift.register.database.tables import metadata
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
