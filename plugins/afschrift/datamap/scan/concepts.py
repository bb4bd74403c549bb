"""What names can mean: their words, and the concepts of `vocabulary.yml` that these may mean."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

from afschrift.domain.vocabulary import Origin
from afschrift.outside.read_yaml import packaged

TOPIC, OTHERS, ELSE = "topic", "others", "else"

ByPlace = Mapping[str, str | None]
"""What holds by topic of the table, by its role or else."""


@dataclass(frozen=True)
class Concept:
    """One thing that a column may hold.

    Attributes:
        title: what people read, such as `e-mail address`.
        words: combinations of words that name it, as the vocabulary has them.
        patterns: the same in the one spelling of each word.
        origin, category: by topic, role or else; `topic`: what the topic of the table says.
        kinds: families of types that such a value can have.
        sample: form of its values (`evidence.FORMS`); None: any.
        may_look: further forms that contradict nothing.
        sure: how often a column of such a name is what is proposed.
        first: the word decides at the start of a name as it does at the end.
        open: what decides, where nothing is proposed.
        identifies: by role or else.
    """

    title: str
    words: tuple[str, ...]
    patterns: tuple[frozenset[str], ...]
    origin: ByPlace
    category: ByPlace
    kinds: frozenset[str]
    sample: str | None
    may_look: frozenset[str]
    sure: float
    first: bool
    open: str
    secret: bool
    others: bool
    free_text: bool
    identifies: Mapping[str, bool]

    @property
    def of_people(self) -> bool:
        """Whether a table that has such a column is one of people or of what is theirs.

        Any category of a document, card or device decides so, whatever the topic or role it is given for.
        """
        one_persons = any(
            category and category.startswith(_ONE_PERSONS) for category in self.category.values()
        )
        return one_persons or self.secret or bool(self.identifies.get(ELSE)) or self.sample in ("bsn", "iban")


_ONE_PERSONS = ("user.financial.credit_card", "user.government_id", "user.device.device_id")
"""Categories of what one person holds: a bank's card, a document, a number plate, a telephone."""


@dataclass(frozen=True)
class Topic:
    """What a table is about: the category of what happens there, and its origin where that is clear."""

    name: str
    words: tuple[str, ...]
    category: str
    origin: str | None


class Candidate(NamedTuple):
    """A concept that a name may mean, and the words of the name beside those that say so."""

    concept: Concept
    other_words: tuple[str, ...]
    at_end: bool  # the last word of the name is one of the concept's, or known to change nothing


class Vocabulary:
    """The vocabulary, ready to look up."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._spellings = dict(_spellings(data))
        self.lexicon = Lexicon(
            self._spellings, data["leading"], frozenset(data["short_parts"]), frozenset(data["whole_words"])
        )
        self.units = {w: unit for word, unit in data["units"].items() for w in self._words(word)}
        self.figures = self._plain(data["figures"])
        self.neutral = self._plain(data["neutral"]) | self.units.keys()
        self.others = {
            word: None if origin == "unknown" else Origin(origin)
            for origin, words in data["others"].items()
            for word in self._plain(words)
        }
        self.comments = {Origin(origin): tuple(cues) for origin, cues in data["comments"].items()}
        self.concepts = tuple(self._concept(title, given) for title, given in data["concepts"].items())
        self.topics = tuple(_topics(data["topics"]))
        self._topics = [
            (frozenset(self._words(words)), words in topic.words, topic)
            for topic in self.topics
            for words in (*topic.words, *data["topics"][topic.name].get("weak", ()))
        ]
        self._by_word: dict[str, list[tuple[frozenset[str], Concept]]] = defaultdict(list)
        for concept in self.concepts:
            for pattern in concept.patterns:
                self._by_word[min(pattern)].append((pattern, concept))
        self.candidates = lru_cache(maxsize=65_536)(self._candidates)
        self.topic = lru_cache(maxsize=16_384)(self._topic)
        self.of_people = lru_cache(maxsize=4_096)(self._of_people)

    def _candidates(self, words: tuple[str, ...]) -> tuple[Candidate, ...]:
        """The concepts that words may mean, the likeliest first.

        The one that takes most words comes first, then the one whose words come last: in Dutch and English
        the last word says what a thing is (`email status` is a status).
        """
        there, found = frozenset(words), list[tuple[tuple[int, bool, int], Candidate]]()
        for word in dict.fromkeys(words):  # not the set: its order changes from process to process
            for pattern, concept in self._by_word.get(word, ()):
                if pattern <= there:
                    other_words = tuple(w for w in words if w not in pattern)
                    last = max(at for at, w in enumerate(words) if w in pattern)
                    if concept.first and words[0] in pattern:
                        last = len(words)
                    at_end = all(w in self.neutral or w in self.others for w in words[last + 1 :])
                    more = not pattern <= self.units.keys()  # a unit at the end says little: size_bytes
                    found.append(((len(pattern), more, last), Candidate(concept, other_words, at_end)))
        found.sort(key=lambda ranked: ranked[0], reverse=True)
        return tuple(candidate for _, candidate in found)

    def _topic(self, words: tuple[str, ...]) -> Topic | None:
        """What a table of these words is about: the last that says so; `history` and the like only alone."""
        best, at = None, (False, -1, 0)
        for pattern, strong, topic in self._topics:
            if pattern <= frozenset(words):
                place = (strong, max(i for i, w in enumerate(words) if w in pattern), len(pattern))
                if place > at:
                    best, at = topic, place
        return best

    def _of_people(self, columns: tuple[str, ...]) -> str | None:
        """What of people a table has, by the names of its columns; None: nothing."""
        for column in columns:
            for candidate in self.candidates(self.lexicon.words_of(column))[:1]:
                if candidate.concept.of_people:
                    return candidate.concept.title
        return None

    def _plain(self, words: Iterable[Any]) -> frozenset[str]:
        return frozenset(w for word in words for w in self._words(str(word)))

    def _words(self, text: str) -> tuple[str, ...]:
        return tuple(w for word in text.split() for w in self._spellings.get(word, (word,)))

    def _concept(self, title: str, given: Mapping[str, Any]) -> Concept:
        return Concept(
            title=title,
            words=tuple(map(str, given["words"])),
            patterns=tuple(dict.fromkeys(frozenset(self._words(str(words))) for words in given["words"])),
            origin=_by_place(given.get("origin")),
            category=_by_place(given.get("category")),
            kinds=frozenset(given.get("kinds", ["text"])),
            sample=given.get("sample"),
            may_look=frozenset(given.get("may_look", ())),
            sure=given.get("sure", 0.85),
            first=given.get("first", False),
            open=given.get("open", ""),
            secret=given.get("secret", False),
            others=given.get("others", False),
            free_text=given.get("free_text", False),
            identifies=_by_place(given.get("identifies", False)),
        )


def _topics(data: Mapping[str, Any]) -> Iterator[Topic]:
    for name, given in data.items():
        yield Topic(name, tuple(map(str, given["words"])), given["category"], given.get("origin"))


def _by_place(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {ELSE: given}


def _spellings(data: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every spelling with the words that it means; one of several words also in one piece."""
    for section in (data["neutral"], data["units"], data["figures"], *data["others"].values()):
        yield from ((w, (w,)) for words in section for w in str(words).split())
    for given in (*data["topics"].values(), *data["concepts"].values()):
        named = (*given["words"], *given.get("weak", ()))
        yield from ((w, (w,)) for words in named for w in str(words).split())
    yield from ((word, (word,)) for words in data["words"] for word in words.split())
    for words, spellings in data["words"].items():  # after all plain words: what is spelt so means this
        for spelling in (words.replace(" ", ""), *map(str, spellings)):
            yield spelling, tuple(words.split())


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of the package, read once."""
    return Vocabulary(packaged("afschrift.datamap.scan", "vocabulary.yml"))


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
        """The words of a piece as written, or in the singular."""
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
