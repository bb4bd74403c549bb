"""Compose a letter: check its elements, render them in the person's language, and check the result."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.right import Right
from afschrift.letters.element_values import clean, element_values, form_error, unverified_faults
from afschrift.letters.elements import TAKES_ALONG, article
from afschrift.letters.html import ElementTexts, said_elements, to_text
from afschrift.letters.kinds import LetterKind
from afschrift.letters.words import LetterWords

_TWO_STOPS = re.compile(r"(?<!\.)\.(</\w+>)?\.(?=\s|<)")
"""A name that ends with a full stop, at the end of a sentence."""


@dataclass(frozen=True)
class LetterFacts:
    """What is known without asking the writer of the letter.

    Attributes:
        language: of the request.
        values: elements that the register gives: lines, dates, codes, lists of paragraphs.
        links: element -> https address that is added to it.
        wrote: what the requester wrote, and keys that they gave; None once they are identified.
        relation: of the party that is written to, to the person concerned (`LetterWords.to`).
        names: of the person and of the representative, as far as the letter may say them.
    """

    language: str
    values: Mapping[str, Any] = field(repr=False)
    links: Mapping[str, str] = field(default_factory=dict)
    wrote: Sequence[str] | None = field(default=None, repr=False)
    relation: str = "own"
    names: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Letter:
    """A letter, ready to be kept.

    Attributes:
        values: what was filled in, cleaned.
    """

    kind: str
    language: str
    subject: str = field(repr=False)
    html: str = field(repr=False)
    text: str = field(repr=False)
    values: Mapping[str, Any] = field(repr=False)


def compose(kind: LetterKind, given: Mapping[str, Any], facts: LetterFacts, folder: Path) -> Letter:
    """Compose a letter.

    Args:
        kind: of the letter.
        given: element -> value, as the writer gave them.
        facts: the rest.
        folder: `include/letters`.

    Raises:
        FormError: an element is missing or has another form, or the letter would reveal to an unidentified
            requester what they did not write; names elements and repeats no value.
        ConfigurationError: no such language, or its template leaves out what the letter must say.
    """
    values = element_values(kind, given)
    _check_person(kind, values, facts)
    own = {name: value for name, value in facts.values.items() if value} | _article(kind, values, facts)
    words = LetterWords.load(folder, facts.language).to(facts.relation, facts.names)
    texts = ElementTexts({**values, **own}, words, facts.links)
    name = f"{facts.language}/{kind.name}.html.j2"
    try:
        template = letter_templates(folder, facts.language).get_template(f"{kind.name}.html.j2")
        phrases = {"w": words, "you": words.you, "other": words.of_another}
        phrases |= {relation: facts.relation == relation for relation in ("heir", "by_other")}
        with_sheet = [right for right in Right if right.terms.information_sheet]
        phrases["information_sheet"] = own.get("right") in with_sheet
        # Rendered from the template's own heading, so that subject and heading are the same.
        title = template.blocks["title"](template.new_context({"e": texts, **phrases}))
        subject = unescape("".join(title)).strip()
        html = template.render(e=texts, **phrases, language=facts.language, subject=subject)
        html = _TWO_STOPS.sub(r".\1", html)
    except TemplateNotFound as error:
        raise _template(
            f"{facts.language}/{error.name}", "is not there", "add it, or give the request another language."
        ) from None
    except (TemplateError, KeyError) as error:
        raise _template(name, f"cannot be used ({type(error).__name__})", "correct it.") from None
    _check_said(kind, html, own, name)
    return Letter(kind.name, facts.language, subject, html, to_text(html), values)


def _check_person(kind: LetterKind, values: Mapping[str, Any], facts: LetterFacts) -> None:
    if facts.wrote is None:
        return
    if not kind.before_identity:
        raise form_error(
            kind, {"identity": "the requester is not identified, and this letter is about their data"}
        )
    own = [str(facts.values.get(name, "")) for name in ("organisation", "address", "contact", "reference")]
    if faults := unverified_faults(kind, values, [clean(text) for text in facts.wrote], own):
        raise form_error(kind, faults)


def _article(kind: LetterKind, values: Mapping[str, Any], facts: LetterFacts) -> dict[str, str]:
    """The article that the letter rests on, of a kind that names one (R45)."""
    if "article" not in kind.required:
        return {}
    name = str(facts.values.get("right"))
    right = Right(name) if name in set(Right) else Right.ACCESS
    found = article(kind.name, values.get("ground"), right)
    if found is None:
        raise form_error(kind, {"ground": "this letter cannot rest on it for the right that was used (R45)"})
    return {"article": found}


def _check_said(kind: LetterKind, html: str, own: Mapping[str, Any], template: str) -> None:
    """Refuse a letter without a required element: a fault of controller.yml, register or template."""
    found = said_elements(html)
    lacking = [element.name for element in kind.elements if element.name not in found]
    if not lacking:
        return
    unknown = [name for name in lacking if name in _NEEDED and name not in own]
    if unknown:
        raise form_error(kind, {name: f"it is missing: {_NEEDED[name]}" for name in unknown})
    raise _template(template, f"leaves out what the letter must say: {', '.join(lacking)}", "write it in.")


_NEEDED = {
    **dict.fromkeys(("organisation", "address", "contact"), "controller.yml must name it"),
    **dict.fromkeys(("authority", "court"), "controller.yml must name it in this language (R45, R56)"),
    **dict.fromkeys(("until", "new_due"), "the last day is not known while the period is suspended"),
    **dict.fromkeys(
        ("received_on", "written_on", "reference", "right", "rights_asked", "merged_into", "earlier_receipt"),
        "the register must give it",
    ),
    TAKES_ALONG: "the policy must give it",
    "was_due": "the register must give it, and no day was missed",
}


def _template(name: str, fault: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"The template include/letters/{name} {fault}.", remedy=remedy)


@cache
def letter_templates(folder: Path, language: str) -> Environment:
    """The templates of a language and the shared ones; compiled once, and again when a file changes."""
    return Environment(
        loader=FileSystemLoader(
            [folder / language, folder]
        ),  # shared parts are found by name in the language's folder first
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
