"""Render the values of a letter as HTML, each marked with its element, and the letter as plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from markupsafe import Markup

from afschrift.letters.elements import ELEMENTS, ElementForm
from afschrift.letters.words import LetterWords

MARK = "data-element"
"""Attribute with the name of the element; templates mark their own words with it too."""

_TO_REMEMBER = ("until", "new_due", "available_until", "rest_by", "expected_on")


class ElementTexts(dict[str, Markup]):
    """Element -> HTML, as templates use it: `{{ e.reasons }}`. What was not given is empty and false."""

    def __init__(self, values: Mapping[str, Any], words: LetterWords, links: Mapping[str, str]) -> None:
        super().__init__({name: _html(name, value, words, links) for name, value in values.items()})

    def __missing__(self, name: str) -> Markup:
        """Empty for an element without a value; an unknown name is an error in a template."""
        if name not in ELEMENTS:
            raise KeyError(name)
        return Markup("")


def _html(name: str, value: Any, words: LetterWords, links: Mapping[str, str]) -> Markup:
    form = ELEMENTS[name].form
    if form is ElementForm.LINE:
        lines = Markup("<br>").join(value) if isinstance(value, list) else value
        return Markup('<bdi data-element="{}">{}</bdi>').format(name, lines)
    if form is ElementForm.DAY:
        day = Markup('<span class="whole" data-element="{}">{}</span>').format(name, words.day(value))
        return Markup("<b>{}</b>").format(day) if name in _TO_REMEMBER else day
    if form is ElementForm.CODE:
        text = words.say("right" if name == "other_right" else name, value)
        return Markup('<span data-element="{}">{}</span>').format(name, text)
    if form is ElementForm.CODES:
        return _list(name, (words.say(name, code) for code in value))
    if form is ElementForm.COSTS:
        lines = [f"{words.say(name, code)}: {words.amount(cost)}" for code, cost in value.items()]
        total = f"{words.say(name, 'total')}: {words.amount(sum(value.values(), Decimal()))}"
        return _list(name, [*lines, total])
    if form is ElementForm.ITEMS:
        return _list(name, value)
    paragraphs = Markup("").join(Markup('<p dir="auto">{}</p>').format(part) for part in value)
    if name in links:
        paragraphs += Markup('<p><a href="{0}">{0}</a></p>').format(links[name])
    return Markup('<div data-element="{}">{}</div>').format(name, paragraphs)


def _list(name: str, lines: Iterable[str]) -> Markup:
    items = Markup("").join(Markup('<li dir="auto">{}</li>').format(line) for line in lines)
    return Markup('<ul data-element="{}">{}</ul>').format(name, items)


WIDTH = 76
_BLOCKS = frozenset({"p", "h1", "h2", "li", "div", "ul", "header", "main", "footer", "blockquote"})
_SILENT = frozenset({"head", "style", "title"})
_VOID = frozenset({"br", "meta"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.said: dict[str, str] = {}
        self._open: list[tuple[str, str | None]] = []
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._text += "\n"
        if tag in _VOID:
            return
        if tag in _BLOCKS:
            self._end_block()
        self._open.append((tag, dict(attrs).get(MARK)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_block()
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if any(tag in _SILENT for tag, _ in self._open):
            return
        # Line breaks count within an element; elsewhere they are only the template's layout.
        own = any(name for _, name in self._open)
        self._text += data if own else " ".join(f"|{data}|".split())[1:-1]
        for _, name in self._open:
            if name:
                self.said[name] = self.said.get(name, "") + data

    def _end_block(self) -> None:
        lines = [" ".join(line.split()) for line in self._text.split("\n")]
        self._text = ""
        tags = [tag for tag, _ in self._open]
        bullet, quoted = "li" in tags, "blockquote" in tags
        first, following = ("- ", "  ") if bullet else ("> ", "> ") if quoted else ("", "")
        wrapped: list[str] = []
        for line in lines:
            if line:
                indent = following if wrapped else first
                wrapped += textwrap.wrap(
                    line,
                    WIDTH,
                    initial_indent=indent,
                    subsequent_indent=following,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
        if not wrapped:
            return
        before = self.lines[-1] if self.lines else ""
        if quoted and before.startswith(">"):
            self.lines.append(">")
        elif self.lines and not (bullet and before.startswith(("- ", "  "))):
            self.lines.append("")
        self.lines += wrapped
        if tags and tags[-1] == "h1":
            self.lines.append("=" * min(WIDTH, max(map(len, wrapped))))


def to_text(html: str) -> str:
    """The letter as plain text, in lines of up to 76 characters; longer words are not broken."""
    return "\n".join(_read(html).lines) + "\n"


def said_elements(html: str) -> frozenset[str]:
    """Names of the elements for which the letter has text."""
    return frozenset(name for name, text in _read(html).said.items() if text.strip())


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader._end_block()
    return reader
