"""Each row is held against the person's keys, by the keys' own definition, before it is written."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from afschrift.domain.keys import Key, KeyMatch, Unique
from afschrift.domain.plan import ExtractPlan
from afschrift.extraction.own_rows import OthersRowError, OwnRows
from afschrift.inventory.column import ClassifiedBy
from afschrift.inventory.organisation import IdentityFile, KeyDeclaration
from afschrift.inventory.table import SubjectKey, Table

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
