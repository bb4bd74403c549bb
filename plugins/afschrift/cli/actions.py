"""Commands made from the table of actions: an option for each parameter."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import Parameter, Signature
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any

import typer

from afschrift.casework.actions.action import Action, Done, Subject, perform
from afschrift.casework.clock import explanation_lines, fact_lines
from afschrift.cli import given
from afschrift.cli.common import AsJson, officer, print_json, print_lines, say
from afschrift.cli.forms import ask_fields, read_form
from afschrift.domain.errors import ConfigurationError
from afschrift.questions.form_fields import form_field, read_fields
from afschrift.questions.forms import is_words

_TYPES: dict[str, Any] = {"boolean": bool, "array": list[str]}
_OWNERS = {
    Subject.REQUEST: ("REQUEST", "a request"),
    Subject.CASE: ("CASE|REQUEST", "a case (all of it) or a request"),
    Subject.LETTER: ("LETTER", "a letter: `letter list`"),
    Subject.SOURCE: ("SOURCE", "a source of the data map"),
    Subject.DELIVERY: ("DELIVERY", "a delivery: `delivery list`"),
}
_METAVARS = {"date": "DATE", "date-time": "INSTANT"}


def add_actions(app: typer.Typer, actions: Iterable[Action]) -> None:
    """Add a command for each action."""
    for action in filter(attrgetter("command"), actions):
        app.command(action.name, help=action.help)(_command(action))


def _command(action: Action) -> Callable[..., None]:
    fields, needed = action.fields(), action.needed()

    def command(owner: str, as_json: bool, **options: Any) -> None:
        found = {
            n: _value(n, field, options[_variable(n, field)], n in needed) for n, field in fields.items()
        }
        done = perform(officer(), action, owner, {n: v for n, v in found.items() if v is not None})
        if as_json:
            print_json(done.document())
        else:
            _print(done)

    metavar, of = _OWNERS[action.of]
    owner = Annotated[str, typer.Argument(metavar=metavar, help=f"Id or name of {of}.")]
    parameters = [
        _parameter("owner", owner, Parameter.empty),
        *_options(fields, needed),
        _parameter("as_json", AsJson, False),
    ]
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _options(fields: Mapping[str, Mapping[str, Any]], needed: Iterable[str]) -> Iterator[Parameter]:
    for name, field in fields.items():
        must = name in needed
        if is_words(field):
            words = f"{field['title']}, {_kept(field)}: a file, or - for standard input."
            option = typer.Option(f"--{name}-file", help=f"{words} Else a prompt." if must else words)
            yield _parameter(_variable(name, field), Annotated[Path | None, option], None)
            continue
        flag, kind = name.replace("_", "-"), _TYPES.get(field["type"], str)
        names = f"--{flag}/--{field['x-otherwise']}" if kind is bool and must else f"--{flag}"
        option = typer.Option(names, help=_help(field), metavar=_METAVARS.get(field.get("format", "")))
        default = Parameter.empty if must else False if kind is bool else None
        annotation = kind if must or kind is bool else kind | None
        yield _parameter(_variable(name, field), Annotated[annotation, option], default)


def _variable(name: str, field: Mapping[str, Any]) -> str:
    """A name for a parameter in Python, where `from` is none."""
    return f"{name}_{'file' if is_words(field) else ''}"


def _parameter(name: str, annotation: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _help(field: Mapping[str, Any]) -> str:
    codes = field.get("enum") or field.get("items", {}).get("enum")
    more = f" {' | '.join(codes)}." if codes else ""
    words = field.get("description") or f"{field['title']}."
    return f"{words}{more}{' Repeatable.' if field['type'] == 'array' else ''}"


def _kept(field: Mapping[str, Any]) -> str:
    return "kept encrypted" if field.get("kept", True) else "not kept"


def _value(name: str, field: Mapping[str, Any], option: Any, needed: bool) -> Any:
    """The value of an option. Words come from a file or the prompt: others see the arguments of a command."""
    if not is_words(field):
        return option or None if isinstance(option, list) else option
    if field.get("type") == "object":
        return _by_name(name, field, option)
    if option is None and needed and sys.stdin.isatty():
        return typer.prompt(f"{field['title']} ({_kept(field)})", err=True).strip()
    text = given.text(option)
    if needed and not text:
        raise ConfigurationError(
            "The reason in words is missing.", remedy="--text-file FILE, or - for standard input."
        )
    return text


def _by_name(name: str, field: Mapping[str, Any], file: Path | None) -> dict[str, Any] | None:
    if file is not None:
        return read_form(file, given.TEXT_BYTES)
    if not sys.stdin.isatty():
        return None
    shown = [form_field(name, field)]
    return read_fields(shown, ask_fields(shown))[1].get(name)


def _print(done: Done) -> None:
    if done.clock is None:
        print_lines([*filter(None, [done.shown]), *(done.lines or [done.question or "Recorded."])])
        if done.question:
            say(f"Now answer question {done.question}: `afschrift answer {done.question}`.")
        return
    timeline, *others = done.timelines
    for each in (timeline, *others):
        typer.echo(f"{each.request}: {each.state}")
    print_lines(f"  {line}" for line in (*explanation_lines(done.clock), *fact_lines(timeline.facts)))
    for line in done.lines:
        say(line)
