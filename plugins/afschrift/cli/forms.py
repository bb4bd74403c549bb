"""Forms of letters and answers: print one to fill in, read one from a file, or ask for it at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import typer
import yaml

from afschrift.casework.answer_form import AnswerForm, ground_form
from afschrift.casework.answer_rows import AnswerParameters
from afschrift.cli import given
from afschrift.domain.errors import ConfigurationError, FormError
from afschrift.law.grounds import Grounds, Outcome
from afschrift.letters.element_values import takes as takes_element
from afschrift.letters.elements import Element, ElementForm
from afschrift.letters.kinds import LetterKind
from afschrift.outside.read_model import read_model
from afschrift.outside.read_yaml import read_yaml
from afschrift.questions.form_fields import FormField, Typed
from afschrift.questions.kind import GivenAnswer

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


def blank_letter(kind: LetterKind) -> str:
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


def ask_fields(fields: Iterable[FormField]) -> Typed:
    """Ask for fields. Typed text is no argument of the command, so other users do not see it."""
    typed = dict(pair for field in fields for pair in _ask(field))
    return lambda name: typed.get(name, [])


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


def from_file(file: Path) -> GivenAnswer:
    """Read an answer from a file (YAML or JSON) with the same parts as in REST; `-`: standard input.

    Raises:
        ConfigurationError: it cannot be read or has other parts; the message has none of its content.
    """
    try:
        found = read_model(AnswerParameters, _plain(read_form(file, AT_MOST)))
    except FormError:
        raise ConfigurationError(
            "The form does not have the parts of an answer.",
            remedy="it has `choice`, `detail`, `texts` and `text`; `afschrift grounds show CODE --form` "
            "prints one.",
        ) from None
    return GivenAnswer(**dict(found))


def template(grounds: Grounds, code: str, outcome: Outcome) -> str:
    """Return an answer on a ground as YAML to be filled in: a comment for each field, with an example."""
    form = ground_form(grounds, code, outcome)
    lines = [
        f"# {form.title} ({', '.join(form.rules)})",
        f"choice: {outcome}",
        "detail:",
        f"  ground: {code}",
    ]
    for field in sorted(form.fields, key=lambda field: field.words):
        if field.words and "texts: # kept encrypted" not in lines:
            lines.append("texts: # kept encrypted")
        lines.append(f"  # {field.title}: {field.takes}; {field.need or 'may be left out'}")
        lines += [f"  #   {_yaml({field.name: grounds.fields[field.name].example})}", f"  {field.name}:"]
    return "\n".join(lines)


def _yaml(value: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(dict(value), default_flow_style=True, width=200, allow_unicode=True)
    return text.strip().removeprefix("{").removesuffix("}")


def ask_answer(form_for: Callable[[Mapping[str, str]], AnswerForm], options: Sequence[str]) -> GivenAnswer:
    """Ask for an answer field by field.

    Args:
        form_for: gives the form for a choice, and of a decision for its `ground`.
        options: of the question.

    Raises:
        ConfigurationError: there is no terminal.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "The answer is missing, and there is no terminal to ask for it.",
            remedy=f"give --choice {' | '.join(options)}, or --form FILE (`-`: stdin) for a decision; "
            "`afschrift grounds show CODE --form` prints one.",
        )
    choice = _one_of("Answer", options)
    form = form_for({"choice": choice})
    for offered in form.choices:
        if offered.code == choice:
            codes = [(ground.code, ground.title) for ground in offered.grounds]
            form = form_for({"choice": choice, "ground": _one_of("Ground", dict(codes), codes)})
    typed = ask_fields(form.fields)
    reason = _prompt("Reason (kept encrypted; empty for none)") if form.reason else ""
    return form.read(choice, typed, reason)


def _one_of(words: str, options: Collection[str], titles: Iterable[tuple[str, str]] = ()) -> str:
    for code, title in titles:
        typer.echo(f"    {code}: {title}", err=True)
    while (answer := _prompt(f"{words} ({' | '.join(options)})")) not in options:
        typer.echo("Choose one of these.", err=True)
    return answer


def _ask(field: FormField) -> Iterator[tuple[str, list[str]]]:
    """Ask for a field, and yield its name with the lines that were typed; for amounts by code."""
    words = f"{field.title} ({'; '.join(filter(None, (field.takes, field.need)))})"
    for code, title in field.schema.get("x-titles", {}).items():
        typer.echo(f"    {code}: {title}", err=True)
    if field.shown == "amounts":
        for code, title in field.codes:
            yield f"{field.name}.{code}", [_prompt(f"{field.title}: {title} in euro")]
    elif field.shown in ("ticks", "lines", "pairs", "text"):
        more = "" if field.shown == "text" else ", one per line"
        yield field.name, _several(f"{words}{more}; an empty line ends it")
    else:
        yield field.name, [_prompt(words)]


def _plain(value: Any) -> Any:
    """What was filled in; dates and amounts, which YAML reads as its own types, as the texts of the form."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else value
