"""Register, sources, map and answer of a state as tables of a database, for the predicates in SQL.

`predicates.tsv` has a line for each: the claims, the documents that it is for, whether the claim is owed to the
person wherever it holds (`yes`), an expression that is true where it holds, and a query for the list below it.
"""

from __future__ import annotations

import csv
import re
import sqlite3
from calendar import month_name, monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from dateutil.easter import easter

from testbed.claims.world import COLUMNS, MASKED, PURPOSE, SYSTEMS, World

FILE = Path(__file__).with_name("predicates.tsv")
_NL = "januari februari maart april mei juni juli augustus september oktober november december"
MONTHS = (tuple(_NL.split(" ")), tuple(month_name)[1:])
_VIEWS = """
CREATE TEMP VIEW f AS SELECT fact.* FROM fact, me WHERE request_id = me.request AND number <= me.known;
CREATE TEMP VIEW taken AS SELECT d.*, d.detail->>'ground' AS ground FROM decision d, me WHERE d.request_id = me.request;
CREATE TEMP VIEW referred AS SELECT c.* FROM case_fact c, me WHERE c.case_id = me.case_id;
CREATE TEMP VIEW got AS SELECT r.*, p.title FROM recipient r JOIN purpose p ON p.id = r.purpose
  WHERE p.id IN (SELECT purpose FROM value) AND (r.tbl IS NULL OR r.tbl IN (SELECT tbl FROM value WHERE purpose = p.id));
CREATE TEMP VIEW ordered AS SELECT date(min(ordered_at)) AS first, date(max(ordered_at)) AS last, sum(ordered_at IS NULL) AS without,
  (SELECT today FROM me) AS today FROM orders JOIN customer USING (customer_id) WHERE customer_id = (SELECT person FROM me);
CREATE TEMP VIEW late AS WITH over AS (SELECT p.id, p.years, NOT o.without AND date(o.last, '+' || p.years || ' years') <= o.today AS whole,
  (SELECT count(*) FROM orders JOIN customer USING (customer_id) WHERE customer_id = (SELECT person FROM me)
    AND date(ordered_at, '+' || p.years || ' years') <= o.today) AS some FROM purpose p, ordered o WHERE p.kept_from = 'orders.ordered_at')
  SELECT name AS tbl, CASE name WHEN 'shop.orders' THEN some ELSE given END AS n FROM tab JOIN over ON over.id = CASE
    WHEN name IN ('shop.orders', 'shop.consent') THEN 'account' WHEN name LIKE 'shop.ticket%' THEN 'help' END
  WHERE given AND some AND (name = 'shop.orders' OR whole);
CREATE TEMP VIEW used AS SELECT * FROM purpose WHERE id IN (SELECT purpose FROM value);
"""
_TABLES = {
    "me": "request, person, case_id, own, made_by, right, language, known, document, received, today, due, longest, "
    "answer_to, body, dpo, contact, court, court_late, limited, observed, interest",
    "purpose": "id, title, basis, special, public_task, marketing, decides, recipients, criterion, kept_from, years, consent",
    "recipient": "purpose, name, country, tbl",
    "field": "tbl, col, origin",
    "value": "tbl, col, origin, purpose",
    "tab": "name, source, title, held, given, read, asked",
    "system": "id, title",
    "mask": "tbl, col, n",
    "file": "path",
    "item": "text",
}


@dataclass(frozen=True)
class Predicate:
    """A line of the file."""

    claims: tuple[str, ...]
    document: str
    owed: bool
    holds: str
    items: str


@cache
def predicates() -> tuple[Predicate, ...]:
    with FILE.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple(
            Predicate(
                tuple(row["claims"].split()),
                row["document"],
                row["owed"] == "yes",
                row["holds"],
                row["items"] or "",
            )
            for row in rows
        )


def last_day(start: date, months: int) -> date:
    """The last day of a period of months from a receipt (Reg. 1182/71, Art. 3; Algemene termijnenwet)."""
    year, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + year, month + 1
    day = date(year, month, min(start.day, monthrange(year, month)[1]))
    while day.weekday() > 4 or day in _days_off(day.year):
        day += timedelta(1)
    return day


def _days_off(year: int) -> set[date]:
    king = date(year, 4, 27)
    moving = (easter(year) + timedelta(days) for days in (1, 39, 50))
    fixed = (date(year, *day) for day in ((1, 1), (5, 5), (12, 25), (12, 26)))
    return {king - timedelta(king.weekday() == 6), *moving, *fixed}


def as_days(filled: dict[str, str]) -> dict[str, str]:
    """What is filled in, a date as an ISO day."""
    found = {}
    for name, text in filled.items():
        match = re.fullmatch(r"(\d{1,2}) (\w+) (\d{4})(?:,? .*)?", text or "")
        month = next((m.index(match[2]) + 1 for m in MONTHS if match and match[2] in m), 0)
        found[name] = f"{match[3]}-{month:02}-{int(match[1]):02}" if match and month else text
    return found


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    """A file of the map; each document of a state asks the same ones several times."""
    return yaml.safe_load(text)


class _Filled(dict[str, Any]):
    def __missing__(self, _name: str) -> None:
        return None


@lru_cache(maxsize=1)
def _database(register: Path, shop: Path, club: Path) -> sqlite3.Connection:
    """The tables of a home, empty; its documents are judged one after the other."""
    found = sqlite3.connect(f"file:{register}?mode=ro", uri=True, isolation_level=None)
    for name, file in (("shop", shop), ("club", club)):
        found.execute(f"ATTACH 'file:{file}?mode=ro' AS {name}")
    for name, columns in _TABLES.items():
        found.execute(f"CREATE TEMP TABLE {name} ({columns})")
    found.executescript(_VIEWS)
    return found


class Case:
    """A document of a state as a database; the next one replaces it."""

    def __init__(self, world: World) -> None:
        state = world.state
        self.world, self.language = world, str(world.ask("SELECT language FROM request WHERE id = :r")[0][0])
        self._db = _database(state.register, state.shop, state.club)
        for name, rows in (
            ("me", [self._me()]),
            ("purpose", list(self._purposes())),
            ("recipient", list(self._recipients())),
            ("field", list(self._fields())),
            ("value", list(self._values())),
            ("tab", list(self._tabs())),
            ("system", [(name, title) for name, titles in SYSTEMS.items() for title in titles]),
            ("mask", list(self._masks())),
            ("file", [(path,) for path in world.state.files.get(world.document.split()[0], {})]),
        ):
            self._db.execute(f"DELETE FROM {name}")
            self._fill(name, rows)

    def holds(self, predicate: Predicate, key: str | None = None, **filled: Any) -> bool:
        """Whether a claim holds; `filled`: what its sentence says, with the list below it."""
        items = filled.pop("items", None)
        if items is not None:
            self._db.execute("DELETE FROM item")
            self._fill("item", [(item,) for item in items])
        state = self.world.state
        bound = _Filled(filled, key=key, r=state.request, p=state.person)
        if not self._db.execute(f"SELECT {predicate.holds}", bound).fetchone()[0]:
            return False
        expected = (
            {str(row[0]) for row in self._db.execute(predicate.items, bound)} if predicate.items else None
        )
        return expected is None or items is None or expected == set(items)

    def _fill(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * len(_TABLES[table].split(",")))
        self._db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)

    def _read(self, name: str) -> Any:
        return _parsed((Path(self.world.state.inventory) / f"{name}.yml").read_text(encoding="utf-8"))

    def _me(self) -> tuple[Any, ...]:
        world, state, law = self.world, self.world.state, self._read("controller")
        policy = self._read("policy")
        sql = "SELECT q.received_at, q.case_id, c.made_by, q.right FROM request q JOIN case_file c ON c.id = q.case_id WHERE q.id = :r"
        [(at, case, made_by, right)] = world.ask(sql)
        zone = ZoneInfo(law["zone"])
        received = datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(zone).date()
        days = (str(last_day(received, months)) for months in (1, 3))
        known = state.known.get(world.document, 0)
        return (
            *(state.request, state.person, case, made_by == "self", made_by, right, self.language, known),
            *(world.document, str(received), str(datetime.now(zone).date()), *days, self._answer_to()),
            *(law["body"], law.get("dpo"), law["contact"], law["court"][self.language]),
            *(law.get("court_late", {}).get(self.language), state.limit, policy["observed"]["choice"]),
            policy["legitimate_interest"]["choice"],
        )

    def _answer_to(self) -> str:
        sql = "SELECT detail ->> 'answer_to' FROM decision WHERE request_id = :r AND kind = 'mandate'"
        return next((to for (to,) in self.world.ask(sql)), "person")

    def _fields(self) -> Iterator[tuple[str, str, str]]:
        """Columns of the map, each with the origins that its rows may have."""
        for source in ("shop", "club"):
            for table, words in self._read(source)["tables"].items():
                by_row = [
                    value for name, value in words.get("origin", {}).items() if name not in ("by", "else")
                ]
                for column, field in words["columns"].items():
                    for origin in [field["origin"]] if "origin" in field else by_row:
                        yield f"{source}.{table}", column, origin

    def _purposes(self) -> Iterator[tuple[Any, ...]]:
        for source in ("shop", "club"):
            for name, words in self._read(source)["purposes"].items():
                kept = words["retention"]
                years = int(kept["period"][1:-1]) if "period" in kept else None
                yield (
                    *(name, words["title"][self.language], words["basis"], words.get("special")),
                    *(bool(words.get("public_task")), bool(words.get("direct_marketing"))),
                    *(isinstance(words["automated_decision"], dict), bool(words["recipients"])),
                    *(
                        kept.get("criterion", {}).get(self.language),
                        kept.get("from"),
                        years,
                        self._consent(words),
                    ),
                )

    def _consent(self, purpose: dict[str, Any]) -> str | None:
        """Of the person for a purpose."""
        if "consent" not in purpose:
            return None
        rows = self.world.rows("shop.consent")
        return "absent" if not rows else "granted" if any(row[3] is None for row in rows) else "withdrawn"

    def _recipients(self) -> Iterator[tuple[Any, ...]]:
        for source in ("shop", "club"):
            for name, words in self._read(source)["purposes"].items():
                found = (
                    words["recipients"] if isinstance(words["recipients"], list) else [words["recipients"]]
                )
                for recipient in found:
                    for table in recipient.get("tables") or [None]:
                        yield name, recipient["name"], recipient["country"], table and f"{source}.{table}"

    def _values(self) -> Iterator[tuple[Any, ...]]:
        """Columns with a value that are in this document, keys and secrets too, each with a row's origin."""
        world = self.world
        for table in world.shown:
            if not world.given(table):
                continue
            yield table, "", "assigned", PURPOSE[table]
            if table == "shop.customer" and world.filled(table, "password_hash"):
                yield table, "password_hash", "derived", PURPOSE[table]
            for column in COLUMNS[table]:
                for row in ("customer", "agent", "bot") if table == "shop.ticket_message" else ("customer",):
                    also = f" AND m.author_type = '{row}'" if table == "shop.ticket_message" else ""
                    if world.leaves(table, column, row) and world.filled(table, column, also):
                        purpose = PURPOSE.get(f"{table}.{column}", PURPOSE[table])
                        yield table, column, world.origin(table, column, row), purpose

    def _tabs(self) -> Iterator[tuple[Any, ...]]:
        world = self.world
        for table in world.tables:
            source, _, name = table.partition(".")
            held = 0 if table == world.hidden else len(world.rows(table))
            yield table, source, name, held, world.given(table), world.read(table), world.asked(table)

    def _masks(self) -> Iterator[tuple[Any, ...]]:
        world = self.world
        if "shop.ticket_message" in world.shown and not world.portability:
            if world.state.map.masked and (n := len(world.rows("shop.ticket_message", MASKED))):
                yield "ticket_message", "author", n
            if world.state.redacted:
                yield "ticket_message", "body", len(world.state.redacted)
