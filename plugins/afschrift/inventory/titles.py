"""Titles of columns: whether one explains more than the column's name, and the draft of one in words."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files

from afschrift.domain.name_parts import singulars
from afschrift.inventory.base import Text
from afschrift.outside.read_yaml import packaged

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
    return frozenset(packaged("afschrift.inventory", "readable_words.yml")[name])


def ends_with(name: str, words: Collection[str]) -> bool:
    """Whether one of a name's last two words is one of these, or a Dutch compound that ends with one."""
    ends = tuple(word for word in words if len(word) > _SHORTEST + 1)
    return any(word in words or word.endswith(ends) for word in name_words(name)[-2:])


@cache
def _plain_words(language: str) -> frozenset[str]:
    titles = {title.get(language, "") for title in _vocabulary().values()}
    return frozenset(word for title in titles for word in name_words(title)) | {*"0123456789"}


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


def draft_table_title(name: str, comment: str, languages: Sequence[str]) -> dict[str, str]:
    """Return a title of a table as `draft_title` does; its name may be a plural."""
    *start, last = name_words(name) or [""]
    names = ("_".join([*start, word]) for word in (last, *sorted(singulars(last))))
    return next(filter(None, (draft_title(name, comment, languages) for name in names)), {})


def _composed(words: Sequence[str], language: str) -> str:
    """Return a title of terms of the vocabulary: *order date*, *datum bestelling*; empty: one is missing."""
    if words[1:] and words[0] in ("num", "aantal"):
        words = ["count", "of", *words[1:]]
    words = [word for word in words if word not in word_list("silent")] or words
    terms = [term.get(language, "") for term in _terms(tuple(words))]
    if language == "en" and terms[-1:] == ["number"] and " of " in "".join(terms[-2:-1]):
        terms = ["number of the", *terms[:-1]]
    if language == "nl" and terms and not _keeps_order(terms):
        terms.reverse()
        if len(terms) == 2 and terms[0] == "nummer" and " " not in terms[1]:
            terms = [terms[1] + ("s" if terms[1].endswith(tuple(word_list("linked"))) else "") + terms[0]]
    return " ".join(terms) if all(terms) else ""


def _keeps_order(terms: Sequence[str]) -> bool:
    return terms[0] in word_list("order_kept") or terms[-1].isdigit() or terms[-1] in word_list("after")


_MOST, _SHORTEST = 4, 3


@lru_cache(maxsize=50_000)
def _terms(words: tuple[str, ...], most: int = _MOST) -> Sequence[Mapping[str, str]]:
    """Return the fewest terms that spell a name, also within a word; empty: there are none."""
    known = _vocabulary()
    if words in known and not (most < _MOST and words[0] in word_list("alone")):
        return (known[words],)
    if len(words) == 1 and words[0].isdigit():
        return (dict.fromkeys(("en", "nl"), words[0]),)
    cuts = [(words[:cut], words[cut:]) for cut in range(len(words) - 1, 0, -1)]
    if len(words) == 1:
        [word] = words
        cuts = [((word[:cut],), (word[cut:],)) for cut in range(len(word) - 2, _SHORTEST - 1, -1)]
    found = [
        (*first, *rest)
        for start, end in cuts
        if most > 1 and (first := _terms(start, 1 if len(words) == 1 else most - 1))
        if most > len(first) and (rest := _terms(end, most - len(first)))
    ]
    terms = min(found, key=len, default=())
    if terms and len(words) == 1 and words[0] == "".join(term["nl"] for term in terms):  # a Dutch compound
        return ({"en": " ".join(term["en"] for term in terms), "nl": words[0]},)
    return terms
