"""Values that break careless software, in every registered format: exact to its reader and to plain tools."""

import io

import pyarrow as pa
import pytest
from hypothesis import given
from tests.contract.plain_readers import READ, same
from tests.support.data import document
from tests.unit.formats.random_tables import Written, field, tables, write

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.registry import FORMATS
from afschrift.formats.validate_file import validate
from afschrift.values.forms import text_batch
from afschrift.values.written import text_schema

pytestmark = pytest.mark.parametrize("name", sorted(FORMATS))
TRAPS: dict[str, tuple[ValueKind, list[str]]] = {
    trap: (ValueKind(of["kind"]), of["values"]) for trap, of in document(__file__, "traps.json").items()
}


def columns_of(cells: list[list[object]]) -> list[list[object]]:
    return [list(column) for column in zip(*cells, strict=True)]


def check(name: str, fields: list[FieldPlan], rows: pa.RecordBatch) -> Written:
    written = write(name, fields, rows)
    read = FORMATS[name].reader(io.BytesIO(written.data), fields, written.entry.options)
    assert [row for part in read for row in part.to_pylist()] == rows.to_pylist()
    assert validate(written.entry, io.BytesIO(written.data), fields, written.rows, written.checksums) == []
    names, cells = READ[name](written)
    assert names == rows.schema.names
    for column, texts, plan in zip(columns_of(cells), rows.columns, fields, strict=True):
        assert plan.kind is not None
        assert same(column, texts.to_pylist(), plan.kind), plan.name
    return written


@pytest.mark.parametrize("trap", TRAPS)
def test_exact(name: str, trap: str) -> None:
    kind, values = TRAPS[trap]
    fields = [field("id", ValueKind.INTEGER), field("trap", kind)]
    texts = [text for value in values for text in (value, None)]
    ids = [str(number) for number in range(len(texts))]
    columns = [pa.array(ids), pa.array(texts, pa.string())]
    check(name, fields, pa.RecordBatch.from_arrays(columns, schema=text_schema(fields)))


@given(table=tables(min_rows=1))
def test_any_table_is_the_same_to_plain_tools(
    name: str, table: tuple[list[FieldPlan], pa.RecordBatch]
) -> None:
    check(name, *table)


def test_half_a_surrogate_pair(name: str) -> None:
    """No UTF-8 holds one (RFC 3629). JSON may spell one (RFC 8259, 8.2): refused, and exact as text."""
    document = '"\\ud800 \\udc00"'
    rows = pa.RecordBatch.from_arrays([pa.array([document])], names=["doc"])
    with pytest.raises(ConfigurationError, match=r"doc.*half a surrogate pair.*kind: text") as refused:
        text_batch(rows, [field("doc", ValueKind.JSON)])
    assert "d800" not in str(refused.value)
    fields = [field("doc", ValueKind.TEXT)]
    check(name, fields, text_batch(rows, fields))
