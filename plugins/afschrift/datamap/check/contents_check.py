"""Count addresses and numbers of people in columns that are classified as not personal; no value is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from afschrift.datamap.check.finding import Code, Finding
from afschrift.datamap.check.probe import CheckedSource
from afschrift.domain.redaction import PointerKind
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.extraction.finder.patterns import spans
from afschrift.inventory.table import Table

CHARACTERS = 1_000
"""Characters of a text that are read, from its beginning."""
_TEXTS = (ValueKind.TEXT, ValueKind.JSON)
WORDS = {
    PointerKind.EMAIL: "an e-mail address",
    PointerKind.IBAN: "an IBAN",
    PointerKind.PHONE: "a telephone number",
    PointerKind.BSN: "a citizen service number",
}
"""Kinds of identifiers that this check looks for: all but names."""

_NUMBERS = {PointerKind.PHONE, PointerKind.BSN}
_MANY = 5  # a finding needs one value in so many: plain numbers and codes look like phone numbers by chance


def contents(of: CheckedSource) -> Iterator[Finding]:
    """Yield a finding for each column and kind of identifier in it, from some values of each column.

    Args:
        of: the source, with an entry for each table that the inventory ignores.
    """
    for name, table in of.declared.tables.items():
        if name in of.finder.tables and table.copy_of is None:
            words = f"{of.path(name)}: its values were not looked at"
            yield from of.unless_unanswered((name,), words, {Code.HOLDS_IDENTIFIER}, _table(of, name, table))


def _table(of: CheckedSource, name: str, table: Table) -> Iterator[Finding]:
    columns = dict(_columns(of, name, table))
    if not columns:
        return
    looked = of.rows(name)
    if looked.rows > of.limits.values:
        looked = of.some(name, of.limits.values)
    found, held = _look(of, looked.relation, columns)
    for (column, kind), number in sorted(found.items()):
        if kind in _NUMBERS and number * _MANY < held[column]:
            continue
        yield of.finding(
            Code.HOLDS_IDENTIFIER,
            (name, column),
            f"{of.path(name, column)} is classified as not personal, and {number:,} of {held[column]:,} "
            f"values that were read hold {WORDS[kind]}, {looked.words}",
            "classify it, and give its table a way to the person; or set `mentions`, with who decided it",
        )


def _look(
    of: CheckedSource, relation: str, columns: Mapping[str, ColumnType]
) -> tuple[Counter[tuple[str, PointerKind]], Counter[str]]:
    """Return the numbers of values with an identifier by column and kind, and of all values by column."""
    found: Counter[tuple[str, PointerKind]] = Counter()
    held: Counter[str] = Counter()
    for column, values in of.probe.texts(relation, columns, CHARACTERS).items():
        held[column] = len(values)
        for value in values:
            kinds = {span.kind for span in spans(value, of.inventory.controller.country)}
            found.update((column, kind) for kind in kinds & WORDS.keys())
    return found, held


def _columns(of: CheckedSource, name: str, table: Table) -> Iterator[tuple[str, ColumnType]]:
    """Yield the columns of text that are classified as not personal and have no `mentions`."""
    for column, known in of.catalogue[name].items():
        declared = table.columns.get(column)
        if known.closed or known.kind not in _TEXTS:
            continue
        if declared is None:
            if not table.personal:
                yield column, known
        elif declared.mentions is None and (not table.personal or declared.origin is Origin.NOT_PERSONAL):
            yield column, known
