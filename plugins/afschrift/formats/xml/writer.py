r"""XML 1.0: a table of rows of fields, each field named by an attribute.

```
<?xml version="1.0" encoding="UTF-8"?>
<table xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<row><field name="id">1</field><field name="note" xsi:nil="true"></field></row>
</table>
```
Column names are attributes, because most are not valid element names. A character that XML 1.0 forbids
becomes U+FFFD; the attribute `base64` then holds the exact text (UTF-8), so nothing is lost.

Each table also gets an XML Schema 1.0: rows in which every column occurs once. All fields are the same
element, and XML Schema gives an element one type, so the kinds of the columns are in the schema's
documentation.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import BinaryIO
from xml.sax.saxutils import escape as escape_text
from xml.sax.saxutils import quoteattr

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.files import SchemaColumn
from afschrift.domain.plan import FieldPlan
from afschrift.values.buffers import has_controls, slices, text_bytes

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
                plain, count = replace_forbidden(column)
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
        """Close the table; the options hold the number of replaced characters, if any."""
        self._sink.write(b"</table>\n")
        if self._replaced:
            self.options["replaced"] = str(self._replaced)


def _attributes(column: pa.Array, plain: pa.Array, replacements: int) -> pa.Array:
    """The attributes between the name of a field and its text, row by row."""
    ends = pc.if_else(column.is_valid(), ">", _NIL)
    if not replacements:
        return ends
    changed = pc.fill_null(pc.not_equal(column, plain), False)
    exact = [f' base64="{b64encode(text.encode()).decode()}">' for text in column.filter(changed).to_pylist()]
    return pc.replace_with_mask(ends, changed, pa.array(exact, pa.string()))


REPLACEMENT = "\ufffd"
_FORBIDDEN = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x{FFFE}\x{FFFF}]"  # Char, XML 1.0 section 2.2
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())
# A parser turns a bare carriage return into a line feed (section 2.11).
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def replace_forbidden(texts: pa.Array) -> tuple[pa.Array, int]:
    """Put U+FFFD for each character that XML 1.0 forbids; return the texts and how many were replaced."""
    data = bytes(text_bytes(texts))
    if not (has_controls(data) or any(code in data for code in _NONCHARACTERS)):
        return texts, 0
    count = pc.sum(pc.count_substring_regex(texts, _FORBIDDEN)).as_py()
    return (pc.replace_substring_regex(texts, _FORBIDDEN, REPLACEMENT) if count else texts), count


def escape(texts: pa.Array) -> pa.Array:
    """Escape texts for the space between two tags; forbidden characters were replaced before."""
    data = bytes(text_bytes(texts))
    for character, escaped in _ESCAPES.items():
        if character.encode() in data:
            texts = pc.replace_substring(texts, character, escaped)
    return texts


def unescape(texts: pa.Array) -> pa.Array:
    """The inverse of `escape`."""
    if b"&" not in bytes(text_bytes(texts)):
        return texts
    for character, escaped in reversed(_ESCAPES.items()):
        texts = pc.replace_substring(texts, escaped, character)
    return texts


def attribute(text: str) -> str:
    """Quote a text as the value of an attribute."""
    plain = replace_forbidden(pa.array([text]))[0][0].as_py()
    return quoteattr(plain, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def xml_schema(table: str, columns: Sequence[SchemaColumn]) -> bytes:  # noqa: ARG001 files do not name it either
    """Write the schema of the files of a table."""
    return _XSD.format(count=len(columns), columns="".join(map(_column, columns))).encode()


def _column(column: SchemaColumn) -> str:
    texts = [column.kind.value, *column.texts.values()]
    if column.codes:
        texts.append(", ".join(f"{code} = {meaning}" for code, meaning in column.codes.items()))
    documentation = escape_text(": ".join(texts))
    return (
        f"      <xs:enumeration value={attribute(column.name)}>"
        f"<xs:annotation><xs:documentation>{documentation}</xs:documentation></xs:annotation></xs:enumeration>\n"
    )


_XSD = """\
<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">
  <xs:element name="table">
    <xs:complexType>
      <xs:sequence>
        <xs:element ref="row" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
  <xs:element name="row">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="field" type="field" nillable="true" minOccurs="{count}" maxOccurs="{count}"/>
      </xs:sequence>
    </xs:complexType>
    <xs:key name="column_once">
      <xs:selector xpath="field"/>
      <xs:field xpath="@name"/>
    </xs:key>
  </xs:element>
  <xs:complexType name="field">
    <xs:annotation>
      <xs:documentation>The text of a value; where there is none, xsi:nil. A character that XML 1.0
forbids stands as U+FFFD, and the exact text (UTF-8) beside it in base64.</xs:documentation>
    </xs:annotation>
    <xs:simpleContent>
      <xs:extension base="xs:string">
        <xs:attribute name="name" type="column" use="required"/>
        <xs:attribute name="base64" type="xs:base64Binary"/>
      </xs:extension>
    </xs:simpleContent>
  </xs:complexType>
  <xs:simpleType name="column">
    <xs:annotation>
      <xs:documentation>The columns in their order, each with its kind.</xs:documentation>
    </xs:annotation>
    <xs:restriction base="xs:string">
{columns}    </xs:restriction>
  </xs:simpleType>
</xs:schema>
"""
