"""Each system that a person searched, as the page shows it: what was found, or why it was not searched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.shown_values import readable
from afschrift.bundle.page.table_views import NAME, file_link, shown_files
from afschrift.bundle.page.words import PageWords
from afschrift.domain.extracted import LEFT_OUT, MASKED
from afschrift.domain.plan import ManualStatus

GIVEN = 200
"""Links to files of a system; the others are in the folder."""

_A_COPY = "copy_of_searched"


@dataclass(frozen=True)
class ManualSourceView:
    """One system.

    Attributes:
        searched: a person searched it.
        text: the result, in a sentence.
        day: the day on which that person answered.
        missing: no person searched it, and it may have data that are nowhere else.
        files: as link, name and warnings; first those with a warning, and of the others the first ones where
            there are many.
        more: number of other files.
        kept_back: number of files that were found and left out, because something in them may run.
        masked: number of those that a reviewer left out.
    """

    title: str
    searched: bool
    text: str
    day: str
    files: tuple[tuple[str, str, tuple[str, ...]], ...]
    more: int
    kept_back: int
    masked: int
    missing: bool


def manual_source_views(contents: Contents, words: PageWords) -> Iterator[ManualSourceView]:
    """The systems in the order of the inventory."""
    zone = contents.inventory.controller.zone
    for planned in contents.plan.manual:
        if planned.status is ManualStatus.OUTSIDE:
            continue  # listed with what is left out
        found = [file for source, file in contents.given if source == planned.source]
        if planned.status is ManualStatus.GIVEN:
            text = words.count("searched_given", len(found))
        elif planned.reason:
            text = words.phrase("searched_reason", planned.reason)
        else:
            text = words.say("searched_found_nothing" if contents.says_none else "searched_none")
        yield ManualSourceView(
            title=contents.source_title(planned.source),
            searched=planned.status is not ManualStatus.NOT_SEARCHED,
            text=text,
            day=words.day(planned.answered_at, zone),
            files=tuple(
                file_link(file, readable(file.name)[:NAME], words) for file in shown_files(found, GIVEN)
            ),
            more=len(found) - len(shown_files(found, GIVEN)),
            kept_back=sum(gone.reason == LEFT_OUT for gone in contents.kept_back(planned.source)),
            masked=sum(gone.reason == MASKED for gone in contents.kept_back(planned.source)),
            missing=planned.status is ManualStatus.NOT_SEARCHED and planned.reason != _A_COPY,
        )
