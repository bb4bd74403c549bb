"""XML Schema 1.0 of a table: rows in which every column stands once.

All fields are one element told apart by an attribute, for which XML Schema knows one type: the kinds stand in
the documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from afschrift.domain.file_format import SchemaColumn
from afschrift.values.xml_text import attribute


def xml_schema(table: str, columns: Sequence[SchemaColumn]) -> bytes:  # noqa: ARG001 files do not name it either
    """The schema of the files of a table."""
    return _XSD.format(count=len(columns), columns="".join(map(_column, columns))).encode()


def _column(column: SchemaColumn) -> str:
    texts = [column.kind.value, *column.texts.values()]
    if column.codes:
        texts.append(", ".join(f"{code} = {meaning}" for code, meaning in column.codes.items()))
    documentation = escape(": ".join(texts))
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
