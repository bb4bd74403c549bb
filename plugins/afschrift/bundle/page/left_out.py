"""What a bundle leaves out, by reason and in words (R19)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from afschrift.bundle.contents import Contents, SharedKey
from afschrift.bundle.description.coverage import Status, TableCoverage, coverage
from afschrift.bundle.page.words import PageWords
from afschrift.domain.extracted import MENTIONED
from afschrift.domain.plan import Later

NOT_ABOUT_THE_PERSON = "not_personal"
ROWS = "rows_not_from_you"
SHARED = "shared_key"
OTHER_HOLDER = "other_holder"
OUTSIDE = {
    "on_paper": "not_automated",
    "not_from_the_person": "searched_not_from_you",
    "own_limits": "own_limitation",
}
"""Why a request does not cover a system that is searched by hand -> key of the reason's phrase."""


@dataclass(frozen=True)
class LeftOutReason:
    """One reason with the columns that it holds for.

    Attributes:
        reason: code of the decision.
        text: the reason in words.
        law: the article on which it rests, in words; may be empty.
        whys: the map's own reasons for columns.
        tables: title of a table -> titles of its columns; empty if whole rows are meant.
        maybe: titles of tables that were not read, so it is not known whether the person has rows there.
    """

    reason: str
    text: str
    tables: dict[str, tuple[str, ...]]
    maybe: tuple[str, ...] = ()
    law: str = ""
    whys: tuple[str, ...] = ()


def left_out(contents: Contents, words: PageWords) -> tuple[LeftOutReason, ...]:
    """The reasons, in the order of their first use."""
    found: dict[str, dict[str, list[str]]] = {}
    unread_tables: dict[str, dict[str, None]] = {}
    whys: dict[str, dict[str, None]] = {}
    for reason, table, column, was_read, why in _items(contents, words):
        if why:
            whys.setdefault(reason, {})[why] = None
        if not was_read:
            unread_tables.setdefault(reason, {})[table] = None
        columns = found.setdefault(reason, {}).setdefault(table, [])
        if column and column not in columns:
            columns.append(column)
    shared = [_of_shared_key(contents, words, key) for key in contents.shared if not key.given]
    others = (
        LeftOutReason(
            reason,
            words.phrase("left_out", reason),
            {t: tuple(c) for t, c in tables.items()},
            tuple(unread_tables.get(reason, ())),
            words.law(reason, contents.plan.right),
            tuple(whys.get(reason, ())),
        )
        for reason, tables in found.items()
    )
    return *shared, *others


def _of_shared_key(contents: Contents, words: PageWords, key: SharedKey) -> LeftOutReason:
    tables: dict[str, tuple[str, ...]] = {
        contents.table_title(*table.split(".", 1)): (words.count("rows", rows),)
        for table, rows in key.rows.items()
    }
    whys = (f"{key_title(contents, key.name)}: {', '.join(key.values)}",)
    return LeftOutReason(
        SHARED,
        words.phrase("left_out", SHARED),
        tables,
        law=words.law(SHARED, contents.plan.right),
        whys=whys,
    )


def key_title(contents: Contents, name: str) -> str:
    """Title of a kind of keys in the person's language, or else its name."""
    title = contents.inventory.identity.keys[name].title
    return title.get(contents.language) if title else name


def unread(contents: Contents, status: Status) -> tuple[str, ...]:
    """Titles of the tables with a status."""
    return tuple(contents.table_title(e.source, e.table) for e in coverage(contents) if e.status is status)


def unreadable_columns(contents: Contents, words: PageWords, sentence: str) -> Iterator[str]:
    """Columns that are left for later, each in a sentence."""
    later = (entry for entry in contents.plan.later if entry.place)
    yield from (words.say(sentence, **column_titles(contents, entry)) for entry in later)


def column_titles(contents: Contents, later: Later) -> dict[str, str]:
    """Titles of a column that is left for later, and of its table."""
    table, _, column = later.place.rpartition(".")
    title = contents.column_title(later.source, table, column)
    return {"column": title, "table": contents.table_title(later.source, table)}


def _items(contents: Contents, words: PageWords) -> Iterator[tuple[str, str, str | None, bool, str]]:
    by_row = {
        (e.source, e.table) for e in contents.plan.extracts if e.row_rule and not e.row_rule.get("whole")
    }
    for entry in coverage(contents):
        title = contents.table_title(entry.source, entry.table)
        if contents.plan.right.terms.provided_only and (entry.source, entry.table) in by_row:
            yield ROWS, title, None, True, ""
        for name, rows in entry.mentions.items():
            column = contents.column_title(entry.source, entry.table, name)
            known = contents.column(entry.source, entry.table, name)
            own = known.mentions.not_shown if known.mentions else None
            why = own.get(contents.language) if own else ""
            yield MENTIONED, title, words.count("left_out_rows", rows, column=column), True, why
        if _may_be_held(entry):
            for field in entry.left_out:
                held = contents.may_hold(entry.source, entry.table, field.name)
                if held and field.reason != NOT_ABOUT_THE_PERSON:
                    column = contents.column_title(entry.source, entry.table, field.name)
                    own = contents.column(entry.source, entry.table, field.name).not_shown
                    why = own.get(contents.language) if own and field.reason == "security_secret" else ""
                    yield field.ground, title, column, entry.status is Status.ROWS, why
    yield from _of_other_holders(contents)
    yield from _not_asked(contents)


def _of_other_holders(contents: Contents) -> Iterator[tuple[str, str, str | None, bool, str]]:
    """Columns in which rows of others may have a value of the person; the same in each answer (R31)."""
    for source, file in contents.inventory.sources.items():
        for table, described in file.tables.items():
            for name, column in described.columns.items():
                if column.mentions and not column.mentions.disclosed:
                    title = contents.column_title(source, table, name)
                    yield OTHER_HOLDER, contents.table_title(source, table), title, True, ""


def _not_asked(contents: Contents) -> Iterator[tuple[str, str, str | None, bool, str]]:
    """Systems that were not searched, because the request does not cover them."""
    for planned in contents.plan.manual:
        if planned.reason in OUTSIDE:
            yield (
                OUTSIDE[planned.reason],
                contents.source_title(planned.source),
                None,
                False,
                "",
            )


def _may_be_held(entry: TableCoverage) -> bool:
    """Whether the columns left out may hold data: a table without rows has none in other columns either."""
    return entry.status in (Status.ROWS, Status.WITHHELD)
