"""Finds names of people in the warehouse in texts: word by word, and with their capitals.

A text is cut into words; a name is a run of words. `Anne-Marie`, `Anne Marie` and `Anne‑Marie` are the same
run. A name begins and ends at word boundaries: `Jan` is not in `Janssen`. The time to search depends on the
length of the text, and not on the number of names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

import polars as pl

from afschrift.domain.redaction import PointerKind
from afschrift.extraction.finder.patterns import Span, marks

MOST_WORDS = 6
_CAPITAL = r"\b[\p{Lu}\p{Lt}\p{Lo}]\w*"  # Rust's \w and \b: letters, marks, digits and connectors
_STARTS = ("Lu", "Lt", "Lo")
_BETWEEN = re.compile(r"[\s.'’‘`‐‑-]{1,2}")
_CONNECTORS = "\u200c\u200d\u203f\u2040\u2054\ufe33\ufe34\ufe4d-\ufe4f\uff3f"


class NameIndex:
    """Names to search for.

    Args:
        values: names and parts of names, as columns of the warehouse hold them.
        ignored: names that are also words, and mostly mean something else.
    """

    def __init__(self, values: Iterable[str], ignored: Iterable[str] = ()) -> None:
        left_out = {form.casefold() for value in ignored for form in forms(value)}
        self._forms = {f for value in set(values) for f in forms(value) if f.casefold() not in left_out}
        self._first = {form.partition(" ")[0] for form in self._forms}
        self._anchors = pl.Series(sorted({_anchor(form) for form in self._forms}), dtype=pl.String)

    def __len__(self) -> int:
        """How many ways of writing a name there are."""
        return len(self._forms)

    def rows(self, texts: pl.Series) -> Iterable[int]:
        """Positions of the texts that may hold a name: a quick filter that misses none."""
        if not self._forms or not len(texts):
            return ()
        words = pl.DataFrame({"row": pl.int_range(len(texts), eager=True), "word": texts}).select(
            "row", pl.col("word").str.extract_all(_CAPITAL)
        )
        words = words.explode("word").drop_nulls().with_columns(pl.col("word").str.normalize("NFC"))
        found: list[int] = (
            words.filter(pl.col("word").is_in(self._anchors.implode()))["row"].unique().to_list()
        )
        return found

    def spans(self, text: str, own: frozenset[str] = frozenset()) -> Iterator[Span]:
        """Runs of adjacent names, such as a first and a last name, except runs of the person's own names.

        Args:
            text: any text.
            own: words of the person's own names, as `own_words` gives them.
        """
        words = [(m.start(), m.end(), _plain(m.group())) for m in _word().finditer(text)]
        run: list[tuple[int, int, str]] = []
        at = 0
        while at < len(words):
            taken = self._at(text, words, at)
            if taken:
                start, end = words[at][0], words[at + taken - 1][1]
                if run and not _BETWEEN.fullmatch(text, run[-1][1], start):
                    yield from _span_of_run(run, own)
                    run = []
                run.append((start, end, " ".join(word for _, _, word in words[at : at + taken])))
            at += taken or 1
        yield from _span_of_run(run, own)

    def _at(self, text: str, words: list[tuple[int, int, str]], at: int) -> int:
        """Number of words of the longest name that begins at a word; 0 if none does."""
        if words[at][2] not in self._first:
            return 0
        most = 1
        while (
            most < MOST_WORDS
            and at + most < len(words)
            and _BETWEEN.fullmatch(text, words[at + most - 1][1], words[at + most][0])
        ):
            most += 1
        for length in range(most, 0, -1):
            if " ".join(word for _, _, word in words[at : at + length]) in self._forms:
                return length
        return 0


def forms(value: str) -> set[str]:
    """The ways in which a text may write a name, with a space between words and at least one capital.

    A name that the warehouse has in lower case or in capitals is also searched for with usual capitals.
    """
    words = [_plain(word) for word in _word().findall(value)]
    if not 0 < len(words) <= MOST_WORDS or sum(map(len, words)) < 2 or not all(map(_letters, words)):
        return set()
    ways = [words, [_upper(words[0]), *words[1:]]]
    if " ".join(words).islower():
        ways += [[*words[:-1], _upper(words[-1])], [_upper(word) for word in words]]
    elif " ".join(words).isupper() and len(words[0]) > 1:
        ways.append([_upper(word.lower()) for word in words])
    return {" ".join(way) for way in ways if any(map(_starts_a_name, way))}


def own_words(names: Iterable[str]) -> frozenset[str]:
    """The words of the person's own names, so that `Jansen, Jan` is recognised as the person `Jan Jansen`."""
    return frozenset(word.casefold() for name in names for form in forms(name) for word in form.split(" "))


def _span_of_run(run: list[tuple[int, int, str]], own: frozenset[str]) -> Iterator[Span]:
    if run and not all(word.casefold() in own for _, _, form in run for word in form.split(" ")):
        yield Span(run[0][0], run[-1][1], PointerKind.NAME, " ".join(form for _, _, form in run))


def _anchor(form: str) -> str:
    """The word of a name for the quick filter: the longest one with a capital, which is the rarest."""
    return max(filter(_starts_a_name, form.split(" ")), key=len)


def _starts_a_name(word: str) -> bool:
    return unicodedata.category(word[0]) in _STARTS


def _letters(word: str) -> bool:
    return all(unicodedata.category(sign)[0] in "LM" for sign in word)


def _upper(word: str) -> str:
    return word[0].upper() + word[1:]


def _plain(word: str) -> str:
    return word if word.isascii() else unicodedata.normalize("NFC", word)


@cache
def _word() -> re.Pattern[str]:
    r"""A word as Polars defines it: with Unicode's marks, which Python's `\w` does not include."""
    return re.compile(rf"[\w{marks()}{_CONNECTORS}]+")
