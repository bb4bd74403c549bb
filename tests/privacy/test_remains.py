"""After the key of a request is destroyed, nothing left in the register says whose request it was.

Six people of the small shop differ in how many orders, tickets and cards they have. The attacker has the register
after the destruction, its exports and the whole warehouse, and an installation of his own, in which he puts the
same request for everybody. He looks in no place in particular: each number, each hexadecimal text and each size
of what is encrypted, in any column and at any depth of any JSON, is held against what his register says of each.
"""

import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from testbed import small
from testbed.mini import POLICY
from testbed.running import installation, run, store
from tests.support.days import local_today
from tests.support.deciding import ROLES
from tests.support.in_parts import RECEIVED, Club, answered, run_to_its_end, says
from tests.support.remains import Rows, rows_of

from afschrift.casework.officer import Officer
from afschrift.domain.errors import NeedsPersonError
from afschrift.report.document import ReportPeriod
from afschrift.report.report_files import made
from afschrift.services import Services

_HEX = re.compile(r"[0-9a-f]{16,}")
_COUNTERS = {"id", "seq", "previous"}
"""Columns that number rows: they tell in which order things came, which the times tell too."""

Place = str


@dataclass
class Remains:
    """What is left of one request.

    Attributes:
        values: place -> its numbers, digests and sizes.
        types: the types of its events, in order, and how many rows each table has: they may stay.
    """

    values: dict[Place, Counter[Any]] = field(default_factory=lambda: defaultdict(Counter))
    types: tuple[str, ...] = ()

    @property
    def digests(self) -> set[str]:
        return {v for counted in self.values.values() for v in counted if isinstance(v, str)}


class Fit(NamedTuple):
    """Persons whom a request fits: by the types of events alone, and by everything."""

    by_types: int
    by_all: int


def remains_of(rows: Rows, request: str) -> Remains:
    """What a register says of a request, of its case, and of whatever names one of them."""
    found, ids = Remains(), {request}
    ids |= {row["case_id"] for row in rows["request"] if row["id"] == request}
    headers = {row["seq"]: row for row in rows["event"]}
    for _ in range(3):  # a part names its message, which names its request
        for table, row in _mine(rows, ids):
            if table != "event" and isinstance(row.get("id"), str):
                ids.add(row["id"])
    mine = list(_mine(rows, ids))
    seqs = {row["seq"] for table, row in mine if table in ("event", "event_payload")}
    types = [headers[seq]["type"] for seq in sorted(seqs)]
    counted = Counter(table for table, _ in mine if table not in ("event", "event_payload"))
    found.types = (*types, *(f"{table} {number}" for table, number in sorted(counted.items())))
    mine += [("event_payload", row) for row in rows["event_payload"] if row["seq"] in seqs]
    for table, row in mine:
        name = f"event {headers[row['seq']]['type']}" if table == "event_payload" else table
        for column, value in row.items():
            if column not in _COUNTERS:
                for place, part in _values(f"{name}.{column}", value):
                    found.values[place][part] += 1
    return found


def fit(left: Remains, true: str, everybody: Mapping[str, Remains]) -> Fit:
    """Whom what is left of a request fits, among everybody as the attacker's own register has them.

    What fits the true person is counted alone: random values fit no one.
    """
    same = {name for name, remains in everybody.items() if remains.types == everybody[true].types}
    digests = {name: everybody[name].digests for name in same}
    persons = set(same)
    for place, counted in left.values.items():
        for value in counted:
            those = {name for name in same if value in everybody[name].values.get(place, ())}
            if isinstance(value, str):
                those |= {name for name in same if value in digests[name]}
            if true in those:
                persons &= those
    return Fit(len(same), len(persons))


def _mine(rows: Rows, ids: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, of_table in rows.items():
        for row in of_table:
            texts = [value for value in row.values() if isinstance(value, str)]
            if any(id in text for id in ids for text in texts):
                yield table, row


def _values(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield place, value
    elif isinstance(value, bytes):
        yield f"{place} (size)", len(value)
    elif isinstance(value, str) and value[:1] in ("{", "["):
        yield from _json(place, json.loads(value))
    elif isinstance(value, str) and _HEX.fullmatch(value):
        yield place, value


def _json(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _json(f"{place}.{name}", member)
    elif isinstance(value, list):
        yield f"{place} (length)", len(value)
        for item in value:
            yield from _json(place, item)
    else:
        yield from _values(place, value)


pytestmark = pytest.mark.slow

PEOPLE = [str(number) for number in range(101, 107)]
TARGETS = PEOPLE[::4]
REVIEWED = "review: {choice: always, approved_by: board, on: 2026-01-05, dpo_advice: in favour}\n"
SHRED = ("retention_identity", "officer")


@dataclass
class Town:
    """Two installations on one warehouse: ours, and the attacker's.

    Attributes:
        everybody: what the attacker's register says of each person, by right.
        requests: right -> person -> our request.
    """

    ours: Services
    home: Path
    club: Club
    everybody: dict[str, dict[str, Remains]]
    requests: dict[str, dict[str, str]]

    def fits(self, right: str) -> dict[str, Fit]:
        """Person -> whom their request fits, by what our register says today."""
        rows = rows_of(self.home / "register.db")
        return {
            person: fit(remains_of(rows, request), person, self.everybody[right])
            for person, request in self.requests[right].items()
        }


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patch:
        shop = small.write_database(folder / small.FILE)
        patch.setenv("MINI_SHOP", str(shop))
        patch.setenv("AFSCHRIFT_INVENTORY", str(folder / "inventory"))
        club = Club(folder)
        club.declare(small.write_inventory(folder / "inventory"))
        (folder / "inventory" / "policy.yml").write_text(POLICY + REVIEWED, encoding="utf-8")
        _settle(shop, club)
        ours = installation(folder / "ours", folder / "inventory")
        his = installation(folder / "his", folder / "inventory")
        rights = ("access", "portability")
        known = {
            right: {person: _answered(his, person, right, club) for person in PEOPLE} for right in rights
        }
        asked = {
            right: {target: _answered(ours, target, right, club) for target in TARGETS} for right in rights
        }
        rows = rows_of(folder / "his" / "register.db")
        everybody = {
            right: {person: remains_of(rows, request) for person, request in of.items()}
            for right, of in known.items()
        }
    return Town(ours, folder / "ours", club, everybody, asked)


def _settle(shop: Path, club: Club) -> None:
    """Of each further person one row more than of the one before, in each table."""
    with closing(sqlite3.connect(shop)) as con, closing(sqlite3.connect(club.path)) as cards:
        for count, person in enumerate(map(int, PEOPLE), start=1):
            con.execute("INSERT INTO customer VALUES (?, NULL, ?, 'h', 1)", [person, f"P{'x' * count}"])
            for number in range(count):
                key = person * 100 + number
                con.execute("INSERT INTO orders VALUES (?, ?, '2024-01-01 10:00:00')", [key, person])
                con.execute("INSERT INTO ticket VALUES (?, ?)", [key, person])
                con.execute("INSERT INTO ticket_message VALUES (?, ?, 'customer', 'P', 'hi')", [key, key])
                cards.execute("INSERT INTO card VALUES (?, ?, 'gold')", [key, person])
        con.commit()
        cards.commit()


def _answered(services: Services, person: str, right: str, club: Club) -> str:
    """A request that was answered and reviewed, where it asks for access in two parts."""
    request = store(services, {"customer_id": person}, right, received_at=RECEIVED, formats=["csv"])
    if right == "access":
        with club.away():
            assert run_to_its_end(services, request) is None
            says(services, request, "partial")
            _reviewed(services, request)
    _reviewed(services, request)
    assert not services.register.requests.get(request).state.open
    return request


def _reviewed(services: Services, request: str) -> None:
    with suppress(NeedsPersonError):
        run(services, request)
    [question] = services.register.questions.all(request_id=request)
    answered(services, question, "approved")
    run(services, request)


def _said(town: Town) -> set[tuple[Any, ...]]:
    """What the register of requests says of each, without ids: for each right the same of every person."""
    officer, today = Officer(town.ours.register, ROLES, "cli:anna"), local_today()
    period = ReportPeriod(today - timedelta(2_000), today)
    report = made(officer, "figures", period, "json").decode()
    names = {request for of in town.requests.values() for request in of.values()}
    assert not set(re.findall(r"[0-9a-f]{16,}|@", report)) and set(re.findall(r"req-\w+", report)) <= names
    rows = json.loads(made(officer, "requests", period, "json"))
    assert {row["request"] for row in rows} == names
    return {tuple(str(value) for name, value in row.items() if name != "request") for row in rows}


@pytest.mark.nightly
def test_forgotten_requests_fit_every_person_equally(town: Town) -> None:
    before = {right: town.fits(right) for right in town.requests}
    for right, fits in before.items():  # the search finds, where there is something to find
        assert {person: found.by_all for person, found in fits.items()} == dict.fromkeys(TARGETS, 1), right
        assert all(found.by_types == len(PEOPLE) for found in fits.values())

    assert len(_said(town)) == len(town.requests), (
        "the report or the register of requests sets a person apart"
    )
    for requests in town.requests.values():
        for request in requests.values():
            assert town.ours.register.data_keys.shred(request, *SHRED)
    assert len(_said(town)) == len(town.requests)

    for right in town.requests:
        for person, found in town.fits(right).items():
            assert found.by_all == len(PEOPLE), f"{right} of {person}"
    assert town.ours.register.trail.verify() == []
    assert list(town.ours.register.evidence.differences()) == []
