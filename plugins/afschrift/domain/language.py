"""The language in which a person is served: English texts as keys of the catalogues of another language.

What is kept or compared (trail, task logs, messages of commands) is made where no language is set, so it is
English. Nothing that is stored may be translated before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from gettext import NullTranslations
from typing import Protocol

ENGLISH = "en"


@dataclass(frozen=True)
class Language:
    """A language that people choose.

    Attributes:
        code: as BCP 47 names it, such as `nl`.
        translations: from the English texts.
        templates: the English texts with `{names}`, and their translations.
    """

    code: str
    translations: NullTranslations = field(default_factory=NullTranslations, repr=False)
    templates: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


_NO_TRANSLATIONS = Language(ENGLISH)
_served: ContextVar[Language] = ContextVar("language", default=_NO_TRANSLATIONS)


def serve_in(language: Language) -> None:
    """Set the language of whatever this request or thread shows from now on."""
    _served.set(language)


def served_language() -> str:
    """Code of the language in which the present request is served."""
    return _served.get().code


class _Translated(str):
    """A text in the language that is served, which `say` leaves alone: a word of it may be an English one."""


def gettext(text: str, **values: object) -> str:
    """A text in the language that is served, with its `{names}` filled in; one that it lacks is English."""
    found = _served.get().translations.gettext(text) if text else ""  # the empty key has the file's head
    made = found.format(**values) if values else found
    return made if found == text else _Translated(made)


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    """As `gettext`, in the form for a number, which fills `{number}`."""
    return _served.get().translations.ngettext(singular, plural, number).format(number=number, **values)


def say(text: object) -> str:
    """A text that was made in English, such as an error or a kept sentence, in the language that is served.

    A text with values is recognised by its template. Days are shown as people write them. No sentence of it
    names a command of the terminal.
    """
    if isinstance(text, _Translated):
        return text
    shown = for_page(str(text))
    found = gettext(shown)
    if found == shown and _CODE.fullmatch(shown):
        words = shown.replace("_", " ").capitalize()
        found = gettext(words).lower() if gettext(words) != words else shown
    elif found == shown:
        found = _by_template(shown) or _by_parts(shown)
    return _DAY.sub(_say_day, found)


def in_served(texts: Texts | None) -> str:
    """Of a text in several languages the one that is served, else English; empty where there is none."""
    return "" if texts is None else texts.get(served_language()) or texts.get(ENGLISH) or ""


class Texts(Protocol):
    """A text in several languages."""

    def get(self, language: str, /) -> str | None: ...


def say_day(day: date) -> str:
    """A day as people write it in the language that is served."""
    from babel.dates import format_date  # only needed for pages; tasks import this module too

    code = "en_GB" if served_language() == ENGLISH else served_language().replace("-", "_")
    return format_date(day, "long", locale=code)


def for_page(text: str) -> str:
    """A text without the sentences that name a command of the terminal. Catalogues have that as their key."""
    return " ".join(part for part in _SENTENCES.split(text) if not _COMMAND.search(part))


_COMMAND = re.compile(r"`(afschrift|request) |(?<!\w)--[a-z]")
_SENTENCES = re.compile(r"(?<=[.:]) (?=[A-Z])")
_CODE = re.compile(r"[a-z]+(_[a-z]+)*")
_LISTED = re.compile(", ")
_DAY = re.compile(r"\b(\d{4}-\d{2}-\d{2})(?:T(\d\d:\d\d)[\d:.]*Z|(?!T)\b)")
_NAME = re.compile(r"\{(\w+)\}")
_MANY_LETTERS = 12
_FEW_WORDS = 3


def _say_day(found: re.Match[str]) -> str:
    try:
        day = say_day(date.fromisoformat(found[1]))
    except ValueError:
        return found[0]
    return f"{day} {found[2]} UTC" if found[2] else day


def _by_template(text: str) -> str:
    templates = _served.get().templates
    for english, translated in templates.items():
        if (found := _pattern(english).fullmatch(text)) and _fits(english, found.groupdict().values()):
            return translated.format(**{name: say(value) for name, value in found.groupdict().items()})
    return ""


def _fits(template: str, values: Iterable[str]) -> bool:
    """Whether a text is made from a template: one with few words of its own holds no sentences."""
    own = sum(map(str.isalpha, _NAME.sub("", template)))
    return own >= _MANY_LETTERS or all(len(value.split()) <= _FEW_WORDS for value in values)


def _by_parts(text: str) -> str:
    """A text of several sentences, or a list, each part by itself."""
    for mark, by in ((_SENTENCES, " "), (_LISTED, ", ")):
        if len(parts := mark.split(text)) > 1:
            return by.join(map(say, parts))
    return text


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts, seen = [], set[str]()
    for number, part in enumerate(_NAME.split(template)):
        known = f"(?P={part})" if part in seen else f"(?P<{part}>.+?)"
        parts.append(known if number % 2 else re.escape(part))
        seen |= {part} if number % 2 else set()
    return re.compile("".join(parts), re.DOTALL)
