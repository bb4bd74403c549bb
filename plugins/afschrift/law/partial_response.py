"""An answer in parts: what is not in doubt goes now, the rest follows to the same request (R44, R54)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum

from afschrift.domain.event import digest
from afschrift.domain.plan import Portion
from afschrift.law.clock.facts import FactKind, FactRow, Timeline

KIND = "source_down"
"""Kind of the question about a source that cannot be reached."""

TRY_AGAIN, PARTIAL = OPTIONS = ("try_again", "partial")

DAMAGED_VALUE = "damaged_value"
"""Kind of the question about a column with a value that can be given neither exactly nor as text."""

GIVEN_OTHERWISE = "given_otherwise"
DAMAGED_LATER, DAMAGED_GIVEN = "damaged_later", "damaged_given_otherwise"
"""Reasons why such a column is not in the bundle: it follows, or was given in another way."""


class Given(StrEnum):
    """What is done about a column with a damaged value; data of its fact."""

    AS_TEXT = "as_text"  # the database's own text of each value is given
    NOT = "not"  # there is no text either: it is left for later, or given in another way
    NOT_SEARCHED = "not_searched"  # the damage is in a row that the person may not get: it is not searched


DAMAGES = {
    "wrong_type": "a value that does not fit its type",
    "out_of_range": "a time that the calendar does not have, or that is out of range",
    "no_document": "a document that is no JSON, or that JSON cannot represent",
    "not_utf8": "bytes that are no text in the declared encoding",
    "no_text": "bytes in a column of texts",
    "unreadable": "a value that the database itself cannot read",
}
"""Code of a damage -> what the column holds, in words for officers."""

REST_GONE = "rest_gone"
"""Kind of the question about a promised rest that the inventory no longer holds."""

NOT_HELD = "not_held_any_more"
REST_GONE_OPTIONS = (TRY_AGAIN, NOT_HELD)


class Hindrance(StrEnum):
    """Why a source cannot be left for later: the rest of the answer would not be right without it."""

    KEYS = "keys"  # the person's keys are looked up in it: other systems would be searched by too few
    CONSENTS = "consents"  # it holds the person's consents, on which data of another source depend
    ONLY_SOURCE = "only_source"  # nothing else is there to give
    NOTHING_TO_GIVE = "nothing_to_give"  # the other sources hold nothing that leaves


REMEDIES = {
    Hindrance.KEYS: "bring it back: what other systems hold is found by keys that are looked up in it",
    Hindrance.CONSENTS: "bring it back: it holds the consents on which data of other systems depend",
    Hindrance.ONLY_SOURCE: "bring it back: no other system is left to give from",
    Hindrance.NOTHING_TO_GIVE: "bring it back: the other systems hold nothing to give meanwhile",
}


def about(source: str, tables: Collection[str], number: int) -> str:
    """Digest of what a decision holds for: this source with these tables, asked for the n-th time.

    Args:
        source: its name.
        tables: its personal tables, as the inventory has them.
        number: of earlier decisions about it.
    """
    return digest({"kind": KIND, "source": source, "tables": sorted(tables), "number": number})


def parts(timeline: Timeline) -> tuple[FactRow, ...]:
    """The partial deliveries so far; not those before the whole answer was to be given again."""
    since = timeline.asked_again.number if timeline.asked_again else 0
    return tuple(fact for fact in timeline.of(FactKind.PARTLY_DELIVERED) if fact.number > since)


def used(timeline: Timeline) -> frozenset[str]:
    """Digests decided on for parts that are delivered; those decisions do not count for the next part.

    Nor do they where the whole answer is given again.
    """
    given = timeline.of(FactKind.PARTLY_DELIVERED)
    return frozenset(source["about"] for fact in given for source in fact.detail.get("later", ()))


def awaited(timeline: Timeline) -> tuple[FactRow, date] | None:
    """The last partial delivery of an open request, and by when the rest of it was promised."""
    found = parts(timeline)
    promised = [source["rest_by"] for source in found[-1].detail.get("later", ())] if found else []
    if not promised or not timeline.state.open:
        return None
    return found[-1], date.fromisoformat(max(promised))


def suffix(portion: Portion, earlier: Sequence[str]) -> str:
    """Suffix of the names of files and folders of a part of an answer; empty: the answer is whole."""
    if portion is Portion.FULL:
        return ""
    number = f"-{len(earlier) + 1}" if portion is Portion.PARTIAL and earlier else ""
    return f"-{portion}{number}"
