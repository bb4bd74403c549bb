"""Several persons in one table, whose keys a database takes for equal: each gets their own rows, and no other's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.key_shop import AT, DECIDED, KeyShop, key_shop, mapped

from afschrift.domain.keys import Key, KeyMatch
from afschrift.extraction.own_rows import OwnRows

TEXT = "code: {origin: assigned, kind: text}"
ACCOUNT = "".join(
    [
        mapped("account", "subject: {ck: owner}", TEXT, "owner", key="owner"),
        mapped("line", "join: {code: account.code}", "id", TEXT),
        mapped("item", "join: {code: line.code}", "id", TEXT),
    ]
)


class Shop(KeyShop):
    """A shop where persons can be asked for."""

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


KINDS = {
    "mysql": ("mysql", ""),
    "sqlalchemy, mysql": ("sqlalchemy", "mysql+pymysql"),
    "sqlite": ("sqlite", ""),
    "sqlalchemy, sqlite": ("sqlalchemy", "sqlite"),
    "postgres": ("postgres", ""),
    "sqlalchemy, postgresql": ("sqlalchemy", "postgresql+psycopg"),
}
MARIADB = ["mysql", "sqlalchemy, mysql"]
SQLITE = ["sqlite", "sqlalchemy, sqlite"]


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    with key_shop(request, tmp_path, *KINDS[request.param]) as made:
        yield Shop(made.folder, made.kind, made.driver, made.database)


def link(match: str = KeyMatch.EXACT, normal: bool = False) -> str:
    more = f", match: {match}, decided: {DECIDED}" if match != KeyMatch.EXACT else ""
    decided = f", normal: {DECIDED}" if normal else ""
    of = f"subject: {{ck: {{column: ck{more}{decided}}}}}"
    return mapped("orders", of, "id", "ck: {origin: assigned, kind: text}")


GENERAL = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
UCA1400 = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci"
LOOSE = [("anna", "ANNA"), ("aBc", "ABc"), ("renée", "renee")]
ON_LOOSE = [
    *((kind, type_) for kind in MARIADB for type_ in (GENERAL, UCA1400)),
    *((kind, "VARCHAR(40) COLLATE NOCASE") for kind in SQLITE),
]


@pytest.mark.parametrize(("shop", "type_"), ON_LOOSE, indirect=["shop"])
@pytest.mark.parametrize("pair", LOOSE)
def test_two_persons_in_one_table_of_a_loose_collation(shop: Shop, type_: str, pair: tuple[str, str]) -> None:
    shop.orders(type_, pair)
    for of in (link(), link(normal=True)):
        assert shop.given(of, "orders", pair) == {pair[0]: [0], pair[1]: [1]}


@pytest.mark.parametrize(("shop", "type_"), ON_LOOSE, indirect=["shop"])
@pytest.mark.parametrize("pair", LOOSE)
def test_two_persons_of_parents_of_the_same_loose_collation(
    shop: Shop, type_: str, pair: tuple[str, str]
) -> None:
    shop.chain([type_] * 3, [pair] * 3)
    for table in ("line", "item"):
        assert shop.given(ACCOUNT, table, ["0", "1"]) == {"0": [0], "1": [1]}


BINARY = [(kind, type_) for kind in MARIADB for type_ in ("VARBINARY(40)", "BLOB")]
BINARY += [(kind, "BLOB") for kind in SQLITE]


@pytest.mark.parametrize(("shop", "type_"), BINARY, indirect=["shop"])
def test_bytes_are_compared_by_bytes(shop: Shop, type_: str) -> None:
    shop.orders(type_, [text.encode() for text in ("bob", "BOB", "émile", "Émile", "b\u00f3b")])
    found = shop.given(link(), "orders", ["bob", "BOB", "émile"])
    assert found == {"bob": [0], "BOB": [1], "émile": [2]}


SPELT = [
    ("mysql", "UUID", "550E8400-E29B-41D4-A716-44665544000A"),
    ("sqlalchemy, mysql", "UUID", "550E8400-E29B-41D4-A716-44665544000A"),
    ("mysql", "INET6", "FE80::A"),
    ("postgres", "uuid", "550E8400-E29B-41D4-A716-44665544000A"),
]


@pytest.mark.parametrize(("shop", "type_", "key"), SPELT, indirect=["shop"])
def test_capitals_of_what_is_written_in_hexadecimal_digits_do_not_count(
    shop: Shop, type_: str, key: str
) -> None:
    shop.orders(type_, [key.lower(), key.lower()[:-1] + "4"])  # as the server writes them
    assert shop.given(link(), "orders", [key]) == {key: [0]}


BESIDE_BYTES = [*((kind, "VARBINARY(20)") for kind in MARIADB), *((kind, "BLOB") for kind in SQLITE)]


@pytest.mark.parametrize(("shop", "type_"), BESIDE_BYTES, indirect=["shop"])
def test_bytes_that_are_joined_to_a_number_are_its_text(shop: Shop, type_: str) -> None:
    codes = [b"x1", b"01", b"1"]
    shop.chain([type_, "INTEGER", type_], [codes, [0, 1], [b"0", b"1", b"01"]])
    assert shop.given(ACCOUNT, "line", ["0", "1", "2"]) == {"0": [], "1": [], "2": [1]}
    assert shop.given(ACCOUNT, "item", ["0", "1", "2"]) == {"0": [], "1": [], "2": [1]}


FLOATS = [*((kind, "DOUBLE") for kind in MARIADB), *((kind, "REAL") for kind in SQLITE)]
FLOATS += [(kind, "double precision") for kind in ("postgres", "sqlalchemy, postgresql")]
LARGE = 2**53


@pytest.mark.parametrize(("shop", "type_"), FLOATS, indirect=["shop"])
def test_a_float_is_joined_to_an_integer_that_it_can_hold(shop: Shop, type_: str) -> None:
    shop.chain(["BIGINT", type_, "BIGINT"], [[LARGE + 1, 7, LARGE - 1]] + [[LARGE, 7, LARGE - 1]] * 2)
    for table in ("line", "item"):
        assert shop.given(ACCOUNT, table, ["0", "1", "2"]) == {"0": [], "1": [1], "2": [2]}


DECIMALS = [*((kind, "DECIMAL(12, 2)") for kind in MARIADB), ("sqlalchemy, mysql", "DOUBLE")]
DECIMALS += [("sqlalchemy, postgresql", "numeric(12, 2)"), ("sqlalchemy, sqlite", "DECIMAL(12, 2)")]


@pytest.mark.parametrize(("shop", "type_"), DECIMALS, indirect=["shop"])
def test_a_key_in_a_column_of_decimals(shop: Shop, type_: str) -> None:
    shop.orders(type_, [5, 6.5, -7])
    assert shop.given(link(), "orders", ["5", "-7"]) == {"5": [0], "-7": [2]}


@pytest.mark.parametrize("shop", ["postgres", "sqlalchemy, postgresql"], indirect=True)
def test_a_key_of_an_enumeration(shop: Shop) -> None:
    shop.run("CREATE TYPE mood AS ENUM ('anna', 'bob')")
    shop.orders("mood", ["anna", "bob"])
    shop.chain(["mood"] * 3, [["anna", "bob"]] * 3)
    for of in (link(), link(normal=True)):
        assert shop.given(of, "orders", ["anna", "bob"]) == {"anna": [0], "bob": [1]}
    for table in ("line", "item"):
        assert shop.given(ACCOUNT, table, ["0", "1"]) == {"0": [0], "1": [1]}


MIXED = [(GENERAL, UCA1400), ("VARCHAR(40) CHARACTER SET latin1", GENERAL), (GENERAL, "ENUM('anna', 'ANN')")]


@pytest.mark.parametrize("shop", MARIADB, indirect=True)
@pytest.mark.parametrize(("type_", "other"), MIXED)
def test_a_join_of_two_collations(shop: Shop, type_: str, other: str) -> None:
    shop.chain([type_, other, type_], [["anna", "ANN"]] * 3)
    for table in ("line", "item"):
        assert shop.given(ACCOUNT, table, ["0", "1"]) == {"0": [0], "1": [1]}
