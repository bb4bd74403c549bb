"""What a scan found, in plain words, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.datamap.scan.proposal import TableRole
from afschrift.datamap.scan.scan_findings import Findings
from afschrift.datamap.scan.source_draft import Draft
from afschrift.domain.language import count

_LISTED = 12


def summary(found: Findings, draft: Draft) -> Iterator[str]:
    """A line a subject."""
    source = found.source
    columns = sum(len(table.columns) for table in source.tables.values())
    views = sum(table.computed for table in source.tables.values())
    parts = sum(table.part_of is not None for table in source.tables.values())
    of_them = [count(views, "view")] * bool(views) + [count(parts, "part")] * bool(parts)
    with_them = f" ({', '.join(of_them)} among them)" if of_them else ""
    yield f"{count(len(source.tables), 'table')}{with_them}, {count(columns, 'column')}."
    if not source.tables:
        yield "There is nothing to describe: see whether the account may see the tables, and `--schema`."
        return
    yield from _people(found, draft)
    yield from _ways(found)
    yield from _columns(draft)
    for note in found.notes:
        yield f"Note: {note}"


def _people(found: Findings, draft: Draft) -> Iterator[str]:
    for root in found.roots:
        yield f"People: {root}, known by {found.people[root].key} ({found.people[root].because})."
    if not found.roots:
        yield "People: no table of people was found. Name it: `--person TABLE` or `--person TABLE:KEY`."
    for name in _of(found, TableRole.OTHER_PEOPLE):
        person = found.people[name]
        yield (
            f"Other people: {name}, known by {person.key} ({person.because}). No way leads from one kind "
            f"to the other; where these are the ones who ask: `--person {name}`."
        )
    if draft.keys:
        yield f"Keys that identity.yml did not have: {', '.join(draft.keys)}."


def _ways(found: Findings) -> Iterator[str]:
    children, look_ups = _of(found, TableRole.CHILD), _of(found, TableRole.LOOKUP)
    guessed = [n for n in (*children, *look_ups) if any(way.guess for way in found.places[n].ways)]
    of_them = f", {len(guessed)} of them by a guess" if guessed else ""
    yield (
        f"Ways: {count(len(children), 'table')} with rows of people, {len(look_ups)} that they point to"
        f"{of_them}; {len(found.copies)} repeat another one."
    )
    if guessed:
        yield f"  Guessed, so look at each: {_some(guessed)}."
    unreached = [n for n in _of(found, TableRole.UNREACHED) if n not in found.copies]
    if unreached:
        yield (
            f"  No way leads to {count(len(unreached), 'table')}, and requests stop there until somebody "
            f"says whose they are: {_some(unreached)}."
        )


def _columns(draft: Draft) -> Iterator[str]:
    columns = [one for table in draft.data["tables"].values() for one in table.get("columns", {}).values()]
    proposed = sum("origin" in one or "protect" in one for one in columns)
    left = len(columns) - proposed
    yield f"Columns: {proposed:,} proposed, {left:,} open. None counts until a person confirms it."


def _of(found: Findings, role: TableRole) -> list[str]:
    return [name for name, place in found.places.items() if place.role is role]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
