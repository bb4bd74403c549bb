"""That a bundle is a part of an answer, in words: what follows and by when, or what it follows (R44, R54)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.left_out import table_title
from afschrift.bundle.page.words import PageWords


@dataclass(frozen=True)
class PortionView:
    """What a person reads first.

    Attributes:
        text: which part it is, in a sentence.
        intro: stands before `names`; may be empty.
        names: titles of the systems that are not in it yet, or of tables that are in it once more.
        more: further sentences.
        together: of the rest of an answer, what both parts are together; empty otherwise.
    """

    text: str
    intro: str
    names: tuple[str, ...]
    more: tuple[str, ...]
    together: str = ""


def portion(contents: Contents, words: PageWords) -> PortionView | None:
    """The view; None where the bundle is the whole answer."""
    plan = contents.plan
    gone = [words.say("part_gone", system=_title(contents, one.source)) for one in plan.gone]
    if plan.later:
        supplements = [
            words.say("part_rest", system=_title(contents, one.source), day=_day(words, one.rest_by))
            for one in plan.later
            if one.source in contents.inventory.sources
        ]
        names = tuple(_title(contents, one.source) for one in plan.later)
        return PortionView(words.say("part_partial"), words.say("part_missing"), names, (*supplements, *gone))
    if not plan.after:
        return None
    zone = contents.inventory.controller.zone
    if not plan.before:
        return PortionView(words.say("part_whole"), "", (), tuple(gone))
    day = words.day(max(one.delivered_at for one in plan.before), zone)
    again = tuple(_again(contents))
    intro = words.say("part_again") if again else ""
    return PortionView(
        words.say("part_supplement", day=day), intro, again, tuple(gone), words.say("part_together", day=day)
    )


def _again(contents: Contents) -> Iterator[str]:
    for table_name in contents.plan.again:
        source, _, table = table_name.partition(".")
        if source in contents.inventory.sources and table in contents.inventory.sources[source].tables:
            yield table_title(contents, source, table)


def _title(contents: Contents, source: str) -> str:
    known = contents.inventory.sources.get(source)
    title = known.title if known is not None else None
    return title.get(contents.language) if title else source


def _day(words: PageWords, day: str) -> str:
    return words.day(f"{day}T12:00:00+00:00", "UTC")
