"""Forms of letters: printed to be filled in, read again, or asked for at a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from afschrift.cli.request import given
from afschrift.domain.errors import ConfigurationError
from afschrift.letters.element_values import takes
from afschrift.letters.elements import Element, ElementForm
from afschrift.letters.kinds import LetterKind
from afschrift.outside.read_yaml import read_yaml

_EMPTY = {
    ElementForm.ITEMS: " []",
    ElementForm.CODES: " []",
    ElementForm.COSTS: " {}",
    ElementForm.TEXT: " |\n  ",
}
_TO = "e-mail address, where it goes by e-mail"


def listed(kind: LetterKind) -> str:
    """One line about a kind, and what it asks for."""
    before = "" if kind.before_identity else "  (once the person is identified)"
    names = ", ".join(_name(kind, element) for element in kind.asked)
    return f"{kind.name}  {kind.source}{before}\n    {names}"


def described(kind: LetterKind) -> dict[str, Any]:
    """The same for machines."""
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


def form(kind: LetterKind) -> str:
    """A YAML form with a comment above each element."""
    lines = [f"# {kind.name} ({kind.source})", f"# {_TO}", "to:"]
    for element in kind.asked:
        must = "" if element.name in kind.required else "; may stay empty"
        lines += [
            f"# {element.help}: {takes(element)}{must}",
            f"{element.name}:{_EMPTY.get(element.form, '')}",
        ]
    return "\n".join(lines)


def read_form(file: Path, at_most: int) -> dict[str, Any]:
    """A filled-in form.

    Args:
        file: `-`: standard input.
        at_most: bytes.

    Raises:
        ConfigurationError: it cannot be read or is no mapping; repeats nothing of it.
    """
    found = read_yaml(given.content(file, "The form", at_most), "The form")
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise ConfigurationError(
            "The form names no elements.", remedy="`afschrift letter kinds KIND` prints one."
        )
    return found


def asked(kind: LetterKind) -> dict[str, Any]:
    """Elements asked for at the terminal; nothing where there is none.

    What is typed is no argument of the command, so nobody else sees it.
    """
    if not sys.stdin.isatty():
        return {}
    given: dict[str, Any] = {"to": _prompt(f"to: {_TO}")}
    for element in kind.asked:
        must = "" if element.name in kind.required else "; may stay empty"
        given[element.name] = _answer(element, f"{element.name}: {element.help}{must}")
    return given


def _answer(element: Element, words: str) -> Any:
    if element.form in (ElementForm.ITEMS, ElementForm.CODES):
        codes = f" ({', '.join(element.codes)})" if element.codes else ""
        return _several(f"{words}{codes}, one a line; an empty line ends it")
    if element.form is ElementForm.COSTS:
        return {code: cost for code in element.codes if (cost := _prompt(f"{words}: {code} in euro"))}
    if element.form is ElementForm.TEXT:
        return "\n".join(_several(f"{words}; an empty line ends it"))
    return _prompt(f"{words} ({takes(element)})")


def _several(words: str) -> list[str]:
    lines: list[str] = []
    while line := _prompt(words if not lines else "..."):
        lines.append(line)
    return lines


def _prompt(words: str) -> str:
    return str(typer.prompt(words, default="", show_default=False, err=True)).strip()


def _name(kind: LetterKind, element: Element) -> str:
    return element.name if element.name in kind.required else f"[{element.name}]"
