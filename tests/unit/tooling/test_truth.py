"""Databases classified by hand: the files are whole, and a proposed data map is judged by them as it should be."""

import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from testbed.truth.__main__ import load, report
from testbed.truth.answers import read, statements
from testbed.truth.judge import Judged, Verdict, counts, judge, score

from afschrift.domain.vocabulary import Origin
from afschrift.inventory.check import fides_categories

FOLDER = Path(__file__).parents[2] / "truth"
DATABASES = {
    "chinook": "chinook/Chinook_PostgreSql.sql",
    "northwind": "northwind/northwind.sql",
    "adventureworks": "adventureworks/adventureworks_postgres.sql",
    "woonstede": "",
}
TRUTH = """
database: shop
people: [customer, employee]
same: [[customer.id, account.id]]
tables:
  customer:
    role: person
    key: [id]
    ways: [{id: customer.id}]
    ways_too: [{email: customer.email}]
    columns:
      id: assigned user.unique_id
      email: provided user.contact.email
      pin: {is: derived user.authorization.password, secret: true}
      tier: {is: derived user.account, open: true, why: w, or: [assigned, user.behavior]}
  employee: {role: other_people, key: [id], ways: [{id: employee.id}], columns: {id: assigned user.unique_id}}
  orders:
    role: child
    key: [id]
    ways: [{customer: customer.id}]
    columns: {id: assigned user.unique_id, customer: assigned user.unique_id}
  product: {role: look_up, key: [id], ways_too: [{id: orders.product}], not_personal: [id, name]}
"""
NOT_PERSONAL, EMAIL = "{origin: not_personal}", "origin: provided, category: user.contact.email"


Judge = Callable[..., list[Judged]]


@pytest.fixture
def judged(tmp_path: Path) -> Judge:
    """Judges tables of a map by the truth."""

    def of(tables: str, truth: str = TRUTH) -> list[Judged]:
        map_, answers = tmp_path / "shop.yml", tmp_path / "truth.yml"
        map_.write_text(f"source: shop\nkind: postgres\ntables:\n{tables}", encoding="utf-8")
        answers.write_text(truth, encoding="utf-8")
        return judge(load(map_), read(answers))

    return of


def verdicts(found: list[Judged], place: str) -> dict[str, list[Verdict]]:
    by_aspect: dict[str, list[Verdict]] = defaultdict(list)
    for judgement in found:
        if judgement.place == place:
            by_aspect[judgement.aspect].append(judgement.verdict)
    return by_aspect


def test_an_empty_map_is_worth_nothing(judged: Judge) -> None:
    found = judged("  other: {}\n")
    assert set(counts(found)) == {Verdict.OPEN}
    assert score(counts(found)) == 0
    assert not verdicts(found, "customer.tier"), "what is open and left open is not counted"
    assert "ways" not in verdicts(found, "product"), "a look-up may have a way or not"


SAME = f"""
  customer:
    subject: {{nr: id, mail: {{column: email, match: casefold}}}}
    key: [id]
    columns:
      id: {{origin: assigned, category: user.unique_id}}
      email: {{origin: provided, category: user.contact.email}}
      pin: {{origin: derived, category: user.authorization.password, protect: secret}}
      tier: {{origin: assigned, category: user.behavior}}
  employee:
    subject: {{staff: id}}
    key: [id]
    columns: {{id: {{origin: assigned, category: user.unique_id}}}}
  shop.Orders:
    subject: {{nr: customer}}
    key: [id]
    columns:
      id: {{origin: assigned, category: user.unique_id}}
      customer: {{origin: assigned, category: user.unique_id}}
  product: {{personal: false, key: [id], columns: {{id: {NOT_PERSONAL}, name: {NOT_PERSONAL}}}}}
"""


def test_a_map_that_says_the_same_is_all_right(judged: Judge) -> None:
    found = judged(SAME)
    assert set(counts(found)) == {Verdict.RIGHT}
    assert score(counts(found)) == 1
    assert "together" in report(found) and "100%" in report(found)


@pytest.mark.parametrize(
    ("way", "verdict"),
    [
        ("join: {customer: customer.id}", Verdict.RIGHT),
        ("join: {customer: account.id}", Verdict.RIGHT),  # the same number
        ("join: {customer: buyer.id}", Verdict.RIGHT),  # an entry of another name for the same table
        ("join: {customer: employee.id}", Verdict.WRONG),
        ("join: {seller: employee.id}", Verdict.WRONG),
        ("subject: {staff: customer}", Verdict.WRONG),
        ("personal: false", Verdict.WRONG),
        ("title: {en: Orders}", Verdict.OPEN),
    ],
)
def test_ways(judged: Judge, way: str, verdict: Verdict) -> None:
    others = """
  employee: {subject: {staff: id}, key: [id]}
  customer: {subject: {nr: id}, key: [id]}
  buyer: {table: customer, subject: {nr: id}, key: [id]}
  account: {personal: false}
"""
    found = judged(f"{others}  orders: {{{way}}}\n")
    assert verdict in verdicts(found, "orders")["ways"]
    assert Verdict.WRONG not in verdicts(found, "customer")["ways"]


@pytest.mark.parametrize(
    ("column", "origin", "aspect", "verdict"),
    [
        ("{}", Verdict.OPEN, "categories", Verdict.OPEN),
        ("{origin: provided}", Verdict.RIGHT, "categories", Verdict.OPEN),
        ("{origin: observed, category: user.contact}", Verdict.WRONG, "categories", Verdict.OPEN),
        ("{origin: mixed, category: user.contact.phone_number}", Verdict.WRONG, "categories", Verdict.WRONG),
        (f"{{{EMAIL}, review: needed}}", Verdict.RIGHT, "categories", Verdict.RIGHT),
        (NOT_PERSONAL, Verdict.WRONG, "origins", Verdict.WRONG),
        ("{origin: provided, protect: secret}", Verdict.RIGHT, "secrets", Verdict.WRONG),
    ],
)
def test_columns(judged: Judge, column: str, origin: Verdict, aspect: str, verdict: Verdict) -> None:
    found = verdicts(judged(f"  customer: {{columns: {{email: {column}}}}}\n"), "customer.email")
    assert (found["origins"], found[aspect]) == ([origin], [verdict])


def test_a_secret_that_would_leave_is_wrong_and_counts_three_times(judged: Judge) -> None:
    found = judged("  customer: {columns: {pin: {origin: derived}}}\n")
    assert verdicts(found, "customer.pin")["secrets"] == [Verdict.WRONG]
    of_pin = [judgement for judgement in found if judgement.place == "customer.pin"]
    assert score(counts(of_pin)) == pytest.approx(-1 / 3)


@pytest.mark.parametrize("database", DATABASES)
def test_each_way_of_the_truth_is_of_tables_and_columns_that_it_knows(database: str) -> None:
    truth = read(FOLDER / f"{database}.yml")
    for name, table in truth.tables.items():
        assert set(table.key) <= set(table.columns), name
        for way in (*table.ways, *table.ways_too):
            for own, end in way:
                other, _, column = end.partition(".")
                assert own in table.columns, f"{name}.{own}"
                assert column in truth.tables[other].columns, end
        assert not (table.role in ("person", "child", "other_people") and not table.ways), name
        for place, column in table.columns.items():
            assert column.origins, place
            assert column.categories <= fides_categories().keys(), place
            assert column.categories or column.origins == {Origin.NOT_PERSONAL}, place


@pytest.mark.parametrize("database", DATABASES)
def test_the_statements_select_what_the_truth_says(database: str) -> None:
    truth = read(FOLDER / f"{database}.yml")
    seen: dict[str, set[str]] = {"access": set(), "portability": set()}
    for statement in statements(FOLDER / f"{database}.sql"):
        if statement.table is None:
            continue
        seen[statement.right].add(statement.table)
        chosen = re.sub(r"\bDISTINCT |\b\w\.", "", statement.sql.partition("FROM")[0].partition("SELECT")[2])
        selected = {name.strip() for name in chosen.split(",")}
        columns = truth.tables[statement.table].columns
        open_to_them = {n: c for n, c in columns.items() if not c.secret}
        whole = statement.right == "access"
        theirs = {n for n, c in open_to_them.items() if c.origin.from_the_person or whole}
        if statement.right == "access":
            assert selected == theirs - {n for n, c in columns.items() if c.origin is Origin.NOT_PERSONAL}
        else:
            numbers = {n for n, c in columns.items() if c.origin is Origin.ASSIGNED}
            assert theirs <= selected <= theirs | numbers, statement.table
    given = {
        n for n, t in truth.tables.items() for c in t.columns.values() if c.origin is not Origin.NOT_PERSONAL
    }
    of_people = {name for name, table in truth.tables.items() if table.ways and name in given}
    assert seen["access"] == of_people - {"suppliers"}  # none of them asks here
    columns_of = {name: truth.tables[name].columns.values() for name in seen["access"]}
    portable = {
        n for n, of in columns_of.items() if any(c.origin.from_the_person and not c.secret for c in of)
    }
    assert seen["portability"] == portable


@pytest.mark.parametrize("database", DATABASES)
def test_every_column_of_the_database_is_classified(database: str, request: pytest.FixtureRequest) -> None:
    script = FOLDER / "data" / f"{database}.sql"
    if DATABASES[database]:
        script = request.getfixturevalue("shared_data") / DATABASES[database]
    if not script.exists():
        pytest.skip(f"{script.name} is not at hand")
    truth = read(FOLDER / f"{database}.yml")
    there: dict[str, set[str]] = {}
    table = ""
    for line in script.read_text(encoding="utf-8").splitlines():
        if created := re.match(r'CREATE TABLE "?(\w+)"?', line):
            table = created[1]
        elif line.startswith(")"):
            table = ""
        elif table and (column := re.match(r' +(?!CONSTRAINT|PRIMARY|FOREIGN)"?(\w+)"? ', line)):
            there.setdefault(table, set()).add(column[1])
    views = FOLDER / "data" / f"{database}_views.sql"
    view = re.compile(r"^CREATE VIEW (\w+) AS SELECT (.+) FROM", re.MULTILINE)
    for name, columns in view.findall(views.read_text(encoding="utf-8") if views.exists() else ""):
        there[name] = set(columns.split(", "))
    assert {name: set(table.columns) for name, table in truth.tables.items()} == there
