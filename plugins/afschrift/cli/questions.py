"""`afschrift questions` and `afschrift answer`: where runs ended, and how they go on."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from afschrift.cli.common import actor, ledger, say


def questions(
    request: Annotated[str | None, typer.Option(help="Of one request only.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List the questions that only a person may answer."""
    from dataclasses import asdict

    found = ledger().questions(open_only=not all_, request_id=request)
    if as_json:
        typer.echo(json.dumps([asdict(q) for q in found], indent=2))
        return
    if not found:
        typer.echo("No open question.")
    for q in found:
        typer.echo(f"{q.id}  {q.request}  {q.kind}  role {q.role}  asked {q.asked_at[:16]}")
        typer.echo(f"    about   {json.dumps(q.detail, ensure_ascii=False)}")
        typer.echo(f"    options {', '.join(q.options)}")


def answer(
    question: Annotated[str, typer.Argument(help="Id of the question.")],
    choice: Annotated[str, typer.Option(help="One of the question's options.")],
    start: Annotated[
        bool, typer.Option("--run/--no-run", help="Run the request further in this process.")
    ] = False,
) -> None:
    """Answer a question. It is recorded with who and when; a second answer is turned down.

    A reason in words, where one is wanted, is typed at a prompt and kept encrypted.
    """
    text = typer.prompt("Reason (kept encrypted; empty for none)", default="", show_default=False)
    register = ledger()
    decided = register.answer(question, choice, actor(), text=text or None)
    typer.echo(f"Recorded: {decided.kind} = {decided.choice}.")
    request = next(q.request for q in register.questions(open_only=False) if q.id == question)
    if start:
        from afschrift.cli.running import run_here

        run_here(request)
    else:
        say(f"Start the run again to go on: `afschrift run {request}`, or trigger fulfil_request.")
