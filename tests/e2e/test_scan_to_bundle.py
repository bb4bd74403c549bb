"""From an unknown database to bundles that are right: scan, review, a few lines by hand, three persons.

The person at the review knows what tests/truth says and nothing else; each file is held against SQL that was
written by hand before anything was proposed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from testbed.running import installation, run, store
from testbed.truth.__main__ import load as load_file
from testbed.truth.answers import Truth, read, statements
from testbed.truth.judge import Verdict, counts, judge
from tests.e2e.opened import Opened
from tests.support.newcomer import Newcomer
from tests.support.nightly import nightly_after
from tests.support.strangers import TRUTH, Stranger, script, stranger

from afschrift.cli.project import draft_project
from afschrift.datamap.scan.scan_source import Asked, scan_source
from afschrift.services import Services

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
PEOPLE = {"chinook": "customer", "northwind": "customer", "woonstede": "huurder"}
KEYS = {"customer": "customer_id", "huurder": "huurder_nr"}
LINES = 30
"""By hand at most, those of the controller and its decisions with them."""


def chinook(_made: Stranger, _newcomer: Newcomer, _scan: Callable[[], None]) -> None:
    """Its scan leaves nothing to say that the review does not ask."""


def northwind(_made: Stranger, _newcomer: Newcomer, _scan: Callable[[], None]) -> None:
    """Nor does this one: suppliers have contact persons, and are proposed as people with a number of their own."""


def woonstede(made: Stranger, newcomer: Newcomer, scan: Callable[[], None]) -> None:
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


BY_HAND = {"woonstede": woonstede, "chinook": chinook, "northwind": northwind}


@pytest.mark.slow
@pytest.mark.parametrize("kind", nightly_after(1, ["postgres", "mysql"]))
@pytest.mark.parametrize("database", nightly_after(1, BY_HAND))
def test_three_persons_get_what_sql_by_hand_finds(
    database: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = read(TRUTH / f"{database}.yml")
    project = tmp_path / "project"
    with stranger(kind, script(database, request), request) as made:
        monkeypatch.setenv("AIRFLOW_CONN_THERE", made.uri)
        began = time.monotonic()
        draft_project(project, "2026-11-28T10:00:00Z")
        newcomer = Newcomer(project / "inventory", truth)
        (newcomer.inventory / "example.yml").unlink()

        def scan() -> None:
            asked = Asked("there", name=database, zone="Europe/Amsterdam", out=newcomer.file)
            scan_source(asked, lambda _line: None)

        scan()
        proposed = counts(judge(load_file(newcomer.file), truth))
        for old, new in CONTROLLER.items():
            newcomer.write("controller.yml", old, new)
        newcomer.write(newcomer.file.name, "zone: Europe/Amsterdam\n", f"zone: Europe/Amsterdam\n{PURPOSE}")
        BY_HAND[database](made, newcomer, scan)
        newcomer.review()
        services = installation(tmp_path / "home", newcomer.inventory)
        people = _held_against_sql(made, truth, services)
        seconds = time.monotonic() - began
    print(
        f"\n{database} in {kind}: {proposed[Verdict.RIGHT]} answers proposed right, {proposed[Verdict.WRONG]} wrong, "
        f"{proposed[Verdict.OPEN]} open; {newcomer.decisions} decisions, {newcomer.corrected} of them other than "
        f"proposed; {newcomer.lines} lines by hand; {seconds:.0f} s with {people} persons' bundles",
        *newcomer.by_hand,
        sep="\n  ",
    )
    assert people == 3
    assert newcomer.lines < LINES, newcomer.by_hand


def _held_against_sql(made: Stranger, truth: Truth, services: Services) -> int:
    """Each file of both rights is what the statements find, and there is no further one; how many persons."""
    of_them = [
        statement
        for statement in statements(TRUTH / f"{truth.database}.sql")
        if statement.kind == PEOPLE[truth.database]
    ]
    (find,) = (statement for statement in of_them if statement.table is None)
    people = [row[0] for row in made.rows(find.sql)[1]]
    for person in people:
        for right in ("access", "portability"):
            keys = {KEYS[find.kind]: str(person)}
            opened = Opened(
                run(services, store(services, keys, right, language="en", formats=["csv", "json"]))
            )
            given = set(opened.tables)
            for statement in of_them:
                if statement.table is not None and statement.right == right:
                    columns, rows = made.rows(statement.sql, person)
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
