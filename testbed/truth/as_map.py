"""A file of the inventory that says what is true, for runs that are held against SQL written by hand."""

from __future__ import annotations

from typing import Any

from afschrift.domain.vocabulary import Origin
from testbed.truth.answers import Column, Table, Truth

PURPOSE = {
    "basis": "A6-1-b",
    "title": {"nl": "Je bestelling leveren", "en": "Delivering your order"},
    "retention": {"period": "P2Y", "trigger": {"nl": "na je bestelling", "en": "after your order"}},
    "recipients": [],
    "automated_decision": False,
}
_WORDS = {"nl": "zoals het er staat", "en": "as it is there"}


def as_map(truth: Truth, kind: str, connection: str) -> dict[str, Any]:
    """A source with the first answer of each column and the ways that are needed; look-ups are not personal."""
    return {
        "source": truth.database,
        "kind": kind,
        "connection": connection,
        "zone": "Europe/Amsterdam",
        "purposes": {"all": PURPOSE},
        "tables": {name: _table(truth, table) for name, table in truth.tables.items()},
    }


def keys_of(truth: Truth) -> dict[str, str]:
    """Identity key -> the `table.column` that it is, one a kind of people; the key is called like the table."""
    return {
        name: end
        for name, table in truth.tables.items()
        for way in table.ways
        for _, end in way
        if end == f"{name}.{table.key[0]}"
    }


def _table(truth: Truth, table: Table) -> dict[str, Any]:
    if not table.ways:
        impersonal = {"origin": str(Origin.NOT_PERSONAL)}
        return {
            "personal": False,
            "key": list(table.key),
            "columns": dict.fromkeys(table.columns, impersonal),
        }
    people = {end: key for key, end in keys_of(truth).items()}
    joins, subject = [], {}
    for way in table.ways:
        ((column, end),) = way
        if end in people:
            subject[people[end]] = column
        else:
            joins.append({column: end})
    return {
        **({"subject": subject} if subject else {}),
        **({"join": joins} if joins else {}),
        "key": list(table.key),
        "purposes": ["all"],
        "columns": {column: _column(answers) for column, answers in table.columns.items()},
    }


def _column(answers: Column) -> dict[str, Any]:
    words: dict[str, Any] = {"origin": str(answers.origin)}
    if answers.origin in (Origin.DERIVED, Origin.INFERRED):
        words["meaning"] = _WORDS
    if answers.origin is Origin.THIRD_PARTY:
        words["source"] = {"name": _WORDS}
    return {**words, "protect": "secret"} if answers.secret else words
