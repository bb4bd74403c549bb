"""Names of rows are read once, from what is staged, for what the page shows alone."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from testbed.running import drive, installation, store
from tests.support.rental import TEXT, write_rental

from afschrift.bundle.contents import Contents
from afschrift.extraction import linked_rows as module
from afschrift.extraction.staged_rows import StagedTable
from afschrift.services import Services
from afschrift.steps import package

MANY = 100_000


@pytest.fixture
def services(tmp_path: Path) -> Services:
    inventory, database = write_rental(tmp_path, TEXT.replace("label: name", "label: [name]"))
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
