"""Every registered source: the spellings of a person that the search finds, those it must not, and the rest."""

import codecs
import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from testbed.mini import write_inventory
from tests.support.warehouses import Warehouse

from afschrift.domain.extracted import Passed, Searched, SearchLimits
from afschrift.domain.keys import Key
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.selection.identifiers import search_keys
from afschrift.selection.residual_search import ResidualSearch

SQL = Path(__file__).parents[2] / "include" / "sql"
OWN = Path(__file__).with_name("data") / "search_spellings.csv"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "search_spellings.csv"
AT = "2026-01-01T00:00:00.000000Z"
PERSON = (
    Key("customer_id", "1042"),
    Key("email", "Jan.Jansen+shop@Example.nl"),
    Key("email", "jan.oud@example.org", None, "2024-05-01T00:00:00.000000Z"),
    Key("iban", "NL91ABNA0417164300"),
    Key("phone", "+31 6 12345678"),
    Key("username", "janjansen42"),
    Key("account", "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
)
Row = dict[str, str]


@cache
def rows() -> tuple[Row, ...]:
    """The spellings of this folder, and those of the shared file where it is there."""
    found: list[Row] = []
    for path in (OWN, SHARED):
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                names = ("id", "type", "column", "value", "expected")
                table = list(csv.DictReader(file, names))[1:]
                found += [
                    row | {"table": f"{'own' if path == OWN else 'shared'}_{row['id']}"} for row in table
                ]
    return tuple(found)


def value_of(row: Row) -> str:
    """The value of a row: `\\n`, `\\xa0` and `\\u200b` are one sign, but `\\u002b` of the shared file is text."""
    value = row["value"]
    if row["table"].startswith("shared_"):
        value = value.replace(r"\u002b", r"\\u002b")
    return codecs.decode(value, "unicode_escape") if "\\" in value else value


COLLATIONS = {
    "duckdb": ("COLLATE NOCASE", "COLLATE NOACCENT"),
    "mysql": ("CHARACTER SET latin1", "CHARACTER SET ucs2"),
    "postgres": ('COLLATE "C"', 'COLLATE "POSIX"'),
    "sqlalchemy": ('COLLATE "C"', 'COLLATE "POSIX"'),
    "sqlite": ("COLLATE NOCASE", "COLLATE RTRIM"),
}


def statements(kind: str) -> Iterator[str]:
    """A table for each spelling, and one with the person's own row."""
    utf8 = " DEFAULT CHARACTER SET utf8mb4" if kind == "mysql" else ""
    yield f"CREATE TABLE customer (customer_id BIGINT, name VARCHAR(100)){utf8}"
    yield "INSERT INTO customer VALUES (1042, 'Jan')"
    for row in rows():
        type_ = {"text": "VARCHAR(200)", "bigint": "BIGINT"}[row["type"]]
        value = value_of(row)
        literal = value if row["type"] == "bigint" else "'" + value.replace("'", "''") + "'"
        yield f"CREATE TABLE {row['table']} (id INTEGER, {row['column']} {type_}){utf8}"
        yield f"INSERT INTO {row['table']} VALUES (1, NULL), (2, {literal})"
    first, second = COLLATIONS.get(kind, ("", ""))
    mixed = f"a VARCHAR(200) {first}, b VARCHAR(200) {second}, tel BIGINT"
    yield f"CREATE TABLE mixed (id INTEGER, {mixed}){utf8}"
    yield from statements_of_bytes(kind)
    yield "INSERT INTO mixed VALUES (1, '<Jan.Jansen@Example.NL>', 'later', 612345679), (2, 'é', '06-12345678', 612345678)"


UUID_BYTES = {
    "as_written": "6f9619ff8b86d011b42d00c04fc964ff",
    "windows": "ff19966f868b11d0b42d00c04fc964ff",
    "time_first": "d0118b866f9619ffb42d00c04fc964ff",
}
BYTES = {
    "duckdb": ("BLOB", "from_hex('{}')"),
    "delta": ("BLOB", "from_hex('{}')"),
    "iceberg": ("BLOB", "from_hex('{}')"),
    "parquet": ("BLOB", "from_hex('{}')"),
    "mysql": ("BINARY(16)", "UNHEX('{}')"),
    "postgres": ("BYTEA", "decode('{}', 'hex')"),
    "sqlalchemy": ("BYTEA", "decode('{}', 'hex')"),
    "sqlite": ("BLOB", "x'{}'"),
}
OTHERS_BYTES = "6f9619ff8b86d011b42d00c04fc964f0"

pytestmark = pytest.mark.one_of_an_engine


def statements_of_bytes(kind: str) -> Iterator[str]:
    """A table for each order of the bytes of a UUID, and others that hold no UUID of the person."""
    if kind in BYTES:
        type_, literal = BYTES[kind]
        yield f"CREATE TABLE in_bytes (id INTEGER, {', '.join(f'{name} {type_}' for name in UUID_BYTES)}, other {type_})"
        values = [literal.format(digits) for digits in (*UUID_BYTES.values(), OTHERS_BYTES)]
        yield f"INSERT INTO in_bytes VALUES (1, {', '.join(values)}), (2, NULL, NULL, NULL, {literal.format('00' * 16)})"


def described(folder: Path) -> Inventory:
    tables = {
        "customer": {
            "subject": {"customer_id": "customer_id"},
            "columns": {"customer_id": {"origin": "assigned"}, "name": {"origin": "provided"}},
        }
    }
    for row in rows():
        tables[row["table"]] = {"personal": False, "columns": {"id": {}, row["column"]: {}}}
    tables["mixed"] = {"personal": False, "columns": {name: {} for name in ("id", "a", "b", "tel")}}
    tables["in_bytes"] = {"personal": False, "columns": {name: {} for name in (*UUID_BYTES, "other")}}
    shop = {"source": "shop", "kind": "duckdb", "tables": tables}
    return load(write_inventory(folder / "inventory", yaml.safe_dump(shop)))


@pytest.fixture(scope="module")
def searched(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Searched]:
    inventory = described(tmp_path_factory.mktemp("map"))
    keys = (*PERSON, *search_keys(PERSON, (), AT, inventory))
    with warehouse.open() as session:
        session.bind(keys, AT)
        looking = ResidualSearch(inventory, inventory.sources["shop"], session, keys, SQL, SearchLimits())
        return {search.table: search for search in looking.run()}


BEYOND_ASCII = "zero wide phone_nbsp phone_dash phone_wide e_zw e_fw p_nbsp p_fw"
"""What SQLAlchemy finds no plain form for, whatever the database behind it."""


def test_each_spelling_names_its_table_or_does_not(searched: dict[str, Searched], kind: str) -> None:
    named = {name for name, search in searched.items() if search.found}
    expected = {row["table"]: row["expected"] for row in rows() if row["expected"] != "said"}
    lacks = {f"{place}_{id_}" for place in ("own", "shared") for id_ in BEYOND_ASCII.split()}
    missed = lacks if kind == "sqlalchemy" else set()
    wanted = {name for name, word in expected.items() if word == "found"}
    assert wanted - named == wanted & missed
    assert not named & {name for name, word in expected.items() if word == "not found"}


def test_columns_of_several_collations_and_types_are_searched_at_once(searched: dict[str, Searched]) -> None:
    assert searched["mixed"].found == {"a": 1, "b": 1, "tel": 1}


def test_a_former_address_is_counted_apart(searched: dict[str, Searched]) -> None:
    assert (searched["own_former"].found, searched["own_former"].former) == ({"note": 1}, {"note": 1})
    assert searched["own_upper"].former == {}


def test_each_column_says_what_it_was_searched_for(searched: dict[str, Searched], kind: str) -> None:
    assert searched["own_upper"].kinds["note"] == ("email", "phone", "iban", "number", "code", "named")
    if kind != "files":  # there a number is a text
        assert searched["own_phone_number"].kinds["tel"] == ("number",)
        assert searched["own_column"].kinds["klantnr"] == ("number", "named")


def test_uuid_kept_as_bytes_is_found_in_each_order(searched: dict[str, Searched], kind: str) -> None:
    if kind in BYTES:
        assert searched["in_bytes"].found == dict.fromkeys(UUID_BYTES, 1)
        assert searched["in_bytes"].kinds["other"] == ("code",)
        assert searched["in_bytes"].passed["other"] is Passed.BINARY, "no text was looked for"
