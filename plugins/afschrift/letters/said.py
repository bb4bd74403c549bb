"""Values as a letter says them: escaped HTML, each marked with the name of its element."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from afschrift.letters.elements import ELEMENTS, ElementForm
from afschrift.letters.words import LetterWords

MARK = "data-element"
"""Attribute that says which element stands there; templates mark their own words with it too."""

_TO_REMEMBER = ("until", "new_due", "available_until", "rest_by", "expected_on")


class ElementTexts(dict[str, Markup]):
    """Element -> HTML, as templates use it: `{{ e.reasons }}`. What was not given is empty and false."""

    def __init__(self, values: Mapping[str, Any], words: LetterWords, links: Mapping[str, str]) -> None:
        super().__init__({name: _html(name, value, words, links) for name, value in values.items()})

    def __missing__(self, name: str) -> Markup:
        """Nothing, for an element that there is; anything else is a slip in a template."""
        if name not in ELEMENTS:
            raise KeyError(name)
        return Markup("")


def _html(name: str, value: Any, words: LetterWords, links: Mapping[str, str]) -> Markup:
    form = ELEMENTS[name].form
    if form is ElementForm.LINE:
        return Markup('<bdi data-element="{}">{}</bdi>').format(name, value)
    if form is ElementForm.DAY:
        day = Markup('<span class="whole" data-element="{}">{}</span>').format(name, words.day(value))
        return Markup("<b>{}</b>").format(day) if name in _TO_REMEMBER else day
    if form is ElementForm.CODE:
        return Markup('<span data-element="{}">{}</span>').format(name, words.say(name, value))
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
