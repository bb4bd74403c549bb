"""SQLite has no hash: the stored values are read again as they are, with their storage class."""

from __future__ import annotations

from functools import partial
from typing import Any

from afschrift.domain.value_kind import ValueKind
from afschrift.sources.reconcile.canonical import canonical, canonical_forms, canonical_text
from afschrift.sources.reconcile.own_texts import Own
from afschrift.sources.reconcile.second_reading import Again

_AS_TEXT = (
    "CASE WHEN typeof({c}) IN ('blob', 'real') THEN {c} ELSE CAST({c} AS TEXT) END"  # a cast rounds reals
)
_ONE_LINE = "trim(replace(replace({c}, char(13), ' '), char(10), ' '), ' ' || char(9))"


def again(kind: ValueKind | None) -> Again:
    """How a column of a planned kind is read a second time."""
    number = "CAST({c} AS INTEGER)" if kind is ValueKind.INTEGER else ""
    own = Own("{c}", partial(canonical_forms, kind), number=number).planned(kind, _ONE_LINE)
    value = _AS_TEXT if kind is ValueKind.TEXT else "{c}"
    return Again(own, ("typeof({c})", value), partial(_text, kind))


def _text(kind: ValueKind | None, storage: bytes, value: Any) -> str | None:
    if value is None:
        return None
    if storage == b"blob":
        return str(value.hex())
    if isinstance(value, float):
        return (
            canonical(kind, repr(value)) if kind is not ValueKind.TEXT else repr(value).replace("inf", "Inf")
        )
    text = value.decode() if isinstance(value, bytes) else str(value)
    return canonical_text(kind, text)
