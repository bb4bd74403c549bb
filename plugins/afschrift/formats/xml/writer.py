r"""XML 1.0: a table of rows of fields, each field named by an attribute.

```
<?xml version="1.0" encoding="UTF-8"?>
<table xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<row><field name="id">1</field><field name="note" xsi:nil="true"></field></row>
</table>
```
Column names stand in attributes, because most are no element names. A character that XML 1.0 forbids
becomes U+FFFD; the exact text then stands in the attribute `base64` beside it (UTF-8), so nothing is lost.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.plan import FieldPlan
from afschrift.formats.batches import slices
from afschrift.values.buffers import text_bytes
from afschrift.values.xml_text import attribute, escape, replaced

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<table xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
)
_NIL = ' xsi:nil="true">'
_CLOSING = "</field>"


class XmlWriter:
    """Writes value forms as XML; flat memory, a batch at a time."""

    def __init__(self, sink: BinaryIO, fields: Sequence[FieldPlan]) -> None:
        self._sink = sink
        self._openings = [f"<field name={attribute(field.name)}" for field in fields]
        self._replaced = 0
        self.options: dict[str, str] = {}
        self._sink.write(_HEAD.encode())

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        for part in slices(batch):
            pieces: list[pa.Array | str] = []
            literal = "<row>"
            for opening, column in zip(self._openings, part.columns, strict=True):
                plain, count = replaced(column)
                self._replaced += count
                if count or column.null_count:
                    pieces += [literal + opening, _attributes(column, plain, count)]
                    pieces += [escape(pc.fill_null(plain, ""))]
                else:
                    pieces += [literal + opening + ">", escape(plain)]
                literal = _CLOSING
            rows = pc.binary_join_element_wise(*pieces, literal + "</row>\n", "")
            self._sink.write(text_bytes(rows))

    def close(self) -> None:
        """End the table; the options tell how many characters were replaced, where any were."""
        self._sink.write(b"</table>\n")
        if self._replaced:
            self.options["replaced"] = str(self._replaced)


def _attributes(column: pa.Array, plain: pa.Array, replacements: int) -> pa.Array:
    """What stands between the name of a field and its text, row by row."""
    ends = pc.if_else(column.is_valid(), ">", _NIL)
    if not replacements:
        return ends
    changed = pc.fill_null(pc.not_equal(column, plain), False)
    exact = [f' base64="{b64encode(text.encode()).decode()}">' for text in column.filter(changed).to_pylist()]
    return pc.replace_with_mask(ends, changed, pa.array(exact, pa.string()))
