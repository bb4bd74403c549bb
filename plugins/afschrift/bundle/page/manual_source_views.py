"""Systems that a person searched, as the page tells of them: what was found, or why nobody searched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.active_warnings import shown_files, warnings
from afschrift.bundle.page.shown_values import readable
from afschrift.bundle.page.words import PageWords
from afschrift.domain.plan import ManualStatus as Status

NAME = 120
SHOWN = 200
"""Links to files of one system; the rest is in the folder."""

_A_COPY = "copy_of_searched"


@dataclass(frozen=True)
class ManualSourceView:
    """One system.

    Attributes:
        searched: somebody searched it.
        text: what came of it, in a sentence.
        day: on which day somebody said so.
        missing: nobody searched it, and it may hold what stands nowhere else.
        files: as link, name and warnings; first those with a warning, and of the others the first ones where
            there are many.
        more: how many there are beside them.
        kept_back: how many were found and then left out, since something in them may run.
    """

    title: str
    searched: bool
    text: str
    day: str
    files: tuple[tuple[str, str, tuple[str, ...]], ...]
    more: int
    kept_back: int
    missing: bool


def manual_source_views(contents: Contents, words: PageWords) -> Iterator[ManualSourceView]:
    """The systems in the order of the inventory."""
    zone = contents.inventory.controller.zone
    for one in contents.plan.manual:
        if one.status is Status.OUTSIDE:
            continue  # it stands among what is left out
        found = [file for source, file in contents.given if source == one.source]
        if one.status is Status.GIVEN:
            text = words.count("searched_given", len(found))
        elif one.reason:
            text = words.phrase("searched_reason", one.reason)
        else:
            text = words.say("searched_none")
        yield ManualSourceView(
            title=contents.inventory.manual[one.source].title.get(contents.language),
            searched=one.status is not Status.NOT_SEARCHED,
            text=text,
            day=words.day(one.answered_at, zone),
            files=tuple(
                (
                    quote(f"data/{file.entry.path}"),
                    words.say("file", format=readable(file.name)[:NAME], size=words.size(file.entry.bytes)),
                    warnings(file.active, words),
                )
                for file in shown_files(found, SHOWN)
            ),
            more=len(found) - len(shown_files(found, SHOWN)),
            kept_back=len(contents.kept_back(one.source)),
            missing=one.status is Status.NOT_SEARCHED and one.reason != _A_COPY,
        )
