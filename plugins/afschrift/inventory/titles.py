"""Titles of columns: whether one explains more than the column's name, and the draft of one in words."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from afschrift.inventory.base import Text
from afschrift.outside.read_yaml import read_yaml

_WORD = re.compile(r"[A-ZÀ-Ý]?[a-zà-ÿ]+|[A-ZÀ-Ý]+(?![a-zà-ÿ])|\d+")


def name_words(name: str) -> list[str]:
    """Return the words of a column's name: `orderDate` and `ORDER_DATE` are order, date."""
    return [word.lower() for word in _WORD.findall(name)]


def says_more(title: Text | None, name: str, language: str) -> bool:
    """Whether a title explains a column.

    One that only spells the name in another way does not, unless it is in words of the language: *City* of
    `city` says all there is to say, *Descr* of `descr` does not.
    """
    words = name_words((title.root.get(language) if title else None) or "")
    respells = "".join(words) == "".join(name_words(name))
    return bool(words) and (not respells or set(words) <= _plain_words(language))


@cache
def _vocabulary() -> Mapping[tuple[str, ...], Mapping[str, str]]:
    """Words of a name -> its title by language (`title_words.csv`)."""
    table = files("afschrift.inventory") / "title_words.csv"
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    return {
        tuple(spelling.split()): {"en": row["en"], "nl": row["nl"]}
        for row in rows
        for spelling in row["spellings"].split("|")
    }


@cache
def word_list(name: str) -> frozenset[str]:
    """Return a list of `readable_words.yml`."""
    text = (files("afschrift.inventory") / "readable_words.yml").read_text(encoding="utf-8")
    return frozenset(read_yaml(text)[name])


@cache
def _plain_words(language: str) -> frozenset[str]:
    titles = {title.get(language, "") for title in _vocabulary().values()}
    return frozenset(word for title in titles for word in name_words(title))


_LONGEST = 60


def draft_title(name: str, comment: str, languages: Sequence[str]) -> dict[str, str]:
    """Return a title in every language, of the database's comment and the vocabulary; empty: not in all.

    Args:
        name: of the column.
        comment: of the database; it is the title in the language whose words it has.
        languages: of the controller.
    """
    titles = {language: _composed(name_words(name), language) for language in languages}
    text = " ".join(comment.split()).rstrip(".")
    spoken = set(name_words(text))
    shared = {code: len(spoken & word_list(f"filler_{code}")) for code in ("en", "nl")}
    best = max(shared, key=shared.__getitem__)
    if 0 < len(text) <= _LONGEST and list(shared.values()).count(shared[best]) == 1 and best in titles:
        titles[best] = text
    return (
        {code: title[0].upper() + title[1:] for code, title in titles.items()} if all(titles.values()) else {}
    )


def _composed(words: list[str], language: str) -> str:
    """Return a title of one or two terms of the vocabulary: *order date*, *datum bestelling*."""
    known = _vocabulary()
    if tuple(words) in known:
        return known[tuple(words)].get(language, "")
    for cut in range(1, len(words)):
        pair = [known.get(tuple(words[:cut]), {}), known.get(tuple(words[cut:]), {})]
        if all(pair):
            terms = [term.get(language, "") for term in pair]
            ordered = reversed(terms) if language == "nl" else terms
            return " ".join(ordered) if all(terms) else ""
    return ""
