"""Every constraint that is reported holds in the person's rows."""

import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from testbed.mini import write_inventory
from testbed.running import drive, installation, store
from tests.support.rental import TEXT, write_rental
from tests.unit.formats.random_tables import field

from afschrift.bundle.contents import Contents
from afschrift.domain.errors import StagedFileError
from afschrift.domain.keys import Key, KeyMatch, Unique
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction import linked_rows as module
from afschrift.extraction import row_observers as observe
from afschrift.extraction.own_rows import OthersRowError, OwnRows
from afschrift.extraction.row_observers import Observer, references_that_hold
from afschrift.extraction.staged_records import (
    observations,
    pointers_path,
    read_record,
    record_path,
    staged_overviews,
    staged_pointers,
    staged_samples,
)
from afschrift.extraction.staged_rows import StagedTable
from afschrift.inventory.column import ClassifiedBy
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile, KeyDeclaration
from afschrift.inventory.table import SubjectKey, Table
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.steps import package

NAMES = {
    "customer": "customer_id email",
    "orders": "order_id customer_id",
    "line": "order_id line_no sku",
    "line_note": "order_id line_no note",
}
NUMBERS = ("customer_id", "order_id", "line_no")
FIELDS = {
    table: [field(n, ValueKind.INTEGER if n in NUMBERS else ValueKind.TEXT) for n in names.split()]
    for table, names in NAMES.items()
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SourceFile:
    folder: Path = tmp_path_factory.mktemp("observe") / "inventory"
    return load(write_inventory(folder)).sources["shop"]


def watch(source: SourceFile, table: str, *batches: list[tuple[Any, ...]]) -> Observer:
    fields = FIELDS[table]
    observer = Observer(ExtractPlan("shop", table, tuple(fields), "SELECT 1"), source)
    types = [pa.int64() if f.kind is ValueKind.INTEGER else pa.string() for f in fields]
    for rows in batches:
        columns = [pa.array([row[i] for row in rows], type_) for i, type_ in enumerate(types)]
        observer.see(pa.RecordBatch.from_arrays(columns, names=[f.name for f in fields]))
    return observer


def test_nulls_are_counted_over_batches(source: SourceFile) -> None:
    seen = watch(source, "customer", [(1, None), (2, "a")], [(3, None)]).seen()
    assert seen.nulls == {"email": 2}


@pytest.mark.parametrize(
    ("batches", "unique"),
    [
        ([[(1, 1, "a"), (1, 2, "a"), (2, 1, "a")]], True),
        ([[(1, 1, "a"), (1, 1, "b")]], False),
        ([[(1, 1, "a")], [(1, 1, "b")]], False),
        ([[(1, 1, "a")], [], [(1, 2, "b")]], True),
        ([[], []], True),
    ],
)
def test_a_key_is_unique_where_no_two_rows_beside_each_other_have_it(
    batches: list[list[tuple[Any, ...]]], unique: bool, source: SourceFile
) -> None:
    assert watch(source, "line", *batches).seen().key_unique is unique


def test_a_reference_holds_where_every_value_is_on_the_other_side(source: SourceFile) -> None:
    observers = {
        "customer": watch(source, "customer", [(1, None)]),
        "orders": watch(source, "orders", [(10, 1), (11, 1)], [(12, None)]),
        "line": watch(source, "line", [(10, 1, "a"), (12, 1, "a")]),
        "line_note": watch(source, "line_note", [(10, 1, "x"), (10, 3, "no such line")]),
    }
    found = references_that_hold(source, observers)
    assert found["orders(customer_id)->customer(customer_id)"] is True  # a NULL points nowhere
    assert found["line(order_id)->orders(order_id)"] is True
    assert found["line_note(order_id,line_no)->line(order_id,line_no)"] is False


def test_nothing_is_said_of_too_many_values(source: SourceFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "MOST_VALUES", 2)
    observers = {
        "orders": watch(source, "orders", [(10, 1), (11, 1)], [(12, 1)]),
        "line": watch(source, "line", [(10, 1, "a")]),
    }
    assert "line(order_id)->orders(order_id)" not in references_that_hold(source, observers)


def test_a_table_read_again_begins_anew(source: SourceFile) -> None:
    observer = watch(source, "line", [(1, 1, None), (1, 1, "b")])
    observer.begin()
    seen = observer.seen()
    assert (seen.nulls, seen.key_unique) == ({}, True)


def test_how_rows_were_batched_changes_nothing(source: SourceFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "MOST_ROWS", 4)
    rows = [(10, 1), (10, 1), (10, 1), (11, 1), (12, 1)]
    cuts = ([rows], [rows[:1], rows[1:]], [rows[:3], rows[3:]], [[row] for row in rows])
    for cut in cuts:
        assert {d.values is None for d in watch(source, "orders", *cut).distinct.values()} == {True}
        assert {d.values is None for d in watch(source, "orders", *cut[:-1]).distinct.values()} == {False}


OF_SAMPLES, OF_OVERVIEWS = observations("shop")


@pytest.mark.parametrize(
    ("path", "read"),
    [
        (record_path("shop"), read_record),
        (OF_SAMPLES, staged_samples),
        (OF_OVERVIEWS, staged_overviews),
        (pointers_path("shop"), staged_pointers),
    ],
)
@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'["kwikstaart"]'])
def test_a_record_of_another_kind_is_a_damaged_file(
    path: str, read: Callable[[EncryptedStaging, str], Any], content: bytes, tmp_path: Path
) -> None:
    staging = EncryptedStaging(tmp_path, "req-0123456789ab", b"k" * 32)
    with staging.writer(path) as sink:
        sink.write(content)
    with pytest.raises(StagedFileError) as error:
        read(staging, "shop")
    assert "kwikstaart" not in str(error.value)
    assert "damaged" in str(error.value)


IDENTITY = IdentityFile(
    person="ck",
    keys={"ck": KeyDeclaration(unique=Unique.YES), "email": KeyDeclaration(unique=Unique.OVER_TIME)},
)
SUBJECT = {
    "ck": SubjectKey(column="ck"),
    "email": SubjectKey(column="email", match=KeyMatch.CASEFOLD, at="any"),
}
KEYS = [Key("ck", "anna"), Key("email", "Anna@example.org")]
JOIN = {"order_id": "orders.order_id"}
SHARED = ClassifiedBy(by="Data office", on=date(2026, 11, 29), why="Both see it.")


def read(table: Table, *rows: tuple[str | None, str | None]) -> pa.RecordBatch:
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array(range(len(rows)), pa.int64()),
            pa.array([ck for ck, _ in rows], pa.string()),
            pa.array([email for _, email in rows], pa.string()),
        ],
        names=["id", "afschrift_held_text_0", "afschrift_held_text_1"],
    )
    own = OwnRows(ExtractPlan("shop", "orders", (), ""), table, IDENTITY, KEYS)
    [checked] = own.over(lambda: iter([batch]))()
    return checked


def test_the_columns_of_keys_go_no_further() -> None:
    rows = [("anna", None), (" anna\t", None), (None, "ANNA@example.org")]
    checked = read(Table(subject=SUBJECT), *rows)
    assert checked.schema.names == ["id"]
    assert checked.num_rows == len(rows)


@pytest.mark.parametrize("row", [("ANNA", None), ("anne", None), (None, "bob@example.org"), (None, None)])
def test_a_row_without_a_key_of_the_person_ends_the_reading(row: tuple[str | None, str | None]) -> None:
    with pytest.raises(OthersRowError, match=r"shop\.orders") as error:
        read(Table(subject=SUBJECT), ("anna", None), row)
    assert "anna" not in str(error.value).lower()


def test_a_row_of_a_join_bears_no_key_that_is_one_persons() -> None:
    joined = Table(subject=SUBJECT, join=JOIN)
    assert read(joined, (None, None), (None, "bob@example.org")).num_rows == 2
    with pytest.raises(OthersRowError):
        read(joined, ("bob", None))
    assert read(Table(subject=SUBJECT, join=JOIN, shared_rows=SHARED), ("bob", None)).num_rows == 1


MANY = 100_000


@pytest.fixture
def services(tmp_path: Path) -> Services:
    inventory, database = write_rental(tmp_path, TEXT.replace("label: [name, holds]", "label: [name]"))
    with duckdb.connect(str(database)) as con:  # the first rentals are of the last films
        con.execute(f"INSERT INTO film SELECT 1000 + i, 'Film ' || i, 1, 'G' FROM range({MANY}) t(i)")
        con.execute(
            "INSERT INTO rental SELECT 1000 + i, 1, 1000 + "
            f"{MANY - 1} - i, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM range({MANY}) t(i)"
        )
    return installation(tmp_path / "home", inventory)


def test_a_look_up_of_many_rows_is_read_once_and_few_of_it_are_kept(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Contents] = []
    passes: list[str] = []
    sizes: list[int] = []
    read, batches = module.linked_rows, StagedTable.batches

    def linked(contents: Contents, *rest: object) -> object:
        made.append(contents)
        before = pa.total_allocated_bytes()
        found = read(contents, *rest)  # type: ignore[arg-type]
        sizes.append(pa.total_allocated_bytes() - before)
        made.append(found)  # type: ignore[arg-type]
        return found

    def counted(self: StagedTable) -> Iterator[tuple[int, pa.RecordBatch]]:
        passes.append(self.written.table)
        return batches(self)

    monkeypatch.setattr(package, "linked_rows", linked)
    request = store(services, {"customer_id": "1"}, "access", language="en")
    with monkeypatch.context() as patched:
        patched.setattr(StagedTable, "batches", counted)
        bundle = drive(services, request)
    contents, found = made
    shown = contents.samples["rental.rental"]
    assert passes == ["film"], "of the others the sample has every row"
    films = found[("rental.film", ("film_id",))]  # type: ignore[index]
    assert {key for (key,) in films} <= {row["film_id"] for row in shown}
    assert len(films) < len(shown) < MANY / 2
    assert films[str(1000 + MANY - 1),] == (f"Film {MANY - 1}",)
    assert sizes[0] < 1_000_000
    with zipfile.ZipFile(bundle) as archive:
        [index] = [name for name in archive.namelist() if name.endswith("/index.html")]
        page = archive.read(index).decode()
    assert len(page) < 5_000_000
    assert f"<bdi>Film {MANY - 1}</bdi></a> <small>{1000 + MANY - 1}</small>" in page


def test_rows_of_equal_values_are_not_named_where_their_words_differ() -> None:
    rows = [(("1",), ("a",)), (("2",), ("b",)), (("1",), ("a",)), (("2",), ("c",)), (("2",), ("b",))]
    assert module._unambiguous(iter(rows)) == {("1",): ("a",)}
