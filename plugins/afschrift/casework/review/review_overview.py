"""The tables of a review by what differs, with what officers judged so far."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from afschrift.casework.review.look import Draft, JudgedTable, ReviewLook, read_draft
from afschrift.casework.review.read_table import counted, read_tables
from afschrift.casework.review.view import ReviewTable, ReviewView, view_of
from afschrift.domain.extracted import UPLOADS
from afschrift.domain.redaction import GIVEN_FILES
from afschrift.register.register import Register


@dataclass(frozen=True)
class ReviewOverview:
    """A review at a glance.

    Attributes:
        view: its tables have counts, no rows and no places.
        draft: what officers judged so far.
        differing: tables in which something differs, the most urgent first.
        others: the other tables.
        places, judged: how many places were pointed out, and how many of them were judged.
    """

    view: ReviewView
    differing: tuple[ReviewTable, ...]
    others: tuple[ReviewTable, ...]
    draft: Draft = field(repr=False)
    places: int
    judged: int

    def after(self, table: str) -> str | None:
        """The next table in which a place is not judged yet."""
        names = [t.name for t in self.differing]
        at = names.index(table) + 1 if table in names else 0
        order = [*self.differing[at:], *self.differing[:at]]
        return next((t.name for t in order if t.name != table and self.judged_of(t) < t.places), None)

    def judged_of(self, table: ReviewTable) -> int:
        """How many of a table's places were judged."""
        kept = self.draft.get(table.name, JudgedTable())
        return min(len(kept.places.keys() - kept.named), table.places)


def overview(look: ReviewLook) -> ReviewOverview:
    """A review at a glance, for who looks at all its tables."""
    register = look.officer.register
    view, draft = view_of(look, map(counted, read_tables(look))), read_draft(look)
    earlier, paths = {*_asked_of(register, look.request)}, _changed(register, look.request)
    tables = [
        replace(table, asked=table.name in earlier, changed=_is_of(table.name, paths))
        for table in view.tables
    ]
    tables.sort(key=lambda table: table.rank, reverse=True)
    differing = tuple(table for table in tables if any(table.rank) or table.name in draft)
    found = ReviewOverview(
        view,
        differing,
        tuple(t for t in tables if t not in differing),
        draft,
        sum(t.places for t in tables),
        0,
    )
    return replace(found, judged=sum(map(found.judged_of, tables)))


def _asked_of(register: Register, request_id: str) -> Iterator[str]:
    """Tables of which something was asked before, by a question about their columns."""
    for asked in register.questions.all(open_only=False, request_id=request_id):
        yield from (str(path).rpartition(".")[0] for path in asked.detail.get("columns", ()))


def _changed(register: Register, request_id: str) -> set[str]:
    """Paths of files that differ from those of the bundle before this one; empty: it is the first."""
    bundles: dict[str, set[tuple[str, str]]] = {}
    files: dict[str, dict[str, str]] = {}
    for header, payload in register.trail.events(request_id):
        if header.type == "extracted" and payload:
            files[payload["source"]] = payload.get("files", {})
        elif header.type == "packed" and payload:
            bundles[payload["bundle"]] = {file for of in files.values() for file in of.items()}
    before, now = [*bundles.values()][-2:] if len(bundles) > 1 else (set(), set())
    return {path for path, _ in before ^ now}


def _is_of(table: str, paths: Collection[str]) -> bool:
    source, _, name = table.partition(".")
    given = f"{UPLOADS}/{source}/" if name == GIVEN_FILES else f"{source}/{name}."
    return f"{UPLOADS}/{source}/{name}" in paths or any(path.startswith(given) for path in paths)
