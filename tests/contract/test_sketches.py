"""Sketches of columns are comparable in and across all kinds of sources, whatever the types and spellings."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.support.warehouses import Warehouse

from afschrift.datamap.matching.read_sketches import SketchReader, could_be_key
from afschrift.datamap.matching.sketch import Sketch, compare
from afschrift.datamap.reader import StatementRunner

pytestmark = pytest.mark.one_of_an_engine
SALT = "5a" * 16
UUIDS = [f"{number:08x}-aaaa-4bbb-8ccc-00000000beef" for number in range(1, 7)]
SPELLINGS = {
    "plain": str,
    "upper": str.upper,
    "bare": lambda text: text.replace("-", ""),
    "braced": lambda text: f"{{{text}}}",
}
BYTES = {
    "duckdb": ("BLOB", "unhex('{}')"),
    "delta": ("BLOB", "unhex('{}')"),
    "iceberg": ("BLOB", "unhex('{}')"),
    "parquet": ("BLOB", "unhex('{}')"),
    "mysql": ("BINARY(16)", "unhex('{}')"),
    "sqlite": ("BLOB", "x'{}'"),
    "files": ("VARCHAR", "'{}'"),
    "postgres": ("BYTEA", "decode('{}', 'hex')"),
    "sqlalchemy": ("BYTEA", "decode('{}', 'hex')"),
}


def statements(kind: str) -> list[str]:
    type_, literal = BYTES[kind]
    text = "VARCHAR(60)"
    columns = ", ".join([*(f"{name} {text}" for name in SPELLINGS), f"raw {type_}"])
    rows = ", ".join(
        "("
        + ", ".join(
            [
                *(f"'{spell(uuid)}'" for spell in SPELLINGS.values()),
                literal.format(uuid.replace("-", "")),
                f"{number}, '{number}', '000{number}', {'NULL' if number > 1 else 7}, NULL",
            ]
        )
        + ")"
        for number, uuid in enumerate(UUIDS, 1)
    )
    return [
        f"CREATE TABLE ids ({columns}, n INTEGER, as_text {text}, padded {text}, once INTEGER, never INTEGER)",
        f"INSERT INTO ids VALUES {rows}",
    ]


@contextmanager
def reading(warehouse: Warehouse) -> Iterator[tuple[StatementRunner, SketchReader]]:
    with StatementRunner(warehouse.open) as reader:
        yield reader, SketchReader(reader, SALT)


def sketches(warehouse: Warehouse) -> dict[str, Sketch]:
    with reading(warehouse) as (reader, pass_):
        columns = {n: t for n, t in reader.session.catalogue()["ids"].items() if could_be_key(t)}
        return pass_.sample(reader.dialect.relation("ids"), columns)


def test_one_normal_form(warehouse: Warehouse) -> None:
    found = sketches(warehouse)
    for name in [*SPELLINGS, "raw"]:
        match = compare(found[name], found["plain"])
        assert match.words("p.id").startswith("6 of 6 values are in p.id; 6 of its 6 values")
        assert match.joins == (name == "plain"), "the source itself finds no other spelling equal"
        assert found[name].distinctive and found[name].unique
    texts_only = BYTES[warehouse.kind][0] == "VARCHAR"
    assert compare(found["bare"], found["raw"]).joins == texts_only, "bytes and texts do not join"
    same = compare(found["as_text"], found["n"])
    assert same.alike and not same.proven
    assert compare(found["padded"], found["n"]).found == 0
    assert compare(found["never"], found["n"]).values == 0
    assert not found["once"].unique and not found["never"].unique


def test_hash_is_the_same_everywhere(warehouse: Warehouse) -> None:
    found = sketches(warehouse)
    for column, texts in (
        ("raw", [uuid.replace("-", "") for uuid in UUIDS]),
        ("n", [str(number) for number in range(1, 7)]),
        ("padded", [f"000{number}" for number in range(1, 7)]),
    ):
        hashes = sorted(int(hashlib.sha256(f"{SALT}{text}".encode()).hexdigest()[:15], 16) for text in texts)
        assert found[column].hashes.tolist() == hashes


def test_whole_key_equals_sample(warehouse: Warehouse) -> None:
    found = sketches(warehouse)
    with reading(warehouse) as (reader, pass_):
        for column in ("plain", "raw", "n"):
            type_ = reader.session.catalogue()["ids"][column]
            key = pass_.key(reader.dialect.relation("ids"), column, type_)
            assert key.hashes.tolist() == found[column].hashes.tolist()
            assert key.unique and key.whole


@pytest.mark.parametrize("values", [1000])
def test_large_key_is_thinned(warehouse: Warehouse, values: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if warehouse.kind == "files":
        pytest.skip("its columns are texts, with which this test cannot count")
    monkeypatch.setattr("afschrift.datamap.matching.read_sketches.KEY_VALUES", values)
    with reading(warehouse) as (reader, pass_):
        types = reader.session.catalogue()["ids"]
        relation = reader.dialect.relation("ids")
        every = ", ".join(["ids"] + [f"ids AS i{n}" for n in range(4)])
        numbers = "ids.n + 6 * (i0.n - 1) + 36 * (i1.n - 1) + 216 * (i2.n - 1) + 1296 * (i3.n - 1)"
        large = f"(SELECT {numbers} AS n FROM {every})"
        key = pass_.key(large, "n", types["n"])
        pointer = pass_.sample(relation, {"n": types["n"]})["n"]
    assert abs(len(key.hashes) - values) < values / 5
    assert abs(key.distinct - 6**5) < 6**5 / 5
    assert key.unique
    match = compare(pointer, key)
    assert match.found == match.values <= 6
