"""Names of people whom the warehouse knows, found in texts: word by word, with their capitals.

A text is cut into words; a name is a run of words. `Anne-Marie`, `Anne Marie` and `Anne‑Marie` are the same
run. A name begins and ends with a word: `Jan` is not in `Janssen`. Looking takes time by the length of the
text, however many names there are.
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
    """Names to look for.

    Args:
        values: names and parts of names, as columns of the warehouse hold them.
        ignored: words that are a name too and mostly mean something else.
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
        """Places of the texts in which a name may be: a quick look, which misses none."""
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
        """Runs of names beside each other, such as a first and a last name, without those that are all own.

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
                    yield from _ended(run, own)
                    run = []
                run.append((start, end, " ".join(word for _, _, word in words[at : at + taken])))
            at += taken or 1
        yield from _ended(run, own)

    def _at(self, text: str, words: list[tuple[int, int, str]], at: int) -> int:
        """How many words the longest name has that begins at a word; 0: none does."""
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
    """How a name may be written in a text, its words with a space between; none of it without a capital.

    A name that the warehouse holds in small letters or in capitals alone is looked for with the usual ones.
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
    """The words of the person's own names: `Jansen, Jan` is the person known as `Jan Jansen` alone."""
    return frozenset(word.casefold() for name in names for form in forms(name) for word in form.split(" "))


def _ended(run: list[tuple[int, int, str]], own: frozenset[str]) -> Iterator[Span]:
    if run and not all(word.casefold() in own for _, _, form in run for word in form.split(" ")):
        yield Span(run[0][0], run[-1][1], PointerKind.NAME, " ".join(form for _, _, form in run))


def _anchor(form: str) -> str:
    """The word of a name by which a quick look finds it: a long one with a capital is the rarest."""
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
    """A word as Polars has it: Unicode's marks are part of one, which Python's own do not count."""
    return re.compile(rf"[\w{marks()}{_CONNECTORS}]+")
