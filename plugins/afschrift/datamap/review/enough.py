"""Whether an answer says enough to be written, and what is still to be said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from afschrift.datamap.review.groups import Group
from afschrift.domain.decision import About, Protect
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.origin import Origin

COMPUTED = (Origin.DERIVED, Origin.INFERRED)
"""Origins of which a person is told what the value means."""


class Lack(StrEnum):
    """What only a person can say, and nobody said yet."""

    ORIGIN = "origin"
    OTHERS = "others"
    MEANING = "meaning"


_MISSING = {
    Lack.ORIGIN: ("Nobody said yet where it comes from.", "say an origin first."),
    Lack.OTHERS: (
        "Nobody said yet how the data about others in it are treated, so every request would ask.",
        "say it first, or that it is not about others.",
    ),
    Lack.MEANING: ("What is derived or inferred needs a meaning.", "say first what the value means."),
}


def lacking(group: Group, words: Mapping[str, Any]) -> Iterator[Lack]:
    """What a person must say before the answer can be written.

    Args:
        group: the question.
        words: what is said otherwise than was proposed.
    """
    if lacks_origin(group, words):
        yield Lack.ORIGIN
    if _lacks_others(group, words):
        yield Lack.OTHERS
    said = {**group.said, **words}
    if said.get("origin") in COMPUTED and not said.get("meaning") and takes_meaning(group):
        yield Lack.MEANING


def lacks_origin(group: Group, words: Mapping[str, Any]) -> bool:
    """Whether nobody said yet where its columns come from; a secret needs no origin."""
    return not group.is_table and not {**group.said, **words}.get("origin") and "protect" not in group.said


def takes_meaning(group: Group) -> bool:
    """Whether a meaning may be said: none of its columns has one, and it is no secret."""
    known = group.said.get("meaning") or "meaning" in group.varied
    return not group.is_table and not known and not _is_secret(group)


def must_say_enough(group: Group, words: Mapping[str, Any]) -> None:
    """Make sure that an answer can be written.

    Args:
        group: the question.
        words: what is said otherwise than was proposed.

    Raises:
        ConfigurationError: an origin, the treatment of others' data or a meaning is missing; a meaning is
            said where none belongs; or a table is said to be something else.
    """
    if group.is_table and words:
        raise ConfigurationError("This asks about a table.", remedy="describe its columns in the file.")
    for lack in lacking(group, words):
        text, remedy = _MISSING[lack]
        raise ConfigurationError(text, remedy=remedy)
    if "meaning" in words and {**group.said, **words}.get("origin") not in COMPUTED:
        raise ConfigurationError(
            "A meaning goes with what is derived or inferred.", remedy="say such an origin, or no meaning."
        )
    if "meaning" in words:
        must_take_meaning(group)


def must_take_meaning(group: Group) -> None:
    """Make sure that a meaning may be said; what somebody wrote of one of its columns is not written over.

    Raises:
        ConfigurationError: there is one, or it is a secret.
    """
    if not takes_meaning(group):
        raise ConfigurationError(
            "There is a meaning already, or it is a secret.", remedy="write it into the file by hand."
        )


def _lacks_others(group: Group, words: Mapping[str, Any]) -> bool:
    """Whether it is about others, may leave, and nobody said how it does (R31, R32)."""
    said = {**group.said, **words}
    stays = _is_secret(group) or said.get("origin") == Origin.NOT_PERSONAL
    return said.get("about") == About.THIRD_PARTY and not said.get("third_party") and not stays


def _is_secret(group: Group) -> bool:
    return group.said.get("protect") == Protect.SECRET
