"""Letters as an officer works on them: which can be made, their forms, and making one as it was shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from afschrift.app.catalogs import language_name
from afschrift.casework.letters.due_letters import letters_due
from afschrift.casework.letters.make import MadeLetter, filled_elements, fits, make
from afschrift.casework.officer import Officer
from afschrift.domain.event import digest
from afschrift.domain.language import gettext
from afschrift.law.letter import LetterRow
from afschrift.law.roles import Act
from afschrift.letters.element_values import LINE, TEXT
from afschrift.letters.elements import ELEMENTS, Element, ElementForm
from afschrift.letters.kinds import KINDS, LetterKind
from afschrift.letters.languages import languages
from afschrift.letters.mail_message import parts


@dataclass(frozen=True)
class ReadLetter:
    """A letter that was made, with its content."""

    letter: LetterRow
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


def read_letter(officer: Officer, letter_id: str) -> ReadLetter:
    """A letter as it goes out. The look is an event.

    Raises:
        UnknownRequestError: no such letter.
        NotAllowedError: they lack the role; the attempt is an event `answer_refused`.
        RefusedError: the request's data key was destroyed.
    """
    register = officer.register
    letter = register.letters.get(letter_id)
    officer.acting(letter.request, Act.TIMELINE, "letter_show")
    return ReadLetter(letter, *parts(b"".join(register.documents.read(letter.document, officer.by))))


def due_kinds(officer: Officer, request_id: str) -> tuple[str, ...]:
    """Kinds of the letters of a request that are due and not made."""
    timeline = officer.register.facts.timeline(request_id)
    return letters_due(officer.register, timeline, officer.jurisdiction, officer.today(timeline.zone))


def fitting_kinds(officer: Officer, request_id: str) -> list[str]:
    """Kinds of the letters that can be made now, in the order of the table."""
    return [name for name, kind in KINDS.items() if fits(officer, request_id, kind)]


def make_letter(
    officer: Officer,
    request_id: str,
    kind: str,
    given: Mapping[str, Any],
    *,
    again: bool = False,
    keep: bool = True,
) -> MadeLetter:
    """Make a letter as an officer, or only show it.

    Args:
        officer: who makes it.
        request_id: the request that it is about.
        kind: of the letter.
        given: as of `make`.
        again: also where one of its kind waits or was sent already, and none is due.
        keep: False: show it alone.

    Raises:
        NotAllowedError: they lack the role; the attempt is an event `answer_refused`.
        AfschriftError: as `make`.
    """
    authority = officer.acting(request_id, Act.DECIDE, "letter")
    second = again or not keep or kind in due_kinds(officer, request_id)
    return make(officer, request_id, kind, given, authority=authority, keep=keep, second=second)


def letter_form(officer: Officer, request_id: str, kind: LetterKind) -> dict[str, Any]:
    """The form of a kind of letter, as a JSON Schema: its elements, and to whom it goes and how.

    Raises:
        RefusedError: the letter would say what is not so.
    """
    filled = filled_elements(officer, request_id, kind)
    fields = {element.name: _field(element, filled=element.name in filled) for element in kind.asked}
    parties = list(officer.register.cases.parties(request_id))
    fields |= {"party": {"title": gettext("To whom"), "enum": parties}} if parties else {}
    there = sorted(languages(officer.settings.folder("letters")))
    names = {code: language_name(code) for code in there}
    more = {
        "to": {
            "title": gettext("E-mail address"),
            "description": gettext("Where it goes by e-mail; left empty, it goes by post."),
            "type": "string",
            "maxLength": LINE,
        },
        "language": {"title": gettext("Language"), "enum": there, "x-titles": names},
        "again": {"title": gettext("Make a second one of this kind"), "const": True},
    }
    required = [name for name in kind.required if name in fields and name not in filled]
    return {"properties": fields | more, "required": required}


def seen(made: MadeLetter) -> dict[str, str]:
    """What a letter says that was shown, by element, as digests: to find out whether it still does."""
    values = {**made.values, "announces": made.fact, "text": made.text.html}
    return {name: digest(repr(value))[:20] for name, value in values.items() if value}


def changed(before: Mapping[str, str], made: MadeLetter) -> list[str]:
    """Names of what a letter says otherwise than the one that was shown; the text, where nothing else is."""
    now = seen(made)
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return [name for name in names if name != "text"] or names


_RULE = re.compile(r" \(R\d+\)")
_BESIDES = {
    "to": "E-mail address",
    "kind": "Kind of letter",
    "announces": "What it announces",
    "text": "The text of the letter",
}


def help_of(name: str) -> str:
    """What an element of a letter is, in English words that pages translate."""
    words = ELEMENTS[name].help if name in ELEMENTS else _BESIDES.get(name, name)
    words = _RULE.sub("", words)
    return f"{words[:1].upper()}{words[1:]}"


def _field(element: Element, *, filled: bool) -> dict[str, Any]:
    schema: dict[ElementForm, dict[str, Any]] = {
        ElementForm.LINE: {"type": "string", "maxLength": LINE},
        ElementForm.TEXT: {"type": "string", "maxLength": TEXT},
        ElementForm.ITEMS: {"type": "array", "items": {"type": "string"}},
        ElementForm.DAY: {"type": "string", "format": "date"},
        ElementForm.CODE: {"enum": list(element.codes)},
        ElementForm.CODES: {"type": "array", "items": {"enum": list(element.codes)}},
        ElementForm.COSTS: {"type": "object", "propertyNames": {"enum": list(element.codes)}},
    }
    left = gettext("Left empty, it is filled in from the register.") if filled else ""
    return {**schema[element.form], "title": gettext(help_of(element.name)), "description": left}
