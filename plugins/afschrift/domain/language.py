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
        words = in_english(shown)
        found = gettext(words).lower() if gettext(words) != words else shown
    elif found == shown:
        found = _by_template(shown) or _by_parts(shown)
    return _Translated(_DAY.sub(_say_day, found))


def joined(*texts: str) -> str:
    """Sentences in the language that is served as one text, which `say` leaves alone."""
    return _Translated(" ".join(filter(None, texts)))


def in_served(texts: Texts | None) -> str:
    """Of a text in several languages the one that is served, else English; empty where there is none."""
    return "" if texts is None else texts.get(served_language()) or texts.get(ENGLISH) or ""


def in_english(code: object) -> str:
    """A code as English words, which catalogues have as key."""
    if isinstance(code, bool):
        return "Yes" if code else "No"
    text = str(code)
    if text in _CODES:
        return _CODES[text]
    plain = text.replace("_", " ")
    return plain[:1].upper() + plain[1:]


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
_EXAMPLE = "".join(f"(?<!{words} )" for words in ("write", "schrijf", "a date as", "a day as", "een dag als"))
_DAY = re.compile(_EXAMPLE + r"\b(\d{4}-\d{2}-\d{2})(?:T(\d\d:\d\d)[\d:.]*Z|(?!T)\b)")
"""A day or an instant; one that shows how to write a day stays so."""
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


_CODES = {
    "copy_of_searched": "A copy of what was searched",
    "no_filing_system": "Papers that are in no order by person",
    "processor_silent": "The processor does not answer",
    "number_only": "Searched by a number alone",
    "dde": "DDE link",
    "xfa": "XFA form",
    "old_office": "Old office file",
    "other_kind": "Another kind than its name says",
    "remote_content": "Content from elsewhere",
    "eid": "eID",
    "dpo_advice": "Advice of the data protection officer",
    "refuse_part": "Refuse in part",
    "specify": "Ask to specify",
    "charge": "Charge a fee",
    "extend": "Extend the period",
    "restrict": "Restrict by law",
    "merge": "Merge with the earlier request",
    "given": "Files were found",
    "made_by_another": "Made by another person",
    "many_kinds_of_processing": "Many kinds of processing",
    "contact_changed": "Another address or device than before",
    "case_column": "A column that is decided in each case",
    "restricted_before": "Something was restricted before",
    "asked_by_officer": "An officer asked for it",
    "id_copy": "ID copy",
    "pointed_out": "Places that the finder pointed out",
    "in_files": "Of these in files, by row",
    "retention_over": "Purposes whose period is over, and whose rows are still held",
    "names_unread": "Names that could not be read, and so were not looked for in free text",
    "refuted": "The answer refutes itself",
    "unreadable": "Less of the answer can be understood than the policy asks for",
    "readable": "Of its values the person can understand, and the policy asks for, in percent",
    "masked_otherwise": "Places that the answers to this message mask differently, by column",
    "part_left_out": "A decision leaves a part out",
    "answered": "Something leaves that a person decided on",
    "policy": "The policy asks for it",
    "changed": "The bundle is another one than was reviewed",
    "reviewed": "It was reviewed before",
    "redact": "Redact, then ask again",
    "approved": "It may go",
    "hold_back": "Hold it back",
    "partial": "Give the rest now",
    "needs_person": "Waits for a member of staff",
    "iban": "IBAN",
    "bsn": "BSN",
    "dpo": "Data protection officer",
    "saas": "Online service",
    "answer_child": "Answer the child",
    "answer_none": "Answer that there is none",
    "confirm_none": "Confirm that there is none",
    "tell_person": "Inform the person",
    "make_letter": "Make a letter",
    "only_given": "Only by the given keys",
    "nothing_in_limits": "Nothing within the limits",
    "answered_nothing_held": "Answered that nothing is held",
    "answered_nothing_portable": "Answered that nothing is portable",
    "casefold": "The same but for capitals",
    "only_source": "It is the only source",
    "told": "The person was informed",
}
