"""The statement on the search: where, by what and when an answer was searched for, and where not (R08)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from afschrift.bundle.contents import Contents
from afschrift.bundle.description.coverage import Status
from afschrift.bundle.page.left_out import OUTSIDE, unread, unreadable_columns
from afschrift.bundle.page.shown_values import readable
from afschrift.bundle.page.words import PageWords, zone_name
from afschrift.domain.keys import Key, KeyMatch, key_form
from afschrift.domain.plan import ExtractPlan, ManualStatus, Withheld
from afschrift.inventory.base import Text
from afschrift.inventory.model import Inventory
from afschrift.selection.identifiers import kind_of, own_columns

MOST = 10
"""Values of a key that are named; the others are counted."""
LENGTH = 120
_WHO = ("user.name", "user.contact.email", "user.contact.phone_number")
"""Fides categories of what says who a person is."""
_PROTECTED = frozenset({"payment_masked", "security_secret", "person_decided"})
"""Reasons for which the files do not show a column, so that its values are shortened here."""


@dataclass(frozen=True)
class SearchStatement:
    """The statement in words.

    Attributes:
        when: the day of the search, and in which tables people are looked up.
        systems: each system that was searched.
        keys: what was searched for: each value with its time.
        elsewhere: what was not searched, and why.
        log: whether a log is kept of the employees who looked at the data.
    """

    when: tuple[str, ...]
    systems: tuple[str, ...]
    keys: tuple[str, ...]
    elsewhere: tuple[str, ...]
    log: str


def search_statement(contents: Contents, words: PageWords) -> SearchStatement:
    """The statement on an answer. Nothing in it depends on what a hidden restriction keeps back (R84)."""
    inventory, language = contents.inventory, contents.language
    return SearchStatement(
        when=tuple(_when(contents, words)),
        systems=tuple(_systems(contents, words)),
        keys=(*_keys(contents, words), *_identifiers(contents, words)),
        elsewhere=(*_not_reached(contents, words), *never_searched(inventory, words, language)),
        log=_log(contents, words),
    )


def key_line(key: Key, inventory: Inventory, words: PageWords, language: str, *, short: bool = False) -> str:
    """A key with its value and the time in which it was the person's."""
    declared, zone = inventory.identity.keys.get(key.name), inventory.controller.zone
    title = declared.title.get(language) if declared and declared.title else key.name
    value = shortened(key.value) if short else readable(key.value)[:LENGTH]
    line = f"{title}: {value}"
    since, until = (words.local_time(at, zone) or at if at else "" for at in (key.valid_from, key.valid_to))
    if not since and not until:
        return line
    which = "search_between" if since and until else "search_from" if since else "search_until"
    return words.say(which, line=line, since=since, until=until, place=zone_name(zone))


def never_searched(inventory: Inventory, words: PageWords, language: str) -> Iterator[str]:
    """Places that no request searches, by the controller, and kinds of places that nothing is said of."""
    scope = inventory.controller.search
    for place in scope.not_searched:
        kept = place.kept.get(language) if place.kept else ""
        key = "search_copy" if kept else "search_place"
        yield words.say(key, place=place.name.get(language), why=place.why.get(language), kept=kept)
    yield from (words.phrase("search_none", medium) for medium in scope.none)
    searched = {source.medium for source in inventory.manual.values()}
    yield from (words.phrase("search_unstated", medium) for medium in scope.unstated(searched))


def _read(contents: Contents) -> tuple[str, ...]:
    """The sources that were read or searched, in the order of the inventory."""
    found = {extract.source for extract in contents.extracts}
    return tuple(name for name in contents.inventory.sources if name in found)


def _when(contents: Contents, words: PageWords) -> Iterator[str]:
    zone, read = contents.inventory.controller.zone, _read(contents)
    moments = [at for source, at in contents.seal.snapshots.items() if source in read]
    if moments:
        first, last = (words.day(at, zone) for at in (min(moments), max(moments)))
        yield words.say("search_day" if first == last else "search_days", first=first, last=last)
    person = contents.inventory.identity.person
    people = [
        contents.table_title(source, table)
        for source in read
        for table in dict.fromkeys(name for name, _ in own_columns(contents.source(source), person, _WHO))
    ]
    if people:
        yield words.say("search_people", tables=", ".join(f"‘{title}’" for title in people))


def _systems(contents: Contents, words: PageWords) -> Iterator[str]:
    language, zone = contents.language, contents.inventory.controller.zone
    for source in _read(contents):
        recipients = contents.source(source).recipients
        names = [r.name or (r.group.get(language) if r.group else "") for r in recipients if not r.tables]
        title, named = contents.source_title(source), ", ".join(filter(None, names))
        yield words.say("search_served", system=title, names=named) if named else title
    for planned in contents.plan.manual:
        if planned.status not in (ManualStatus.OUTSIDE, ManualStatus.NOT_SEARCHED):
            day = words.say("searched_on", day=words.day(planned.answered_at, zone))
            yield f"{contents.source_title(planned.source)}. {day}"
    for name in _before(contents):
        yield words.say("search_before", system=contents.source_title(name))


def _before(contents: Contents) -> list[str]:
    """Systems that were searched for an earlier part of the answer."""
    found = [entry.source for entry in contents.plan.before if entry.status != Status.NOT_SEARCHED]
    return [name for name in dict.fromkeys(found) if name not in _read(contents)]


def _keys(contents: Contents, words: PageWords) -> Iterator[str]:
    inventory, short = contents.inventory, _protected(contents)
    for name, group in groupby(contents.keys, key=lambda key: key.name):
        keys = list(group)
        for key in keys[:MOST]:
            yield key_line(key, inventory, words, contents.language, short=name in short)
        if len(keys) > MOST:
            yield words.count("search_more", len(keys) - MOST)


def _protected(contents: Contents) -> set[str]:
    """Names of keys with a column of which the answer does not show the values, because of what it holds."""
    parts: list[ExtractPlan | Withheld] = [*contents.plan.extracts, *contents.plan.withheld]
    fields = [(field, contents.table(part.source, part.table)) for part in parts for field in part.fields]
    kept = [(field.name, table) for field, table in fields if field.reason in _PROTECTED]
    return {key for name, table in kept for key, link in table.subject.items() if link.column == name}


def _identifiers(contents: Contents, words: PageWords) -> Iterator[str]:
    """Addresses and numbers of the person's own record for which texts were searched, shortened."""
    known = {key_form(key.value, KeyMatch.EMAIL) for key in contents.keys}
    region = contents.inventory.controller.country
    found = [
        shortened(value)
        for value in sorted(contents.identifiers)
        if key_form(value, KeyMatch.EMAIL) not in known and kind_of(value, region, described=True)
    ]
    if found and any(extract.searched is not None for extract in contents.extracts):
        yield words.say("search_texts", values=", ".join(found))


def shortened(value: str) -> str:
    """A value by which its owner recognises it, and no one else learns it."""
    text = readable(value)[:LENGTH]
    _, at, host = text.rpartition("@")
    return f"{text[:2]}…{at}{host}" if at else f"{text[:2]}…{text[-2:]}" if len(text) > len("12…34") else "…"


def _not_reached(contents: Contents, words: PageWords) -> Iterator[str]:
    """Systems, tables and columns that this answer could not search, or does not have to."""
    plan, known = contents.plan, {*_read(contents), *_before(contents)}
    known |= {planned.source for planned in plan.manual}
    yield from unreadable_columns(contents, words, "column_unread")
    for name in (*contents.inventory.sources, *contents.inventory.manual):
        if name not in known:
            key = "search_later" if name in plan.unopened else "search_nothing"
            yield words.say(key, system=contents.source_title(name))
    for title in unread(contents, Status.NOT_SEARCHED):
        yield words.say("search_nothing", system=title)
    for planned in plan.manual:
        if planned.reason:
            yield not_searched(contents.source_title(planned.source), planned.reason, words)


def not_searched(system: str, reason: str, words: PageWords) -> str:
    """Why people did not search a system, or did not have to, by the code of the reason."""
    if reason in OUTSIDE:
        return words.say("search_outside", system=system, why=words.phrase("left_out", OUTSIDE[reason]))
    return f"{system}: {words.phrase('searched_reason', reason)}"


def _log(contents: Contents, words: PageWords) -> str:
    log, contact = contents.inventory.controller.search.access_log, contents.inventory.controller.contact
    if isinstance(log, str):
        return words.say("log_table", table=contents.table_title(*log.split(".", 1)))
    if isinstance(log, Text):
        return words.say("log_kept", why=log.get(contents.language))
    return words.say("log_none") if log is False else words.say("log_unstated", contact=contact)
