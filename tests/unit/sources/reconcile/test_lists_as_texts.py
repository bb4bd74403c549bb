"""Lists of texts are turned back all at once as they are one by one."""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from afschrift.sources.duckdb.reconciliation import DuckWriter
from afschrift.sources.postgres.reconciliation import PgWriter
from afschrift.sources.reconcile import nested_texts as nested
from afschrift.sources.reconcile import plain_texts
from afschrift.sources.reconcile.nested_texts import LeafText, ListText, NestedWriter, translate_nested

ODD = [
    None,
    "",
    "null",
    "NULL",
    "nul",
    '"',
    "\\",
    "{",
    "}",
    ",",
    ";",
    " ",
    "\t",
    "\n",
    "\v",
    "\f",
    "\r",
    "\u00a0",
    "é",
    "a\n",
]
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
