"""Forms of letters and answers: print one to fill in, read one from a file, or ask for it at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import typer
import yaml

from afschrift.cli import given
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.right import Right
from afschrift.law.ground_check import takes
from afschrift.law.grounds import FieldStorage, GroundField, Grounds, Outcome
from afschrift.letters.element_values import takes as takes_element
from afschrift.letters.elements import Element, ElementForm
from afschrift.letters.kinds import LetterKind
from afschrift.outside.read_yaml import read_yaml

_EMPTY = {
    ElementForm.ITEMS: " []",
    ElementForm.CODES: " []",
    ElementForm.COSTS: " {}",
    ElementForm.TEXT: " |\n  ",
}
_TO = "e-mail address, if it goes by e-mail"
_PARTY = "person, representative or heir; empty: the party that follows from who asked"


def listed_kind(kind: LetterKind) -> str:
    """Describe a kind of letter, and what it asks for."""
    before = "" if kind.before_identity else "  (once the person is identified)"
    names = ", ".join(_name(kind, element) for element in kind.asked)
    return f"{kind.name}  {kind.source}{before}\n    {names}"


def described_kind(kind: LetterKind) -> dict[str, Any]:
    """Describe a kind of letter for JSON."""
    return {
        "kind": kind.name,
        "source": kind.source,
        "before_identity": kind.before_identity,
        "says": [element.name for element in kind.elements],
        "asks": [
            {
                "name": element.name,
                "required": element.name in kind.required,
                "form": element.form.value,
                "codes": list(element.codes),
                "help": element.help,
            }
            for element in kind.asked
        ],
    }


def letter_form(kind: LetterKind) -> str:
    """Return a YAML form with a comment above each element."""
    lines = [f"# {kind.name} ({kind.source})", f"# {_TO}", "to:", f"# {_PARTY}", "party:"]
    for element in kind.asked:
        must = "" if element.name in kind.required else "; may stay empty"
        lines += [
            f"# {element.help}: {takes_element(element)}{must}",
            f"{element.name}:{_EMPTY.get(element.form, '')}",
        ]
    return "\n".join(lines)


def read_form(file: Path, at_most: int) -> dict[str, Any]:
    """Read a filled-in form.

    Args:
        file: `-`: standard input.
        at_most: bytes.

    Raises:
        ConfigurationError: it cannot be read or is no mapping; the message has none of its content.
    """
    found = read_yaml(given.content(file, "The form", at_most), "The form")
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise ConfigurationError(
            "The form names no elements.", remedy="`afschrift letter kinds KIND` prints one."
        )
    return found


def ask_letter(kind: LetterKind) -> dict[str, Any]:
    """Ask for the elements at the terminal; empty without a terminal.

    Typed text is no argument of the command, so other users of the machine do not see it.
    """
    if not sys.stdin.isatty():
        return {}
    given: dict[str, Any] = {"to": _prompt(f"to: {_TO}"), "party": _prompt(f"party: {_PARTY}")}
    for element in kind.asked:
        must = "" if element.name in kind.required else "; may stay empty"
        given[element.name] = _answer(element, f"{element.name}: {element.help}{must}")
    return given


def _answer(element: Element, words: str) -> Any:
    if element.form in (ElementForm.ITEMS, ElementForm.CODES):
        codes = f" ({', '.join(element.codes)})" if element.codes else ""
        return _several(f"{words}{codes}, one per line; an empty line ends it")
    if element.form is ElementForm.COSTS:
        return {code: cost for code in element.codes if (cost := _prompt(f"{words}: {code} in euro"))}
    if element.form is ElementForm.TEXT:
        return "\n".join(_several(f"{words}; an empty line ends it"))
    return _prompt(f"{words} ({takes_element(element)})")


def _several(words: str) -> list[str]:
    lines: list[str] = []
    while line := _prompt(words if not lines else "..."):
        lines.append(line)
    return lines


def _prompt(words: str) -> str:
    return str(typer.prompt(words, default="", show_default=False, err=True)).strip()


def _name(kind: LetterKind, element: Element) -> str:
    return element.name if element.name in kind.required else f"[{element.name}]"


AT_MOST = 1_000_000
_PARTS = ("choice", "detail", "texts", "text")


@dataclass(frozen=True)
class FormAnswer:
    """An answer to a question, with the same parts as in REST.

    Attributes:
        detail: codes.
        texts: words of a decision, by field.
        text: a reason in words for the other kinds.
    """

    choice: str
    detail: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, Any] = field(default_factory=dict, repr=False)
    text: str | None = field(default=None, repr=False)


def from_file(file: Path, choice: str | None = None) -> FormAnswer:
    """Read an answer from a file (YAML or JSON); `-`: standard input. `choice`: if the file has none.

    Raises:
        ConfigurationError: it cannot be read or has other parts; the message has none of its content.
    """
    found = _plain(read_form(file, AT_MOST))
    if choice is not None:
        found = {"choice": choice, **found}
    parts = {name: found.get(name) or {} for name in ("detail", "texts")}
    wrong = set(found) - set(_PARTS) or not isinstance(found.get("choice"), str)
    if wrong or not all(isinstance(part, dict) for part in parts.values()):
        raise ConfigurationError(
            "The form does not have the parts of an answer.",
            remedy="it has `choice`, `detail`, `texts` and `text`; `afschrift grounds show CODE --form` "
            "prints one.",
        )
    text = found.get("text")
    detail, texts = ({n: value for n, value in part.items() if value is not None} for part in parts.values())
    return FormAnswer(found["choice"], detail, texts, str(text).strip() or None if text else None)


def template(grounds: Grounds, code: str, outcome: Outcome) -> str:
    """Return an answer on a ground as YAML to be filled in: a comment for each field, with an example."""
    ground = grounds.grounds[code]
    lines = [f"# {ground.title['en']} ({', '.join(ground.rules)})", f"choice: {outcome}"]
    names = ground.asks(outcome)
    lines += ["detail:", f"  ground: {code}", *_lines(grounds, code, outcome, names, FieldStorage.TRAIL)]
    texts = list(_lines(grounds, code, outcome, names, FieldStorage.CASE_FILE))
    return "\n".join([*lines, *(["texts: # kept encrypted", *texts] if texts else [])])


def _lines(
    grounds: Grounds, code: str, outcome: Outcome, names: Sequence[str], kept: FieldStorage
) -> list[str]:
    ground = grounds.grounds[code]
    required = ground.required(outcome, first_request=False, form={})
    lines = []
    for name in names:
        field = grounds.fields[name]
        if field.kept is kept:
            needs = [n for n in ground.needed if name in n.fields and n.when]
            when = "; ".join(
                f"needed if {k} = {_say(v)}" for n in needs for k, v in n.when.items() if k != "outcome"
            )
            must = "" if name in required else f"; {when or 'may be left out'}"
            example = _yaml({name: field.example})
            lines += [f"  # {field.title['en']}: {takes(field)}{must}", f"  #   {example}", f"  {name}:"]
    return lines


def _say(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _yaml(value: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(dict(value), default_flow_style=True, width=200, allow_unicode=True)
    return text.strip().removeprefix("{").removesuffix("}")


def ask_decision(grounds: Grounds, right: Right, options: Sequence[str]) -> FormAnswer:
    """Ask for the decision field by field. Typed text is no argument, so other users do not see it.

    Raises:
        ConfigurationError: there is no terminal.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "A decision has a form, and there is no terminal to ask for it.",
            remedy="give --form FILE (`-`: stdin); `afschrift grounds show CODE --form` prints one.",
        )
    choice = _one_of("Decision", options)
    if choice == Outcome.FULFIL:
        return FormAnswer(choice)
    outcome = Outcome(choice)
    offered = grounds.offered(outcome, right)
    for code in offered:
        typer.echo(f"    {code}: {grounds.grounds[code].title['en']}", err=True)
    code = _one_of("Ground", offered)
    form: dict[str, Any] = {}
    for name in grounds.grounds[code].asks(outcome):
        if (value := ask_field(grounds.fields[name])) is not None:
            form[name] = value
    return FormAnswer(choice, {"ground": code, **grounds.kept_in_trail(form)}, grounds.texts(form))


def _one_of(words: str, options: Sequence[str]) -> str:
    while (answer := _prompt(f"{words} ({' | '.join(options)})")) not in options:
        typer.echo("Choose one of these.", err=True)
    return answer


def ask_field(field: GroundField) -> Any:
    """Ask for a field; None if it is left empty."""
    words = f"{field.title['en']} ({takes(field)})"
    for code, title in field.schema.get("x-titles", {}).items():
        typer.echo(f"    {code}: {title}", err=True)
    kind = field.schema.get("type")
    if kind == "array":
        return _several(f"{words}, one per line; an empty line ends it") or None
    if kind == "object":
        pairs = (line.partition(":") for line in _several(f"{words}, one per line; an empty line ends it"))
        return {name.strip(): value.strip() for name, _, value in pairs} or None
    if kind == "boolean":
        return {"true": True, "yes": True, "y": True}.get(_prompt(words).lower())
    if field.schema.get("maxLength", 0) > 200:
        return "\n".join(_several(f"{words}; an empty line ends it")) or None
    return _prompt(words) or None


def _plain(value: Any) -> Any:
    """Turn dates and amounts, which YAML reads as its own types, back into the texts of the form."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else value
