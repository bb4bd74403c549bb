"""Labels of the rows to which rows on the page refer, read from the staged files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import pyarrow as pa

from afschrift.bundle.contents import Contents, Linked, Row
from afschrift.bundle.page.shown_values import HOPS, RowLink, further_links, key_of, row_links
from afschrift.bundle.sheet.explained_decisions import EARLIER, newest_first
from afschrift.bundle.sheet.sheet import Processing
from afschrift.extraction.staged_rows import StagedTable, matching
from afschrift.staging.encrypted import EncryptedStaging

CUT = 400
"""Characters of a value to keep; the page shows fewer."""

Key = tuple[str, ...]
Target = tuple[str, Key]


def linked_rows(contents: Contents, staging: EncryptedStaging) -> dict[Target, dict[Key, Linked]]:
    """Make `Contents.linked`, for the rows to which the samples refer.

    If the sample of a table has all its rows, the table is not read again; otherwise it is read once, in
    batches. If several rows have the same key and different labels, none of them gets one.
    """
    wanted: dict[Target, set[Key]] = {}
    by_target: dict[Target, RowLink] = {}
    for planned, _ in contents.held:
        for link in row_links(contents, planned).values():
            keys = wanted.setdefault(link.target, set())
            keys.update(filter(None, map(link.key, contents.samples.get(planned.name, ()))))
            by_target[link.target] = link
    found: dict[Target, dict[Key, Linked]] = {}
    for _ in range(HOPS):
        ahead: dict[Target, set[Key]] = {}
        for target, keys in wanted.items():
            if new := keys - found.setdefault(target, {}).keys():
                labels = _unambiguous(_rows(contents, staging, by_target[target], new))
                found[target] |= labels
                for link, key in _further(contents, by_target[target], labels.values()):
                    by_target[link.target] = link
                    ahead.setdefault(link.target, set()).add(key)
        wanted = ahead
    return {target: labels for target, labels in found.items() if labels}


def decision_rows(contents: Contents, staging: EncryptedStaging) -> dict[str, list[Row]]:
    """Make `Contents.decided`: the newest decisions of a table of which the samples are not all its rows."""
    found: dict[str, list[Row]] = {}
    for key, decision in Processing(contents).decisions():
        table, _, column = (decision.outcome or "").rpartition(".")
        written, day = contents.extracted(key[0], table), (decision.at or "").rpartition(".")[2]
        planned = next((e for e in contents.plan.of_source(key[0]) if e.table == table), None)
        if planned and written and len(contents.samples.get(planned.name, ())) < written.rows:
            rows: list[Row] = []
            staged = StagedTable(staging, written, planned.selected, contents.formats)
            for _, batch in staged.batches():
                taken = (row for row in batch.to_pylist() if row.get(column) is not None)
                rows = newest_first([*rows, *taken], day)[: EARLIER + 2]
            found[planned.name] = rows
    return found


def _further(contents: Contents, link: RowLink, labels: Iterable[Linked]) -> Iterator[tuple[RowLink, Key]]:
    """The rows to which label columns of other rows refer."""
    onward = [further_links(contents, link).get(field.name) for field in link.label]
    for label in labels:
        for field, to, value in zip(link.label, onward, label, strict=True):
            if to is not None and (key := to.key({field.name: value})):
                yield to, key


def _unambiguous(rows: Iterator[tuple[Key, Linked]]) -> dict[Key, Linked]:
    labels: dict[Key, Linked] = {}
    ambiguous = set()
    for key, label in rows:
        if labels.setdefault(key, label) != label:
            ambiguous.add(key)
    return {key: label for key, label in labels.items() if key not in ambiguous}


def _rows(
    contents: Contents, staging: EncryptedStaging, link: RowLink, wanted: Collection[Key]
) -> Iterator[tuple[Key, Linked]]:
    """The wanted rows of the other table, with the values of their label."""
    written = contents.extracted(link.to.source, link.to.table)
    if written is None:
        return
    columns = [field.name for field in link.label]
    sample = contents.samples.get(link.to.name, ())
    rows = iter(sample)
    if len(sample) < written.rows:
        staged = StagedTable(staging, written, link.to.selected, contents.formats)
        rows = _staged(staged, [field.name for field in link.theirs], columns, wanted)
    for row in rows:
        key = key_of(row, link.theirs)
        if key is not None and key in wanted:
            yield key, tuple(_cut(row.get(name)) for name in columns)


def _staged(
    table: StagedTable, names: list[str], columns: list[str], wanted: Collection[Key]
) -> Iterator[Mapping[str, str | None]]:
    """The wanted rows, with these columns only."""
    firsts = pa.array(sorted({key[0] for key in wanted}), pa.string())
    for _, batch in table.batches():
        hits = pa.array(matching(batch, names, wanted, firsts), pa.int64())
        if len(hits):
            yield from batch.select(list(dict.fromkeys([*names, *columns]))).take(hits).to_pylist()


def _cut(value: str | None) -> str | None:
    return value if value is None else value[:CUT]
