"""Several persons in one table, whose keys a database takes for equal: each gets their own rows, and no other's."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.data import document, lines
from tests.support.key_shop import AT, DECIDED, KeyShop, Reading, key_shop, mapped

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.extraction.own_rows import OwnRows
from afschrift.selection.held_keys import HeldKeys, held_as

TEXT = "code: {origin: assigned, kind: text}"

ACCOUNT = "".join(
    [
        mapped("account", "subject: {ck: owner}", TEXT, "owner", key="owner"),
        mapped("line", "join: {code: account.code}", "id", TEXT),
        mapped("item", "join: {code: line.code}", "id", TEXT),
    ]
)


class Shop(KeyShop):
    def orders(self, type_: str, held: Sequence[Any]) -> None:
        self.make("orders", f"id INTEGER, ck {type_}", list(enumerate(held)))

    def chain(self, types: Sequence[str], codes: Sequence[Sequence[Any]]) -> None:
        """`codes` of accounts, of which each is a person's by their number; of lines and of items."""
        parents = [(code, number) for number, code in enumerate(codes[0])]
        self.make("account", f"code {types[0]}, owner INTEGER", parents)
        for name, type_, rows in zip(("line", "item"), types[1:], codes[1:], strict=True):
            self.make(name, f"id INTEGER, code {type_}", list(enumerate(rows)))

    def given(self, tables: str, of: str, persons: Sequence[str]) -> dict[str, list[int]]:
        """The rows that each person gets, alone and in a batch, which are the same."""
        found = {}
        with self.read(tables) as reading:
            session, statements, plan = reading.session, reading.statements, reading.plan(of)
            declared = reading.inventory.sources["shop"].tables[of]
            keys = [[Key("ck", person)] for person in persons]
            for person, own in zip(persons, keys, strict=True):
                session.bind(own, AT)
                check = OwnRows(plan, declared, reading.inventory.identity, own)
                batches = check.over(lambda: session.stream(plan.statement))()
                found[person] = sorted(int(n) for batch in batches for n in batch.column("id").to_pylist())
                assert session.rows(statements.count(of)) == [(len(found[person]),)]
                if asked := statements.foreign(of):
                    session.rows(asked)
            together = reading.together(plan, keys)
            if together is not None:
                batch: dict[str, list[int]] = {person: [] for person in persons}
                for number, whose, own_row in together:
                    assert own_row
                    batch[persons[whose]].append(number)
                assert {person: sorted(rows) for person, rows in batch.items()} == found
        return found


ALCHEMY = {"mysql": "mysql+pymysql", "sqlite": "sqlite", "postgres": "postgresql+psycopg"}

CASES = [(of, line) for line in lines(__file__, "others_keys.tsv") for of in line["sources"].split(", ")]
"""A line is a table, or a chain of three by joins; what it holds (`b:` are bytes), and who gets which of its rows.

Capitals of hexadecimal digits do not count; the rows are as the server writes them.
"""


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """Of a kind, or by SQLAlchemy as `alchemy mysql` has it."""
    alchemy, _, kind = request.param.rpartition(" ")
    given = ("sqlalchemy", ALCHEMY[kind]) if alchemy else (kind, "")
    with key_shop(request, tmp_path, *given) as made:
        yield Shop(made.folder, made.kind, made.driver, made.database)


def value(held: Any) -> Any:
    if isinstance(held, list):
        return [value(each) for each in held]
    return held[2:].encode() if isinstance(held, str) and held.startswith("b:") else held


@pytest.mark.parametrize(("shop", "line"), CASES, indirect=["shop"])
def test_each_gets_their_own_rows_and_no_others(shop: Shop, line: dict[str, str]) -> None:
    types, held, found = line["types"].split("; "), value(json.loads(line["held"])), json.loads(line["found"])
    if "mood" in types:
        shop.run("CREATE TYPE mood AS ENUM ('anna', 'bob')")
    if line["test"] == "orders":
        shop.orders(types[0], held)
        for more in ("", f", normal: {DECIDED}") if "mood" in types else ("",):
            way = mapped(
                "orders", f"subject: {{ck: {{column: ck{more}}}}}", "id", "ck: {origin: assigned, kind: text}"
            )
            assert shop.given(way, "orders", list(found)) == found
    else:
        shop.chain(types, held)
        for table in ("line", "item"):
            assert shop.given(ACCOUNT, table, list(found)) == found


SERVERS = {
    "postgres": ("postgres", ""),
    "mysql": ("mysql", ""),
    "sqlite": ("sqlite", ""),
    "duckdb": ("duckdb", ""),
    "alchemy postgres": ("sqlalchemy", "postgresql+psycopg"),
    "alchemy mysql": ("sqlalchemy", "mysql+pymysql"),
    "alchemy sqlite": ("sqlalchemy", "sqlite"),
    "alchemy other": ("sqlalchemy", "other"),
}

Tables = Sequence[tuple[str, Sequence[object]]]


@contextmanager
def opened(
    name: str, tables: Tables, request: pytest.FixtureRequest, folder: Path, kind: str = ""
) -> Iterator[Reading]:
    """A source with a table for each type: its rows are numbered, and bear the values as keys."""
    with key_shop(request, folder, *SERVERS[name]) as shop:
        if any(type_ == "padded" for type_, _ in tables):
            shop.run("CREATE DOMAIN padded AS bpchar")
        for number, (type_, values) in enumerate(tables):
            shop.make(f"t{number}", f"id INTEGER, ck {type_}", list(enumerate(values)))
        column = f"ck: {{origin: assigned{kind}}}"
        written = (mapped(f"t{number}", "subject: {ck: ck}", "id", column) for number in range(len(tables)))
        with shop.read("".join(written)) as reading:
            yield reading


def found(reading: Reading, of: str, key: str) -> list[int]:
    """The rows that bear a key, and -1 for each that bears none by what it holds."""
    session, statements = reading.session, reading.statements
    keys = [Key("ck", key)]
    session.bind(keys, AT)
    held = HeldKeys(keys, held_as(statements.ways(of).belongs))
    rows = []
    for batch in session.stream(reading.plan(of).statement):
        columns = batch.to_pydict()
        [texts] = [column for name, column in columns.items() if name.startswith("afschrift_held")]
        others = [text for text in texts if not held(str(text))]
        rows += [-1 for _ in others] + [int(row) for row in columns["id"]]
    assert session.rows(statements.count(of)) == [(sum(row >= 0 for row in rows),)]
    return rows


TYPED = document(__file__, "typed_keys.json")
"""Types of columns with what they hold, keys that are asked for, and how a column of numbers spells those it holds."""


def plain(value: object) -> str:
    text = f"{value:f}" if isinstance(value, float) else str(value)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@pytest.mark.parametrize("name", SERVERS)
def test_a_column_of_numbers_holds_the_plain_spelling(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    tables = TYPED["numbers"]["sqlite" if name == "alchemy other" else name.rpartition(" ")[2]]
    if name == "alchemy other":  # of an unknown database, no text is known beside a number
        tables = [(type_, values) for type_, values in tables if "C-17" not in values]
    wrong = []
    with opened(name, tables, request, tmp_path) as reading:
        for number, (type_, values) in enumerate(tables):
            for key in TYPED["asked"]:
                rows = found(reading, f"t{number}", key)
                wanted = [
                    row for row, value in enumerate(values) if plain(value) == TYPED["spelled"].get(key)
                ]
                if sorted(rows) != wanted:
                    wrong.append((type_, key, rows, wanted))
    assert not wrong, "\n".join(map(str, wrong))


DECOMPOSED = "zoe\u0308"

PADDED = [" carl", DECOMPOSED, "bob  "]
BYTES = [b"anna", "é".encode(), b"\xff"]
SPELLED = {"carl": [0], "zoë": [1], "bob": [2], "BOB": []}
TEXTS: list[tuple[str, Tables, dict[str, list[int]]]] = [
    ("postgres", [("bpchar", PADDED), ("padded", PADDED)], SPELLED),
    ("alchemy postgres", [("bpchar", PADDED)], SPELLED),
    ("duckdb", [(f"ENUM(' carl', '{DECOMPOSED}', 'bob  ')", PADDED)], SPELLED),
    ("duckdb", [("BLOB", BYTES)], {"anna": [0], "é": [1], "ANNA": [], "\\xFF": [], "\\xC3\\xA9": []}),
    ("sqlite", [("", [17.0, "17", 17, 4.5])], {"17": [0, 1, 2], "17.0": [], "4.5": [3]}),
]


@pytest.mark.parametrize(("name", "tables", "rows"), TEXTS)
def test_a_text_by_another_name(
    name: str, tables: Tables, rows: dict[str, list[int]], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    kind = ", kind: text" if name == "sqlite" else ""  # its column has no type
    with opened(name, tables, request, tmp_path, kind) as reading:
        for number in range(len(tables)):
            assert {key: found(reading, f"t{number}", key) for key in rows} == rows


@pytest.mark.parametrize(
    ("name", "type_"), [("postgres", "bytea"), ("alchemy postgres", "bytea"), ("alchemy other", "BLOB")]
)
def test_bytes_that_cannot_be_compared_are_refused(
    name: str, type_: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with (
        opened(name, [(type_, BYTES)], request, tmp_path) as reading,
        pytest.raises(ConfigurationError, match=r"ck\W* holds a key as bytes.* a view that decodes"),
    ):
        reading.statements.count("t0")


@pytest.mark.parametrize("name", [name for name in SERVERS if name != "alchemy other"])
def test_a_text_is_joined_to_the_plain_spelling_of_a_number(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    tables = TYPED["joined"][name.rpartition(" ")[2]]
    texts = ("VARCHAR(20)", ["1", "1.00", "01", "1.0", "2.50"])
    with opened(name, [*tables, texts], request, tmp_path) as reading:
        finder, own = reading.statements.finder, f"t{len(tables)}"
        for number, (type_, _) in enumerate(tables):
            same = finder.equal((own, "ck", "t"), (f"t{number}", "ck", "o"))
            relations = f"{finder.relation(own)} AS t, {finder.relation(f't{number}')} AS o"
            rows = reading.session.rows(f"SELECT t.id FROM {relations} WHERE {same} AND o.id = 0")
            assert [int(row) for (row,) in rows] == [0], type_
