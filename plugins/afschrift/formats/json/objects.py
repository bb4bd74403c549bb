"""Rows as JSON objects, one a line, from which the formats `json` and `ndjson` are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.kind import Kind
from afschrift.domain.plan import FieldPlan
from afschrift.formats.slices import slices
from afschrift.values.buffers import text_bytes
from afschrift.values.forms import written_kind
from afschrift.values.json_text import fragments, pieces


class ObjectRows:
    """Turns value forms into text; the members stand in the order of the fields."""

    def __init__(self, fields: Sequence[FieldPlan]) -> None:
        self._kinds = [written_kind(field) for field in fields]
        names = fragments(pa.array([field.name for field in fields], pa.string()), Kind.TEXT).to_pylist()
        self._keys = [f"{',' if position else '{'}{name}:" for position, name in enumerate(names)]

    def lines(self, batch: pa.RecordBatch, *, before: str = "", after: str = "") -> Iterator[memoryview]:
        """The objects of a batch, a slice of rows at a time.

        Args:
            batch: value forms.
            before: what stands before each object.
            after: what stands after each object.
        """
        for part in slices(batch):
            parts: list[pa.Array | str] = []
            literal = before
            for key, column, kind in zip(self._keys, part.columns, self._kinds, strict=True):
                opening, texts, closing = pieces(column, kind)
                parts += [literal + key + opening, texts]
                literal = closing
            yield text_bytes(pc.binary_join_element_wise(*parts, literal + "}" + after, ""))
