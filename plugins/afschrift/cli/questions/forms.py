"""Forms of answers: read from a file, printed to be filled in, or asked for field by field at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import typer
import yaml

from afschrift.cli.letters.forms import read_form
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.right import Right
from afschrift.law.ground_check import takes
from afschrift.law.grounds import FieldStorage, GroundField, Grounds, Outcome

AT_MOST = 1_000_000
_PARTS = ("choice", "detail", "texts", "text")


@dataclass(frozen=True)
class FormAnswer:
    """An answer as somebody gives it; the same parts as REST takes.

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
    """An answer from a file (YAML or JSON); `-`: standard input. `choice`: where the file need not say it.

    Raises:
        ConfigurationError: it cannot be read or has other parts; repeats nothing of it.
    """
    found = _plain(read_form(file, AT_MOST))
    if choice is not None:
        found = {"choice": choice, **found}
    parts = {name: found.get(name) or {} for name in ("detail", "texts")}
    wrong = set(found) - set(_PARTS) or not isinstance(found.get("choice"), str)
    if wrong or not all(isinstance(part, dict) for part in parts.values()):
        raise ConfigurationError(
            "The form does not have the parts of an answer.",
            remedy="it takes `choice`, `detail`, `texts` and `text`; `afschrift grounds show CODE --form` "
            "prints one.",
        )
    text = found.get("text")
    return FormAnswer(
        found["choice"], parts["detail"], parts["texts"], str(text).strip() or None if text else None
    )


def template(grounds: Grounds, code: str, outcome: Outcome) -> str:
    """An answer on a ground as YAML, with the examples of the table and a comment for each field."""
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
        one = grounds.fields[name]
        if one.kept is kept:
            needs = [n for n in ground.needed if name in n.fields and n.when]
            when = "; ".join(
                f"needed where {k} = {_say(v)}" for n in needs for k, v in n.when.items() if k != "outcome"
            )
            must = "" if name in required else f"; {when or 'may be left out'}"
            lines += [f"  # {one.title['en']}: {takes(one)}{must}", f"  {_yaml({name: one.example})}"]
    return lines


def _say(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _yaml(value: Mapping[str, Any]) -> str:
    said: str = yaml.safe_dump(dict(value), default_flow_style=True, width=200, allow_unicode=True)
    return said.strip().removeprefix("{").removesuffix("}")


def ask(grounds: Grounds, right: Right, options: Sequence[str]) -> FormAnswer:
    """Ask for the decision field by field. What is typed is no argument, so nobody else sees it.

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
        if (value := asked(grounds.fields[name])) is not None:
            form[name] = value
    return FormAnswer(choice, {"ground": code, **grounds.kept_in_trail(form)}, grounds.texts(form))


def _one_of(words: str, options: Sequence[str]) -> str:
    while (said := _prompt(f"{words} ({' | '.join(options)})")) not in options:
        typer.echo("Choose one of these.", err=True)
    return said


def asked(one: GroundField) -> Any:
    """One field; None where it was left empty."""
    words = f"{one.title['en']} ({takes(one)})"
    kind = one.schema.get("type")
    if kind == "array":
        return _several(f"{words}, one a line; an empty line ends it") or None
    if kind == "object":
        pairs = (line.partition(":") for line in _several(f"{words}, one a line; an empty line ends it"))
        return {name.strip(): value.strip() for name, _, value in pairs} or None
    if kind == "boolean":
        return {"true": True, "yes": True, "y": True}.get(_prompt(words).lower())
    if one.schema.get("maxLength", 0) > 200:
        return "\n".join(_several(f"{words}; an empty line ends it")) or None
    return _prompt(words) or None


def _several(words: str) -> list[str]:
    lines: list[str] = []
    while line := _prompt(words if not lines else "..."):
        lines.append(line)
    return lines


def _prompt(words: str) -> str:
    return str(typer.prompt(words, default="", show_default=False, err=True)).strip()


def _plain(value: Any) -> Any:
    """Days that YAML reads as dates, and amounts that it reads as numbers, as the form has them: texts."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else value
