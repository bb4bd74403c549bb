"""From an unknown database to bundles that are right: scan, review, a few lines by hand, three persons.

The person at the review knows what tests/truth says and nothing else; each file is held against SQL that was
written by hand before anything was proposed.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from testbed import postgres as pg
from testbed.running import installation, run, store
from testbed.truth import Column, Truth, Way, read, statements
from tests.e2e.opened import Opened
from tests.support.nightly import nightly_after

from afschrift.cli.project import draft_project
from afschrift.datamap.review.groups import Group, Place
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.datamap.scan.scan_source import Asked, scan_source
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.load import load
from afschrift.inventory.unconfirmed import asked_tables
from afschrift.services import Services

ANSWER = Answer(
    "ann", date(2026, 11, 28), "Gone through with those who know the database.", date(2027, 11, 28)
)
_MEANING = "meaning: {nl: zoals ons beleid zegt, en: as our policy says}"
_OF_A_WAY = ("subject", "join", "ways", "possible", "personal", "review", "copy_of", "decided")


@dataclass
class Newcomer:
    """Their work on one project.

    Attributes:
        inventory: its folder.
        lines: written by hand, or taken out.
    """

    inventory: Path
    truth: Truth
    lines: int = 0
    by_hand: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.inventory / f"{self.truth.database}.yml"

    def write(self, name: str, old: str, new: str) -> None:
        path = self.inventory / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{name}: {old}"
        path.write_text(text.replace(old, new), "utf-8")
        now, before = Counter(_lines(new)), Counter(_lines(old))
        self.lines += max((now - before).total(), (before - now).total())
        self.by_hand += [f"{name}: {line}" for line in (now - before or before - now).elements()]

    def say_way(self, table: str, words: str) -> None:
        """Say by hand whose the rows of a table are, in one line."""
        head, text = self._block(table)
        kept = re.sub(rf"^    ({'|'.join(_OF_A_WAY)}):.*\n(      .*\n)*", "", text, flags=re.MULTILINE)
        path, whole = self.file, self.file.read_text("utf-8")
        path.write_text(whole.replace(head + text, f"{head}    {words}\n{kept}"), "utf-8")
        self._one_line(f"{table}: {words}")

    def say_of_asked_tables(self) -> None:
        """Say by hand of each table that the scan asks about that it is of no person, as the truth has it."""
        for path in asked_tables(load(self.inventory)):
            self.say_way(path.partition(".")[2], "personal: false")

    def review(self) -> None:
        """Answer all that waits: y where the proposal is right, another word where not, by hand what has no key."""
        while True:
            review = Review(self.inventory)
            for group in review.waiting():
                if not group.is_table and len({self._column(place).origin for place in group.places}) > 1:
                    review.take_apart(group)
            waiting = review.waiting()
            if not waiting:
                return
            if by_hand := [group for group in waiting if not self._has_keys(group)]:
                for place in [place for group in by_hand for place in group.places]:
                    self._classify(place)
                continue
            for group in waiting:
                if any(group.key == item.key for item in review.waiting()):
                    self._answer(review, group)

    def _answer(self, review: Review, group: Group) -> None:
        words = {} if group.is_table else self._words(group)
        if group.is_table:
            assert all(self._right_table(group, place.table) for place in group.places), (
                f"{group.name} is not what {group.proposed} says: say its way first"
            )
        review.confirm(group, Answer(ANSWER.by, ANSWER.on, ANSWER.why, ANSWER.review, words))

    def _words(self, group: Group) -> dict[str, Any]:
        is_so = self._column(group.places[0])
        words: dict[str, Any] = {}
        if group.proposed.get("origin") != is_so.origin and group.proposed.get("protect") != "secret":
            words["origin"] = str(is_so.origin)
        categories = frozenset.intersection(*(self._column(place).categories for place in group.places))
        text_ = group.proposed.get("category", "")
        broad = any(category == text_ or category.startswith(f"{text_}.") for category in categories)
        if text_ and categories and not broad and is_so.origin is not Origin.NOT_PERSONAL:
            words["category"] = min(categories)
        return words

    def _has_keys(self, group: Group) -> bool:
        """Whether the keys of the review can say it: not of whom it is, or what it means."""
        if group.is_table:
            return True
        columns = [self._column(place) for place in group.places]
        proposed_secret = group.proposed.get("protect") == "secret"
        return (
            all(column.secret == proposed_secret for column in columns)
            and (proposed_secret or columns[0].origin not in (Origin.DERIVED, Origin.INFERRED))
            and "about" not in group.proposed
        )

    def _right_table(self, group: Group, name: str) -> bool:
        table = self.truth.tables[name]
        if "personal" in group.proposed:
            return not table.ways
        entry = load(self.inventory).sources[self.truth.database].tables[name]
        ways: set[Way] = {self.truth.way(join.items()) for join in entry.join}
        known = {self.truth.way([(column, end)]) for way in table.ways for column, end in way}
        own = {link.column for link in entry.subject.values()}
        return ways <= {*table.ways, *table.ways_too} and own <= {
            c for way in (*known, *table.ways_too) for c, _ in way
        }

    def _classify(self, place: Place) -> None:
        column, name = self._column(place), str(place.column)
        head, text = self._block(place.table)
        words = [f"origin: {column.origin}"] + [f"category: {min(column.categories)}"] * bool(
            column.categories
        )
        words += ["protect: secret"] * column.secret
        words += [_MEANING] * (column.origin in (Origin.DERIVED, Origin.INFERRED))
        old = re.search(rf"^      {name}: .*?(?=^ {{0,6}}\S|\Z)", text, re.DOTALL | re.MULTILINE)
        line = f"      {name}: {{{', '.join(words)}}}\n"
        text_ = text.replace(old[0], line) if old else text.replace("    columns:\n", f"    columns:\n{line}")
        if old is None and text_ == text:  # the draft below the file has it, and this counts before that
            text_ = f"{text}    columns:\n{line}"
        whole = self.file.read_text("utf-8")
        self.file.write_text(whole.replace(head + text, head + text_), "utf-8")
        self._one_line(f"{place.table}.{line.strip()}")

    def _column(self, place: Place) -> Column:
        return self.truth.tables[place.table].columns[str(place.column)]

    def _block(self, table: str) -> tuple[str, str]:
        """The head of a table's entry and its other lines."""
        entry = re.compile(rf"^(  {table}:\n)((?:    .*\n|\n)*)", re.MULTILINE)
        if not entry.search(text := self.file.read_text("utf-8")):
            self.file.write_text(f"{text}  {table}:\n", "utf-8")
        found = entry.search(self.file.read_text("utf-8"))
        assert found is not None
        return found[1], found[2]

    def _one_line(self, text_: str) -> None:
        self.lines += 1
        self.by_hand.append(f"{self.file.name}: {text_}")


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


PURPOSE = """\
purposes:
  contract:
    basis: A6-1-b
    title: {nl: Ons contract met u, en: Our contract with you}
    retention: {period: P7Y, trigger: {nl: na het einde van het contract, en: after the end of the contract}}
    recipients: []
    automated_decision: false
defaults: {purposes: [contract]}
"""
CONTROLLER = {
    "example: true # until then only a demo (AFSCHRIFT_DEMO=1 in afschrift.env) takes requests\n": "",
    "name: Example B.V.": "name: Stichting Nergens",
    "address: Voorbeeldkade 1, 0000 AA Nergenshuizen": "address: Dorpsstraat 2, 0000 AB Nergenshuizen",
    "contact: privacy@example.org": "contact: privacy@nergens.example",
    "dpo: dpo@example.org": "dpo: fg@nergens.example",
}
TRUTH = Path(__file__).parents[1] / "truth"
SCRIPTS = {
    "woonstede": "woonstede.sql",
    "chinook": "chinook/Chinook_PostgreSql.sql",
    "northwind": "northwind/northwind.sql",
}
_PARTS = re.compile(r"'(?:[^']|'')*'|[^';]+|;")
_MADE = re.compile(r"(CREATE TABLE|CREATE INDEX|CREATE VIEW|ALTER TABLE|INSERT INTO)\b", re.IGNORECASE)
PEOPLE = {"chinook": "customer", "northwind": "customer", "woonstede": "huurder"}
KEYS = {"customer": "customer_id", "huurder": "huurder_nr"}
LINES = 30
"""By hand at most, those of the controller and its decisions with them."""


def statements_of(text: str) -> list[str]:
    plain = re.sub(r"/\*.*?\*/|^--.*?$|^\\.*?$", "", text, flags=re.DOTALL | re.MULTILINE)
    found = "".join("\0" if part == ";" else part for part in _PARTS.findall(plain)).split("\0")
    return [item.strip() for item in found if _MADE.match(item.strip())]


def rows_of(database: pg.Database, sql: str, person: Any = None) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Names of the columns, and rows, as a program of its own reads them."""
    bound = re.sub(r":person\b", "%(person)s", sql.replace("%", "%%"))
    with psycopg.connect(database.libpq) as connection:
        found = connection.execute(bound, {"person": person})  # type: ignore[arg-type]
        return [column.name for column in found.description or ()], found.fetchall()


def woonstede(made: pg.Database, newcomer: Newcomer, scan: Callable[[], None]) -> None:
    """Two ways that nothing points to, and a view for each kind of note, after which a scan adds the views."""
    newcomer.say_way("reparatieverzoek", "subject: {huurder_nr: gemeld_door}")
    newcomer.say_way("afspraak", "join: {verzoek_nr: reparatieverzoek.verzoek_nr}")
    newcomer.write("identity.yml", "person: customer_id", "person: huurder_nr")
    views = (TRUTH / "data" / "woonstede_views.sql").read_text("utf-8").splitlines()[1:]
    made.execute(*views)
    newcomer.lines += len(views)
    scan()
    newcomer.say_way("notitie_huurder", "subject: {huurder_nr: bij_nr}")
    newcomer.say_way("notitie_contract", "join: {bij_nr: huurcontract.contract_nr}")
    newcomer.say_way("notitie_verzoek", "join: {bij_nr: reparatieverzoek.verzoek_nr}")


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.parametrize("database", nightly_after(1, SCRIPTS))
def test_three_persons_get_what_sql_by_hand_finds(
    database: str,
    request: pytest.FixtureRequest,
    postgres: pg.Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A scan of Chinook or Northwind leaves nothing to say that the review does not ask."""
    truth = read(TRUTH / f"{database}.yml")
    project = tmp_path / "project"
    folder = TRUTH / "data" if database == "woonstede" else request.getfixturevalue("shared_data")
    script = folder / SCRIPTS[database]
    if not script.exists():
        pytest.skip(f"{script.name} is not at hand")
    postgres.execute("; ".join(statements_of(script.read_text("utf-8"))))
    monkeypatch.setenv("AIRFLOW_CONN_THERE", postgres.libpq)
    draft_project(project, "2026-11-28T10:00:00Z")
    newcomer = Newcomer(project / "inventory", truth)
    (newcomer.inventory / "example.yml").unlink()

    def scan() -> None:
        asked = Asked("there", name=database, zone="Europe/Amsterdam", out=newcomer.file)
        scan_source(asked, lambda _line: None)

    scan()
    for old, new in CONTROLLER.items():
        newcomer.write("controller.yml", old, new)
    newcomer.write(newcomer.file.name, "zone: Europe/Amsterdam\n", f"zone: Europe/Amsterdam\n{PURPOSE}")
    if database == "woonstede":
        woonstede(postgres, newcomer, scan)
    newcomer.say_of_asked_tables()
    newcomer.review()
    services = installation(tmp_path / "home", newcomer.inventory)
    people = _held_against_sql(postgres, truth, services)
    assert people == 3
    assert newcomer.lines < LINES, newcomer.by_hand


def _held_against_sql(made: pg.Database, truth: Truth, services: Services) -> int:
    """Each file of both rights is what the statements find, and there is no further one; how many persons."""
    of_them = [
        statement
        for statement in statements(TRUTH / f"{truth.database}.sql")
        if statement.kind == PEOPLE[truth.database]
    ]
    (find,) = (statement for statement in of_them if statement.table is None)
    people = [row[0] for row in rows_of(made, find.sql)[1]]
    for person in people:
        for right in ("access", "portability"):
            keys = {KEYS[find.kind]: str(person)}
            opened = Opened(
                run(services, store(services, keys, right, language="en", formats=["csv", "json"]))
            )
            given = set(opened.tables)
            for statement in of_them:
                if statement.table is not None and statement.right == right:
                    columns, rows = rows_of(made, statement.sql, person)
                    name = statement.table
                    assert name in given or not rows, (name, right, given)
                    if name in given:
                        _same_rows(opened, truth, name, columns, rows)
                    given.discard(name)
            assert not [name for name in given if list(opened.csv(name))], "nothing beside it is given"
    return len(people)


def _same_rows(
    opened: Opened, truth: Truth, name: str, columns: list[str], rows: list[tuple[Any, ...]]
) -> None:
    database, key = truth.database, truth.tables[name].key
    files = {
        "csv": list(opened.csv(name)),
        "json": json.loads(opened.files[f"data/{database}/{name}.json"], parse_float=Decimal),
    }
    wanted = sorted((dict(zip(columns, row, strict=True)) for row in rows), key=lambda row: _key(row, key))
    for kind, found in files.items():
        there = sorted(found, key=lambda row: _key(row, key))
        assert len(there) == len(wanted), (name, kind)
        for got, row in zip(there, wanted, strict=True):
            assert sorted(got) == sorted(row), (name, kind)
            wrong = [column for column, value in row.items() if not _same(value, got[column])]
            assert not wrong, (name, kind, wrong)


def _key(row: dict[str, Any], key: tuple[str, ...]) -> list[str]:
    return [str(row[column]).rjust(20) for column in key if column in row]


def _same(value: Any, given: Any) -> bool:
    """Whether a value of a file is that of the database, whatever the form of either."""
    if value is None or given is None:
        return value is given
    if str(given) in ("true", "false", "True", "False"):
        return bool(value) is (str(given).lower() == "true")
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value)) == Decimal(str(given))
    if isinstance(value, datetime):
        return datetime.fromisoformat(given).replace(tzinfo=None) == value
    return bool((value.isoformat() if isinstance(value, date) else value) == given)
