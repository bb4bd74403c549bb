"""Lists of texts are turned back all at once as they are one by one."""

from datetime import datetime, time

import msgspec
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from afschrift.domain.value_kind import ValueKind
from afschrift.sources.duckdb.reconciliation import DuckWriter
from afschrift.sources.postgres.reconciliation import PgWriter
from afschrift.sources.reconcile import nested_texts as nested
from afschrift.sources.reconcile import plain_texts
from afschrift.sources.reconcile.nested_texts import LeafText, ListText, NestedWriter, translate_nested
from afschrift.values.scalars import text

ODD = [None, "", "null", "NULL", "nul", *'"\\{},; \t\n\v\f\r\u00a0é', "a\n"]
NODES = {
    "PostgreSQL": (ListText(LeafText(plain_texts.same), deep=True), PgWriter()),
    "PostgreSQL, of boxes": (ListText(LeafText(plain_texts.same), deep=True, delimiter=";"), PgWriter()),
    "DuckDB": (ListText(LeafText(plain_texts.same)), DuckWriter()),
}
Lists = list[list[str | None] | None]


@pytest.mark.parametrize("of", NODES)
@example([[text] for text in ODD])
@example([ODD, None, [], [None, None], ["a", "b"]])
@example([None])
@given(st.lists(st.none() | st.lists(st.sampled_from(ODD) | st.text()), min_size=1))
def test_lists_of_texts_are_written_as_one_by_one(of: str, lists: Lists) -> None:
    node, writer = NODES[of]
    forms = pa.array(
        [None if texts is None else msgspec.json.encode(_whole(texts)).decode() for texts in lists]
    )
    forms = forms.cast(pa.string())
    assert nested._translate_flat(forms, node, writer) is not None
    assert translate_nested(forms, node, writer).to_pylist() == _one_by_one(forms, node, writer)
    assert translate_nested(forms.slice(1), node, writer).to_pylist() == _one_by_one(
        forms.slice(1), node, writer
    )


def _whole(texts: list[str | None]) -> list[str | None]:
    return [text and text.encode("utf-8", "replace").decode() for text in texts]


def _one_by_one(forms: pa.Array, node: ListText, writer: NestedWriter) -> list[str | None]:
    found: list[str | None] = []
    for form in forms.to_pylist():
        texts = None if form is None else msgspec.json.decode(form, type=list[str | None])
        found.append(None if texts is None else writer.list(node, texts, [False] * len(texts)))
    return found


@given(st.lists(st.datetimes(min_value=datetime(1, 1, 1)), min_size=1))  # noqa: DTZ001
def test_moments_come_back_as_a_database_writes_them(moments: list[datetime]) -> None:
    forms = text(pa.array(moments, pa.timestamp("us", "UTC")), ValueKind.INSTANT)
    own = [_short(f"{moment:%H:%M:%S.%f}") for moment in moments]
    days = [moment.date().isoformat() for moment in moments]
    written = [f"{day} {clock}+00" for day, clock in zip(days, own, strict=True)]
    assert plain_texts.moments(forms).to_pylist() == written


@given(st.lists(st.times(), min_size=1))
def test_clocks_come_back_as_a_database_writes_them(clocks: list[time]) -> None:
    forms = text(pa.array(clocks, pa.time64("us")), ValueKind.TIME)
    assert plain_texts.clocks(forms).to_pylist() == [_short(f"{clock:%H:%M:%S.%f}") for clock in clocks]


def _short(clock: str) -> str:
    return clock.rstrip("0").rstrip(".") if clock[8:].strip(".0") else clock[:8]


@given(st.lists(st.floats(), min_size=1))
def test_floats_are_compared_by_their_bits(values: list[float]) -> None:
    forms = text(pa.array(values, pa.float64()), ValueKind.NUMBER)
    assert len(set(plain_texts.double_bits(forms).to_pylist())) == len(set(map(repr, values)))


@given(st.floats(allow_nan=False))
def test_a_float_reads_back_from_its_text(value: float) -> None:
    form = text(pa.array([value], pa.float64()), ValueKind.NUMBER)[0].as_py()
    assert repr(float(plain_texts.float_text(form, 15).replace("Infinity", "inf"))) == repr(value)
