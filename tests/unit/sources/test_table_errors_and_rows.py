"""What errors name, and rows of bytes as Arrow."""

from __future__ import annotations

import pyarrow as pa
import pytest

from afschrift.domain.errors import ConfigurationError
from afschrift.sources.table_errors import no_right, relation_of, table_of, too_large
from afschrift.sources.text_rows import text_batch


@pytest.mark.parametrize(
    ("relation", "named"),
    [
        ('"public"."order"', "w.public.order"),
        ("`order`", "w.order"),
        ("[dbo].[order]", "w.dbo.order"),
        ("read_parquet('x AS t.parquet')", "w.read_parquet('x AS t.parquet')"),
    ],
)
def test_the_table_that_a_statement_reads(relation: str, named: str) -> None:
    statement = f"SELECT\n  t.a AS a\nFROM {relation} AS t\nWHERE EXISTS (\n  SELECT 1 FROM other AS t1\n)\n"
    assert relation_of(statement) == relation
    assert table_of("w", statement) == named


@pytest.mark.parametrize("statement", ["", "SELECT 1", "SELECT x FROM t", "SELECT x FROM a AS t WHERE 1"])
def test_any_other_statement(statement: str) -> None:
    assert relation_of(statement) == ""
    assert table_of("w", statement) == "a statement of w"


def test_errors_that_all_sources_share() -> None:
    assert str(too_large("w", "t.c", "7")).startswith("A cell of w.t.c has 7 bytes, more than the limit.")
    assert str(too_large("w", "t.c")).startswith("A cell of w.t.c has more than the limit.")
    assert no_right("w.t").detail == {"table": "w.t"}


def test_rows_of_bytes() -> None:
    batch = text_batch("w", ["n", "t", "x"], [(None, "é".encode(), 0.1), (b"2", b"", None)])
    assert batch.schema.types == [pa.string(), pa.string(), pa.float64()]
    assert batch.to_pylist() == [{"n": None, "t": "é", "x": 0.1}, {"n": "2", "t": "", "x": None}]
    assert text_batch("w", ["n"], []).num_rows == 0
    assert text_batch("w", ["n"], [(None,), (None,)]).column(0).null_count == 2


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(ConfigurationError, match=r"Column t of source w .* not UTF-8") as caught:
        text_batch("w", ["n", "t"], [(b"1", b"secret\xff")])
    assert "secret" not in str(caught.value)
