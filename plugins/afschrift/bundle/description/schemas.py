"""What a file of JSON or XML holds, for the programs that read it: a JSON Schema, an XML Schema.

```
data/shop/orders.schema.json   JSON Schema 2020-12: the document of orders.json; `#/$defs/row` is a line of
                               orders.ndjson
data/shop/orders.xsd           XML Schema 1.0: orders.xml
```
Both stand beside the files of a table, once for all its parts. They say what the value forms are; what the
columns mean stands in `datapackage.json` (R58).
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from afschrift.bundle.container import layout
from afschrift.bundle.contents import Contents
from afschrift.bundle.description.fields import complete_codes
from afschrift.domain.kind import Kind
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.values.forms import written_kind
from afschrift.values.patterns import PATTERNS
from afschrift.values.xml_text import attribute

JSON_SCHEMA = ".schema.json"
XSD = ".xsd"
_SUFFIX = {"json": JSON_SCHEMA, "ndjson": JSON_SCHEMA, "xml": XSD}

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BEYOND_DOUBLES = "^-?[1-9][0-9]{15,}$"
_SPECIALS = ["NaN", "INF", "-INF"]


def schema_path(planned: ExtractPlan, format_: str) -> str | None:
    """Path below `data/` of the schema of a table's files in a format; None where the format has none."""
    suffix = _SUFFIX.get(format_)
    return None if suffix is None else f"{planned.source}/{planned.table}{suffix}"


def schemas(contents: Contents) -> dict[str, bytes]:
    """The schemas of all files of a bundle, by path in the bundle."""
    written: dict[str, bytes] = {}
    for planned, extract in contents.held:
        for entry in extract.parts[0].files:
            path = schema_path(planned, entry.format)
            if path is not None and layout.DATA + path not in written:
                make = xml_schema if path.endswith(XSD) else json_schema
                written[layout.DATA + path] = make(contents, planned)
    return written


def json_schema(contents: Contents, planned: ExtractPlan) -> bytes:
    """JSON Schema of a table: an array of rows."""
    fields = planned.selected
    document = {
        "$schema": _DIALECT,
        "title": f"{planned.source}.{planned.table}",
        "type": "array",
        "items": {"$ref": "#/$defs/row"},
        "$defs": {
            "row": {
                "type": "object",
                "properties": {field.name: _property(contents, planned, field) for field in fields},
                "required": [field.name for field in fields],
                "additionalProperties": False,
            }
        },
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _property(contents: Contents, planned: ExtractPlan, field: FieldPlan) -> dict[str, Any]:
    codes = complete_codes(contents, planned, field)
    if not codes:
        return _texts(contents, planned, field) | _value(written_kind(field))
    meanings = [{"const": code, "title": text.get(contents.language)} for code, text in codes.items()]
    return _texts(contents, planned, field) | {"oneOf": [*meanings, {"type": "null"}]}


def _texts(contents: Contents, planned: ExtractPlan, field: FieldPlan) -> dict[str, str]:
    column = contents.column(planned.source, planned.table, field.name)
    texts = {"title": column.title, "description": column.meaning}
    return {name: text.get(contents.language) for name, text in texts.items() if text}


def _value(kind: Kind) -> dict[str, Any]:
    """The JSON values of a kind; NULL is one of every kind."""
    if kind is Kind.JSON:
        return {}
    if kind is Kind.BOOLEAN:
        return {"type": ["boolean", "null"]}
    if kind is Kind.INTEGER:
        return {"type": ["integer", "string", "null"], "pattern": _BEYOND_DOUBLES}
    if kind is Kind.NUMBER:
        return {"anyOf": [{"type": ["number", "null"]}, {"enum": _SPECIALS}]}
    value: dict[str, Any] = {"type": ["string", "null"]}
    if kind in PATTERNS:
        value["pattern"] = PATTERNS[kind]
    if kind is Kind.BINARY:
        value["contentEncoding"] = "base64"
    return value


def xml_schema(contents: Contents, planned: ExtractPlan) -> bytes:
    """XML Schema of a table: rows in which every column stands once.

    All fields are one element told apart by an attribute, for which XML Schema knows one type: the kinds
    stand in the documentation.
    """
    fields = planned.selected
    columns = "".join(_column(contents, planned, field) for field in fields)
    return _XSD.format(count=len(fields), columns=columns).encode()


def _column(contents: Contents, planned: ExtractPlan, field: FieldPlan) -> str:
    texts = [written_kind(field).value, *_texts(contents, planned, field).values()]
    codes = complete_codes(contents, planned, field)
    texts += [", ".join(f"{code} = {text.get(contents.language)}" for code, text in codes.items())] * bool(
        codes
    )
    told = escape(": ".join(texts))
    return (
        f"      <xs:enumeration value={attribute(field.name)}>"
        f"<xs:annotation><xs:documentation>{told}</xs:documentation></xs:annotation></xs:enumeration>\n"
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
