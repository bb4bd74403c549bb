"""A second reading of a database behind SQLAlchemy: its own text of each value, by a cast in the database.

What SQLAlchemy's driver makes of a type is compared with what the database writes. Texts are compared
but for spaces at their end: a `CHAR` loses them in a cast.
"""

from __future__ import annotations

from functools import partial

import pyarrow as pa

from afschrift.domain.value_kind import ValueKind
from afschrift.sources.reconcile.canonical import canonical_forms, canonical_text
from afschrift.sources.reconcile.own_texts import Own
from afschrift.sources.reconcile.second_reading import Again
from afschrift.sources.sqlalchemy.dialect import AlchemyDialect

_HEX = {
    "postgresql": "encode({c}, 'hex')",
    "cockroachdb": "encode({c}, 'hex')",
    **dict.fromkeys(("mysql", "mariadb", "sqlite"), "lower(hex({c}))"),
}


def again(kind: ValueKind | None, dialect: AlchemyDialect) -> Again | None:
    """How a column of a planned kind is read a second time; None where nothing tells its bytes."""
    reads = _HEX.get(dialect.name) if kind is ValueKind.BINARY else dialect.text("{c}")
    if reads is None:
        return None
    number = dialect.whole("{c}") if kind is ValueKind.INTEGER else ""
    own = Own("{c}", partial(_forms, kind), number=number)
    if kind is ValueKind.JSON:
        own = Own(_trimmed(reads), own.translate, document=True)
    return Again(own, (reads,), partial(_text, kind))


def _trimmed(text: str) -> str:
    """SQL of a document without what JSON takes for space around it; `trim` itself knows spaces alone."""
    for space in "\t\r\n":
        text = f"replace({text}, '{space}', ' ')"
    return f"trim({text})"


def _forms(kind: ValueKind | None, forms: pa.Array) -> pa.Array:
    texts = canonical_forms(kind, forms)
    if kind is not ValueKind.TEXT:
        return texts
    return pa.array([text and text.rstrip(" ") for text in texts.to_pylist()], pa.string())


def _text(kind: ValueKind | None, value: str | bytes | None) -> str | None:
    if value is None:
        return None
    text = value.decode() if isinstance(value, bytes) else str(value)
    if kind is ValueKind.TEXT:
        return text.rstrip(" ")
    return canonical_text(kind, text)
