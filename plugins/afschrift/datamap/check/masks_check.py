"""Find what an answer would show though the map hides it, or say though its rows deny it; no value is shown.

A mask hides nothing where another column, or two together, determine the masked value: rows that agree there
agree in it. Groups of fewer than `LEAST` rows prove nothing, as a key determines everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import NamedTuple

from afschrift.datamap.check.finding import Code, Finding
from afschrift.datamap.check.probe import CheckedSource
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.refutable import is_clear, left_out_recipients, masks_others, person_columns
from afschrift.inventory.table import Table

LEAST = 5
"""Rows that must agree before a value counts as determined."""
ENOUGH = 50
"""Rows with a masked value below which nothing is said."""
MOST_COLUMNS = 40
"""Columns of a table that are compared with each of its masks."""
MOST_PAIRED = 8
"""Of them, those with the fewest values, of which each two are compared with it together."""
_FEW = 10  # of so many rows, one may be in a small group

_GROUPED = frozenset(ValueKind) - {ValueKind.JSON, ValueKind.BINARY}
_OF_OTHERS = frozenset({Code.OTHERS_KEY_GIVEN, Code.ORIGIN_NOT_BY_ROW})


class Grouping(NamedTuple):
    """Rows grouped by a column: by its values, or by whether it has one. `sql` is what to group by."""

    column: str
    sql: str
    words: str


def masks(of: CheckedSource) -> Iterator[Finding]:
    """Yield masks that other columns of the row read through, and what else an answer would refute."""
    for name, table in of.personal():
        for column, known in table.columns.items():
            if masks_others(known) and not table.waits(column):
                words = f"{of.path(name, column)}: whether other columns tell what it hides was not checked"
                found = _determined(of, name, table, column)
                yield from of.unless_unanswered((name, column), words, {Code.MASK_DETERMINED}, found)
        words = f"{of.path(name)}: its rows were not searched for keys of others"
        yield from of.unless_unanswered((name,), words, _OF_OTHERS, _others(of, name, table))
    columns = [(name, column) for name, table in of.personal() for column in table.columns]
    for purpose, name in left_out_recipients(of.declared, columns):
        yield of.finding(
            Code.RECIPIENT_LEFT_OUT,
            (name,),
            f"{of.path(name)}: the purpose {purpose} names no recipient, and one of another has this table",
            f"name that recipient under the recipients of {purpose} too, or of the whole source",
        )


def _determined(of: CheckedSource, name: str, table: Table, masked: str) -> Iterator[Finding]:
    known, groupings = of.catalogue[name], list[Grouping]()
    clear = [c for c in table.columns if c in known and is_clear(table, c) and not known[c].closed]
    for column in clear[:MOST_COLUMNS]:
        sql = of.finder.column(name, column)
        filled = f"CASE WHEN {sql} IS NULL THEN 0 ELSE 1 END"
        groupings.append(Grouping(column, filled, f"whether `{column}` has a value"))
        if known[column].kind in _GROUPED:
            groupings.append(Grouping(column, sql, f"`{column}`"))
    looked = of.rows(name)
    measured = [(grouping, *_measure(of, name, masked, looked.relation, grouping)) for grouping in groupings]
    tellers = [grouping.words for grouping, _, tells in measured if tells]
    if not tellers:
        few = sorted((m for m in measured if m[1] > 1), key=lambda measure: measure[1])[:MOST_PAIRED]
        pairs = ((a, b) for (a, *_), (b, *_) in combinations(few, 2) if a.column != b.column)
        found = (pair for pair in pairs if _measure(of, name, masked, looked.relation, *pair)[1])
        tellers = [" and ".join(grouping.words for grouping in pair) for pair in found]
    if tellers:
        yield of.finding(
            Code.MASK_DETERMINED,
            (name, masked),
            f"{of.path(name, masked)} is masked, and the same row tells it by {'; '.join(tellers[:3])}, "
            f"{looked.words}",
            "mask these too, or give both (`third_party: own_use`) and say why",
        )


def _measure(of: CheckedSource, name: str, masked: str, relation: str, *by: Grouping) -> tuple[int, bool]:
    """Return the number of groups, and whether they determine the masked value."""
    column = of.finder.column(name, masked)
    groups, rows, mixed, small, values = of.numbers(
        "masked_groups.sql",
        relation,
        masked=of.dialect.text(column),
        present=[f"{column} IS NOT NULL", *_in_masked_rows(of, name, masked)],
        by=[grouping.sql for grouping in by],
        least=LEAST,
    )
    return groups, mixed == 0 and rows >= ENOUGH and small * _FEW <= rows and values > 1


def _in_masked_rows(of: CheckedSource, name: str, masked: str) -> Iterator[str]:
    """Yield the condition for the rows that are masked, where a word in the row says so."""
    origin, when = of.declared.tables[name].origin, of.declared.tables[name].columns[masked].when
    if origin is not None and when and origin.person_key is None:
        words = ", ".join(of.dialect.literal(word) for word in when)
        yield f"{of.finder.column(name, origin.by)} IN ({words})"


def _others(of: CheckedSource, name: str, table: Table) -> Iterator[Finding]:
    """Yield columns by which a person would get another person's key, in rows found by another column."""
    person = of.inventory.identity.person
    keys = {c: way for c, way in person_columns(of.declared, name, person).items() if c in of.catalogue[name]}
    of_others = 0
    for column, way in permutations(keys, 2):
        if not keys[way]:
            continue
        looked = of.rows(name)
        columns = [of.finder.column(name, key) for key in (column, way)]
        same = of.finder.equal((name, column, "t"), (name, way, "t"))
        [rows] = of.numbers("differing.sql", looked.relation, columns=columns, same=same)
        of_others = max(of_others, rows if keys[column] else 0)
        if rows and column in table.columns and is_clear(table, column):
            yield of.finding(
                Code.OTHERS_KEY_GIVEN,
                (name, column),
                f"{of.path(name, column)}: {rows:,} {looked.words} have another person here than in `{way}`, "
                "who gets this key in the clear",
                "mask it in the rows of others (`third_party: mask`, with `when`)",
            )
    provided = any(column.origin is Origin.PROVIDED for column in table.columns.values())
    if of_others and table.origin is None and provided:
        yield of.finding(
            Code.ORIGIN_NOT_BY_ROW,
            (name,),
            f"{of.path(name)}: columns count as given by the person in every row, and {of_others:,} "
            f"{of.rows(name).words} are of two persons, of whom one wrote it",
            "say under `origin: {by: ...}` which column holds the author, with `person_key`",
        )
