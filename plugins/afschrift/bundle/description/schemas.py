"""What a table's files in a format hold, for the programs that read them: a JSON Schema, an XML Schema.

```
data/shop/orders.schema.json   beside orders.json and orders.ndjson
data/shop/orders.xsd           beside orders.xml
```
They stand beside the files of a table, once for all its parts, and say what the value forms are; what the
columns mean stands in `datapackage.json` (R58). Each format says which schema it has (`Format.schema`).
"""

from __future__ import annotations

from afschrift.bundle.container import layout
from afschrift.bundle.contents import Contents
from afschrift.bundle.description.fields import complete_codes
from afschrift.domain.files import Format, SchemaColumn
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.values.written import written_kind


def schema_path(planned: ExtractPlan, format_: Format) -> str | None:
    """Path below `data/` of the schema of a table's files in a format; None where the format has none."""
    schema = format_.schema
    return None if schema is None else f"{planned.source}/{planned.table}{schema.suffix}"


def schemas(contents: Contents) -> dict[str, bytes]:
    """The schemas of all files of a bundle, by path in the bundle."""
    written: dict[str, bytes] = {}
    for planned, extract in contents.held:
        for entry in extract.parts[0].files:
            format_ = contents.formats[entry.format]
            path = schema_path(planned, format_)
            if format_.schema and path and layout.DATA + path not in written:
                written[layout.DATA + path] = format_.schema.make(planned.name, columns(contents, planned))
    return written


def columns(contents: Contents, planned: ExtractPlan) -> list[SchemaColumn]:
    """The selected columns of a table, as a schema tells of them."""
    return [_column(contents, planned, field) for field in planned.selected]


def _column(contents: Contents, planned: ExtractPlan, field: FieldPlan) -> SchemaColumn:
    column, language = contents.column(planned.source, planned.table, field.name), contents.language
    texts = {"title": column.title, "description": column.meaning}
    return SchemaColumn(
        field.name,
        written_kind(field),
        {name: text.get(language) for name, text in texts.items() if text},
        {code: text.get(language) for code, text in complete_codes(contents, planned, field).items()},
    )
