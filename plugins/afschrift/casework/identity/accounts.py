"""The questions whose keys and accounts these are, and what they show of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from afschrift.casework.officer import Officer
from afschrift.domain.language import gettext, in_served, say
from afschrift.domain.notation import count
from afschrift.questions.kind import QuestionKind
from afschrift.questions.view import NOTHING_KEPT, Kept, Line, Section, in_words
from afschrift.register.records import QuestionRow

SEVERAL_PERSONS = QuestionKind(
    "several_persons",
    "Several accounts",
    "The keys lead to several accounts. Whose are they?",
    {
        "all_accounts": "All of them are this person's, and are read.",
        "only_given": "Only those that the person gave a number for are read.",
        "none": "None of them is read.",
    },
    note="It shows each account, by which keys it was reached and since when, and the rows of each.",
)

SHARED_KEY = QuestionKind(
    "shared_key",
    "A key that others use too",
    "Another person uses this key as well. Do the rows leave that are found by it?",
    {
        "include": "The rows belong to what this person used, and giving them harms no one else (Art. 15(4), "
        "20(4)): the key is followed.",
        "exclude": "They may be another's, or giving them would harm another: the key is left out, and rows "
        "found by it alone stay.",
    },
    note="It shows the key, when it was the person's, how many others use it, and by table how many rows it "
    "finds and how many nothing else finds.",
)

KINDS = (SEVERAL_PERSONS, SHARED_KEY)


def shared_key_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """Which key it is, when it was the person's, by how many others it is used, and what it finds."""
    kept = officer.register.questions.kept(question.id)
    if not kept:
        return (NOTHING_KEPT,)
    title = key_title(officer, question.detail["key"])
    several = len(kept["values"]) > 1
    values = tuple(
        Section(
            f"{title} {number}" if several else title,
            (
                Line("Value", value, Kept.MASKED),
                Line("This person's", _interval(since, until), Kept.ROLE),
                Line("Used at the same time by", count(others, "other account")),
            ),
        )
        for number, (value, since, until, others) in enumerate(kept["values"], 1)
    )
    heads = ("Table", "Rows that it finds", "Rows that nothing else finds")
    found = Section("What is found by it", _no_rows(kept), heads, _table_rows(kept))
    return (*values, found)


def several_persons_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """Each account: its number, what led to it and since when; and the rows of each by table."""
    kept = officer.register.questions.kept(question.id)
    if not kept:
        return (NOTHING_KEPT,)
    person = officer.inventory.identity.person
    accounts = tuple(
        Section(f"Account {number}", tuple(_account(officer, key_title(officer, person), account)))
        for number, account in enumerate(kept["accounts"], 1)
    )
    heads = ("Table", *(f"Rows of account {number}" for number in range(1, len(accounts) + 1)))
    more = (Line("Not shown here", count(kept["more"], "further account")),) if kept["more"] else ()
    return (*accounts, Section("What is held of each", (*more, *_no_rows(kept)), heads, _table_rows(kept)))


def _account(officer: Officer, title: str, account: Mapping[str, Any]) -> Iterator[Line]:
    yield Line(title, account["value"], Kept.MASKED)
    yield Line("Given with the request", in_words(account["given"]))
    for name, value, since, until in account["by"]:
        yield Line(f"Reached by {key_title(officer, name)}", value, Kept.MASKED)
        yield Line("Which was the requester's", _interval(since, until), Kept.ROLE)
    if not account["given"] and not account["by"]:
        yield Line("Reached by", "another account of this request")


def key_title(officer: Officer, name: str) -> str:
    """A key by its title, or else by its name."""
    declared = officer.inventory.identity.keys.get(name)
    return (in_served(declared.title) if declared is not None else "") or in_words(name)


def _interval(since: str | None, until: str | None) -> str:
    if since is None and until is None:
        return gettext("no days are known")
    if not until:
        return say(f"from {since[:10] if since else ''} on")
    return say(f"from {since[:10]} until {until[:10]}" if since else f"until {until[:10]}")


def _table_rows(kept: Mapping[str, Any]) -> tuple[tuple[str | int, ...], ...]:
    return tuple(tuple(row) for row in kept["tables"])


def _no_rows(kept: Mapping[str, Any]) -> tuple[Line, ...]:
    return () if kept["tables"] else (Line("Rows", "none in any table"),)
