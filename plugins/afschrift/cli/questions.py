"""`afschrift questions` and `afschrift answer`: where runs ended, and how they go on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.cli.common import actor, ledger, say
from afschrift.core.errors import ConfigurationError

if TYPE_CHECKING:
    from afschrift.core.ports import QuestionRow


def questions(
    request: Annotated[str | None, typer.Option(help="Of one request only.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List the questions that only a person may answer, with their options and fields."""
    from dataclasses import asdict

    from afschrift.pipeline.answer import form_of

    found = ledger().questions(open_only=not all_, request_id=request)
    if as_json:
        typer.echo(json.dumps([asdict(q) | {"form": form_of(q)} for q in found], indent=2))
        return
    if not found:
        typer.echo("No open question.")
    for q in found:
        typer.echo(f"{q.id}  {q.request}  {q.kind}  role {q.role}  asked {q.asked_at[:16]}")
        typer.echo(f"    about   {json.dumps(q.detail, ensure_ascii=False)}")
        typer.echo(f"    options {', '.join(q.options)}")
        for line in _fields(q):
            typer.echo(f"    field   {line}")


def answer(
    question: Annotated[str, typer.Argument(help="Id of the question.")],
    choice: Annotated[str, typer.Option(help="One of the question's options.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A field of its form as name=value; codes only.")
    ] = None,
    text_file: Annotated[
        Path | None,
        typer.Option(help="Reason in words, kept encrypted: a file, or - for standard input."),
    ] = None,
    here: Annotated[
        bool, typer.Option("--run/--no-run", help="Run the request further in this process.")
    ] = False,
    airflow: Annotated[
        bool, typer.Option("--airflow", help="Trigger its next run on a running Airflow.")
    ] = False,
) -> None:
    """Answer a question. It is recorded with who, when and in which role; a second answer is turned down.

    At a terminal a reason in words is asked for where the question calls for one.
    """
    from afschrift.pipeline.answer import answer as record
    from afschrift.pipeline.answer import form_of, still_open
    from afschrift.pipeline.forms import typed
    from afschrift.wiring.roles import load_roles

    if here and airflow:
        raise ConfigurationError("A run starts here or on Airflow.", way_out="give --run or --airflow.")
    register = ledger()
    asked = register.question(question)
    detail = typed(form_of(asked), dict(map(_pair, set_ or ())))
    decided = record(
        register, load_roles(), question, choice, actor(), detail=detail, text=_text(text_file, asked)
    )
    typer.echo(f"Recorded: {decided.kind} = {decided.choice}.")
    if here:
        from afschrift.cli.running import run_here

        run_here(asked.request)
    elif airflow:
        from afschrift.airflow_ext.trigger import trigger

        say(f"Run {trigger(asked.request, {})} started.")
    elif others := still_open(register, asked.request):
        say(f"Before its next run, the request needs an answer to {', '.join(others)} too.")
    else:
        say(f"Start the run again to go on: `afschrift run {asked.request}`, or trigger fulfil_request.")


def _fields(question: QuestionRow) -> Iterator[str]:
    from afschrift.pipeline.answer import form_of
    from afschrift.pipeline.forms import expected, fields, needed

    form = form_of(question)
    for name, field in fields(form).items():
        choices = [choice for choice in question.options if name in needed(form, choice)]
        need = f", needed for {' and '.join(choices)}" if choices else ""
        yield f"{name}: {expected(field)} ({field['title']}{need})"


def _pair(item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not equals:
        raise ConfigurationError("A --set has no value.", way_out="write it as --set name=value.")
    return name, value


def _text(file: Path | None, question: QuestionRow) -> str | None:
    """Words from a file, standard input or a prompt; never from a flag, which others on the machine see."""
    from afschrift.pipeline.questions import KINDS

    if file is not None:
        try:
            text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise ConfigurationError(f"The text cannot be read: {reason}.") from None
        return text.strip() or None
    wanted = question.answered_at is None and (question.kind not in KINDS or KINDS[question.kind].reason)
    if not (wanted and sys.stdin.isatty()):
        return None
    return typer.prompt("Reason (kept encrypted; empty for none)", default="", show_default=False) or None
