"""The sentences of a rendered letter, page, sheet or README, each with the claims that it may make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser

from testbed.claims.marks import COURTESY, Mark, marks
from testbed.claims.sentences import BEGINS, split

_BLOCKS = {
    *("p", "li", "h1", "h2", "h3", "h4", "td", "th", "dt", "dd", "caption", "summary", "div", "ul"),
    *("blockquote",),
}
_FORM = re.compile(r"\.(?:one|other|own|for_other|by_other|through)$")
"""End of a place that says for which number or party a sentence is."""
_SILENT = {"script", "style", "head"}


@dataclass(frozen=True)
class Printed:
    """A sentence as a person reads it.

    Attributes:
        marks: of the sentence in this kind of document; more than one where places share it.
        filled: what is filled in, by name.
        items: the list that follows.
        heading: the last heading before it; `section`: the last one of the second rank.
    """

    text: str
    marks: tuple[Mark, ...]
    filled: dict[str, str]
    items: tuple[str, ...]
    heading: str
    section: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Last names of the places, such as `origin_derived`."""
        return tuple(re.split(r"[ .]", _FORM.sub("", mark.place))[-1] for mark in self.marks)


class _Blocks(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []
        self._tags: list[str] = ["p"]
        self._silent = 0
        self._text = ""

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.end()
            self._tags.append(tag)
        elif tag == "br":
            self.end()

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT
        if tag in _BLOCKS:
            self.end()
            if tag in self._tags[1:]:
                while self._tags.pop() != tag:
                    pass

    def handle_data(self, data: str) -> None:
        self._text += "" if self._silent else data

    def end(self) -> None:
        text = " ".join(self._text.split())
        self._text = ""
        if text:
            tag = next((t for t in reversed(self._tags) if t not in ("ul", "div")), "p")
            self.found.append((tag if "li" not in self._tags else "li", text))


_LINES = re.compile(rf"{BEGINS.pattern[:-1]}|[A-Z][\w ]+: |data/information\.html)")
"""Also at the name of a field, which a template has on a line of its own."""


def blocks(document: str) -> list[tuple[str, str]]:
    """Tag and text of each block of HTML; of a plain text its paragraphs."""
    if "<html" not in document[:500]:
        return [
            ("p", " ".join(part.split())) for part in _LINES.split(document.replace("\r", "")) if part.strip()
        ]
    reader = _Blocks()
    reader.feed(document)
    reader.end()
    return reader.found


PAGE = ("bundle/texts ",)
SHEET = ("bundle/sheet ", "bundle/texts origins", "bundle/texts bases")
README = ("README", "bundle/texts page.part", "bundle/texts page.request")


_OF_PAGE = ("bundle/texts left_out", "bundle/texts page.masked_line", "bundle/texts remarks")


def letter_places(kind: str) -> tuple[str, ...]:
    parts = ("_files", "_late", "_masked", "_remedy", "_reply", "_stops")
    return (f"{kind}=", *(f"{part}=" for part in parts), "texts ", *_OF_PAGE)


def places(document: str) -> tuple[str, ...]:
    """The places of the sentences in a kind of document."""
    kind = document.rpartition(" ")[2]
    return {"page": PAGE, "sheet": SHEET, "readme": README}.get(kind) or letter_places(kind)


@cache
def _patterns(
    language: str, places: tuple[str, ...]
) -> tuple[dict[str, list[Mark]], list[tuple[re.Pattern[str], Mark]]]:
    fixed: dict[str, list[Mark]] = {}
    open_: list[tuple[re.Pattern[str], Mark]] = []
    for mark in marks():
        if mark.place.endswith("*") or not f"{mark.place}=".startswith(places):
            continue
        for sentence in mark.of(language):
            bare = re.sub(r"^(?:\{[^}]*\} )+(?=[A-ZÀ-Ý])", "", sentence)
            if mark.place.startswith("bundle/texts bases"):
                fixed.setdefault(f"{bare[:1].upper()}{bare[1:]}.", []).append(mark)
            if "{" not in bare:
                fixed.setdefault(bare, []).append(mark)
            else:
                open_.append((re.compile(_pattern(bare)), mark))
    return fixed, open_


def _pattern(sentence: str) -> str:
    names: set[str] = set()

    def placeholder(part: str) -> str:
        name = re.sub(r"\W", "", part)
        if not name or name in names:
            return "(.+?)"
        names.add(name)
        return f"(?P<{name}>.+?)"

    parts = re.split(r"(\{[^}]*\})", sentence)
    return "".join(placeholder(part) if part.startswith("{") else re.escape(part) for part in parts)


def printed(document: str, language: str, places: tuple[str, ...]) -> Iterator[Printed]:
    """The sentences of a document that are ours and no courtesy."""
    fixed, open_ = _patterns(language, places)
    found, heading, section = blocks(document), "", ""
    for number, (tag, text) in enumerate(found):
        heading = text if tag in ("h1", "h2", "h3") else heading
        section = text if tag == "h2" else section
        items = tuple(_items(tag, text, found[number + 1 :]))
        for sentence in split(text):
            known, filled = fixed.get(sentence, []), {}
            if not known:
                for pattern, mark in open_:
                    if match := pattern.fullmatch(sentence):
                        known, filled = [*known, mark], match.groupdict()
            if not known and (named := _NAMED.fullmatch(sentence)):
                yield from _of_purpose(fixed, *named.groups())
            if known and all(mark.claim != COURTESY for mark in known):
                yield Printed(sentence, tuple(known), filled, items, heading, section)


def _items(tag: str, text: str, following: list[tuple[str, str]]) -> Iterator[str]:
    """The list below a block; what follows a name; after a colon at least the next paragraph."""
    if tag == "dt" and following and following[0][0] == "dd":
        yield from following[0][1].removesuffix(".").split("; ")
        return
    listed = list(_listed(following))
    yield from listed or ([following[0][1]] if text.endswith(":") and following else [])


def _listed(following: list[tuple[str, str]]) -> Iterator[str]:
    for tag, text in following:
        if tag != "li" and not text.startswith("- "):
            return
        yield text.removeprefix("- ")


_NAMED = re.compile(r"([^()]+) \((.+)\)")
"""A purpose with its bases, as the page names it for a column."""


def _of_purpose(fixed: dict[str, list[Mark]], title: str, bases: str) -> Iterator[Printed]:
    for basis in bases.split(", "):
        if marks_ := fixed.get(basis):
            yield Printed(basis, tuple(marks_), {}, (), title)
