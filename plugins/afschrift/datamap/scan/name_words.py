"""The words of a name of a table or column: cut at separators and capitals, compounds into their parts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache

_PIECE = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_MOST = 200  # characters of a name; no database allows more
_JOINED = 4  # pieces that may be one word: e_mail, track_and_trace
_PART = 4  # letters of a part of a compound, unless it is a listed one
_LINKS = ("", "s", "e", "en", "n")
"""What Dutch puts between the parts of a compound: verzekering-s-nummer, klant-en-nummer."""


class Lexicon:
    """Which spellings there are, and what each means.

    Args:
        words: spelling -> its words, each in the one spelling that the vocabulary uses.
        leading: words that mean another one at the start of a name: `num_orders` is a count.
        short_parts: parts of compounds of fewer than four letters.
        whole: words that are not cut, though they look like two known ones.
    """

    def __init__(
        self,
        words: Mapping[str, tuple[str, ...]],
        leading: Mapping[str, str],
        short_parts: Collection[str],
        whole: Collection[str],
    ) -> None:
        self._words, self._leading = words, leading
        self._short, self._whole = short_parts, whole
        self.words_of = lru_cache(maxsize=65_536)(self._words_of)

    @property
    def known_words(self) -> Collection[str]:
        """Every spelling that the vocabulary has."""
        return self._words.keys()

    def known(self, word: str) -> bool:
        """Whether the vocabulary has a word."""
        return word in self._words

    def _words_of(self, name: str) -> tuple[str, ...]:
        """The words of a name, in order; a known one in the vocabulary's spelling, digits left out."""
        pieces = _pieces(name)
        if len(pieces) > 1 and pieces[0] in self._leading:
            pieces[0] = self._leading[pieces[0]]
        found: list[str] = []
        at = 0
        while at < len(pieces):
            taken = self._joined(pieces, at)
            piece = "".join(pieces[at : at + taken])
            found += self._meaning(piece) or self._parts(piece) or ((piece,) if not piece.isdigit() else ())
            at += taken
        return tuple(found)

    def _joined(self, pieces: list[str], at: int) -> int:
        """How many pieces from one on are one known word."""
        for count in range(min(_JOINED, len(pieces) - at), 1, -1):
            if self._meaning("".join(pieces[at : at + count])):
                return count
        return 1

    def _meaning(self, piece: str) -> tuple[str, ...]:
        """The words of a piece as it stands, or in the singular."""
        if piece in self._words:
            return self._words[piece]
        for ending, instead in (("ies", "y"), ("es", ""), ("s", ""), ("en", "")):
            stem = piece.removesuffix(ending) + instead
            if piece.endswith(ending) and len(stem) > 2 and stem in self._words:
                return self._words[stem]
        return ()

    def _parts(self, piece: str) -> tuple[str, ...]:
        """The words of a compound that known parts cover from end to end, in as few as can be."""
        if piece in self._whole or len(piece) < _PART + 2:
            return ()
        best: list[tuple[str, ...] | None] = [(), *[None] * len(piece)]
        for end in range(2, len(piece) + 1):
            for start in range(end - 1):
                before = best[start]
                part = self._part(piece[start:end], last=end == len(piece)) if before is not None else ()
                if part and (best[end] is None or len((*(before or ()), *part)) < len(best[end] or ())):
                    best[end] = (*(before or ()), *part)
        return best[-1] or ()

    def _part(self, text: str, *, last: bool) -> tuple[str, ...]:
        for link in ("",) if last else _LINKS:
            part = text.removesuffix(link)
            if text.endswith(link) and (len(part) >= _PART or part in self._short) and part in self._words:
                return self._words[part]
        return ()


def _pieces(name: str) -> list[str]:
    """Runs of letters of one word and of digits, in small letters without accents."""
    plain = unicodedata.normalize("NFKD", name[:_MOST])
    return [piece.lower() for piece in _PIECE.findall("".join(c for c in plain if not _accent(c)))]


def _accent(sign: str) -> bool:
    return unicodedata.category(sign) == "Mn"
