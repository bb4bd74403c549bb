"""Every type that some reader is known to get wrong, to the last digit; the tables are in `data`.

A line is a type, a literal, the kind, and the value form as JSON. A value that has none is `refused`, with a
message; the form is what `kind: text` gives of it then.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from tests.support.data import lines as table
from tests.support.spoilt import EMPTY
from tests.support.warehouses import database_of
from tests.unit.sources.reading import forms

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Source
from afschrift.testing.source_contract import compare, plan_of

PREPARED = {
    "duckdb": ("SET TimeZone = 'UTC'",),
    "mysql": ("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'",),
    "postgres": (
        "CREATE EXTENSION citext",
        "CREATE EXTENSION hstore",
        "CREATE TYPE mood AS ENUM ('calm', 'a \"b')",
        "CREATE TYPE pair AS (x integer, at timestamptz)",
        "CREATE TYPE nest AS (a bigint, b text, c numeric(3,2)[], d pair, e json)",
        "CREATE TYPE small AS (a integer, b text, c numeric(5,2))",
        "CREATE TYPE tagged AS (tags integer[])",
        "CREATE TYPE span AS RANGE (subtype = float8)",
        "CREATE DOMAIN postcode AS text CHECK (VALUE ~ '^[0-9]{4}')",
        "CREATE DOMAIN amount AS numeric(10,2)",
        "SET lc_monetary = 'C'",
    ),
    "sqlite": (),
}


@dataclass(frozen=True)
class Traps:
    session: Source
    lines: Mapping[str, Mapping[str, str]]

    def of(self, *, refused: bool) -> list[str]:
        return [name for name, line in self.lines.items() if (line["kind"] == "refused") is refused]


@pytest.fixture(scope="module", params=sorted(PREPARED))
def traps(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traps]:
    kind = request.param
    lines = {f"c{number}": line for number, line in enumerate(table(__file__, f"{kind}_types.tsv"))}
    typed = ", ".join(f"{name} {line['type']}" for name, line in lines.items())
    cast = "CAST({literal} AS {type})" if kind == "postgres" else "{literal}"
    values = {name: cast.format_map(line) for name, line in lines.items()}
    made = [
        f"CREATE TABLE trap (id INTEGER, {typed})",
        f"INSERT INTO trap VALUES (1, {', '.join(values.values())})",
    ]
    if kind == "duckdb":
        selected = ", ".join(f"{value} AS {name}" for name, value in values.items())
        made = [f"CREATE TABLE trap AS SELECT 1 AS id, {selected}"]
    with database_of(kind, request) as database:
        warehouse, run = EMPTY[kind](tmp_path_factory.mktemp(kind), database)
        run(*PREPARED[kind], *made)
        with warehouse.open() as session:
            yield Traps(session, lines)


def test_exact(traps: Traps) -> None:
    columns, names = traps.session.catalogue()["trap"], traps.of(refused=False)
    [row] = forms(traps.session, "trap", names)
    wrong = [
        (line["type"], line["literal"], row[name], columns[name].kind)
        for name, line in traps.lines.items()
        if name in names and (row[name], columns[name].kind) != (json.loads(line["form"]), line["kind"])
    ]
    assert wrong == []


def test_the_source_says_the_same(traps: Traps) -> None:
    names = ["id", *traps.of(refused=False)]
    columns = traps.session.catalogue()["trap"]
    found = compare(traps.session, plan_of(traps.session, "trap", {n: columns[n] for n in names}, ("id",)))
    assert {*found.hashed, *found.counted} == set(names)
    assert set(found.counted) == {name for name in names[1:] if traps.lines[name]["message"] == "counted"}


def test_what_has_no_value_form_is_refused_and_given_as_text(traps: Traps) -> None:
    for name in traps.of(refused=True):
        line = traps.lines[name]
        with pytest.raises(ConfigurationError, match=rf"w\.trap\.{name} .*`kind: text`") as error:
            forms(traps.session, "trap", [name])
        assert line["message"] in str(error.value)
        if line["form"] != "null":
            assert forms(traps.session, "trap", [name], as_text=True) == [{name: json.loads(line["form"])}]
