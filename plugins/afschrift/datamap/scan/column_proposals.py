"""A proposal for each column of a source, by its name, type and comment, and by some of its values."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from afschrift.datamap.scan.bounded import sample_statement, sampled
from afschrift.datamap.scan.label_columns import label_columns
from afschrift.datamap.scan.proposal import ColumnProposal, TableRole, propose
from afschrift.datamap.scan.reader import NotAnsweredError, NotReachedError, StatementRunner
from afschrift.datamap.scan.sample import TextSample
from afschrift.datamap.scan.scan_findings import Findings
from afschrift.datamap.scan.schema import ScannedTable
from afschrift.datamap.scan.written_ways import role_found

_EVERY = 10.0
"""Seconds between two words on how far it is."""

Proposals = Mapping[str, Mapping[str, ColumnProposal]]
"""Table -> column -> what it is taken for."""


def propose_columns(
    reader: StatementRunner,
    found: Findings,
    region: str,
    *,
    values: bool,
    say: Callable[[str], None],
    written: Mapping[str, TableRole] | None = None,
) -> Proposals:
    """Of every table that repeats none.

    Args:
        reader: of the source, opened.
        found: by the scan; what cannot be read is added to its notes, and what rows are called to its labels.
        region: country of telephone numbers that are written without one.
        values: whether values may be looked at.
        say: is told how far the work is.
        written: tables to which only a way leads that a person wrote.
    """
    tables = [table for name, table in found.source.tables.items() if name not in found.copies]
    values, told = values and not found.lost, time.monotonic()
    proposals, lists = {}, _lists(found)
    for number, table in enumerate(tables):
        samples: dict[str, TextSample] = {}
        if values:
            try:
                samples = dict(_samples(reader, table, region))
            except NotReachedError as error:
                values, found.lost = False, True
                found.notes.append(
                    f"The source was lost after {number} of {len(tables)} tables, and of the others no value "
                    f"was looked at: {error.args[0]}"
                )
            except NotAnsweredError as error:
                found.notes.append(f"No value of {table.name} was looked at: {error.args[0]}")
        role = (written or {}).get(table.name) or role_found(found, table.name)
        proposals[table.name] = {
            column.name: propose(
                table,
                replace(column, points_to=lists.get((table.name, column.name), "")),
                role,
                samples.get(column.name),
            )
            for column in table.columns
        }
        found.labels[table.name] = label_columns(found, table, proposals[table.name], samples)
        if time.monotonic() - told > _EVERY:
            told = time.monotonic()
            say(f"Looked at {number + 1:,} of {len(tables):,} tables.")
    return proposals


def _lists(found: Findings) -> dict[tuple[str, str], str]:
    """Table and column of each pointer to a look-up table -> that table: its number is nobody's."""
    keys = [(key.table, key.columns, key.parent) for key in found.source.foreign_keys]
    ways = [(way.table, way.columns, name) for name, place in found.places.items() for way in place.ways]
    return {
        (table, columns[0]): to
        for table, columns, to in (*keys, *ways)
        if len(columns) == 1 and to in found.places and found.places[to].role is TableRole.LOOKUP
    }


def _samples(reader: StatementRunner, table: ScannedTable, region: str) -> Iterator[tuple[str, TextSample]]:
    """Column -> its values as they come, without NULL and empty ones: that few come again says something."""
    columns = sampled(table)
    if not columns:
        return
    rows = reader.rows(sample_statement(reader.dialect, table, columns))
    for column, values in zip(columns, zip(*rows, strict=True) if rows else (), strict=False):
        texts = (str(value) for value in values if value is not None)
        yield column.name, TextSample(tuple(text for text in texts if text.strip()), region)
