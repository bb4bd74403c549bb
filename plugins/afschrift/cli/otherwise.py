"""What a person says otherwise at the terminal of a review: a key asks, and `y` writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer

from afschrift.cli.one_key import key, typed
from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.offered import (
    ORIGINS,
    meaning_of,
    must_be_category,
    must_take_meaning,
    others_offered,
    words_of_others,
)
from afschrift.domain.errors import ConfigurationError

Ask = Callable[[Group, dict[str, Any], Sequence[str]], None]
"""Asks about a question, and puts what is said into its words; the last: languages of the controller."""


def _origin(group: Group, words: dict[str, Any], _languages: Sequence[str]) -> None:
    if chosen := _chosen({origin.value: meant for origin, meant in ORIGINS.items()}):
        _say(group, words, origin=chosen)


def _category(group: Group, words: dict[str, Any], _languages: Sequence[str]) -> None:
    if given := typed("  Category, such as user.contact.email"):
        must_be_category(given)
        _say(group, words, category=given)


def _others(group: Group, words: dict[str, Any], _languages: Sequence[str]) -> None:
    _must_be_columns(group)
    if chosen := _chosen(others_offered(group)):
        for word in ("about", "third_party"):
            words.pop(word, None)
        _say(group, words, **words_of_others(group, chosen))


def _meaning(group: Group, words: dict[str, Any], languages: Sequence[str]) -> None:
    _must_be_columns(group)
    must_take_meaning(group)
    typer.echo("  Range, what high means, what it is used for: the person reads it. Empty: no meaning.")
    words.pop("meaning", None)
    texts: dict[str, str] = {}
    for language in languages:
        texts[language] = typed(f"  Meaning ({language})")
        if not texts[language]:
            return
    words["meaning"] = meaning_of(texts, languages)
    typer.echo(f"  {'meaning':<12}as you typed it   (y writes it)")


ASKS: Mapping[str, Ask] = {"o": _origin, "c": _category, "t": _others, "m": _meaning}


def _chosen(offered: Mapping[str, str]) -> str:
    """What somebody chose by its number; empty: nothing."""
    for number, (code, meant) in enumerate(offered.items(), start=1):
        typer.echo(f"  {number} {code:<14}{meant}")
    pressed = key()
    inside = pressed.isdecimal() and 0 < int(pressed) <= len(offered)
    return list(offered)[int(pressed) - 1] if inside else ""


def _say(group: Group, words: dict[str, Any], **said: str) -> None:
    _must_be_columns(group)
    words |= said
    for word, value in said.items():
        typer.echo(f"  {word:<12}{value}   (y writes it)")


def _must_be_columns(group: Group) -> None:
    if group.is_table:
        raise ConfigurationError("This asks about a table.", remedy="describe its columns in the file.")
