"""`afschrift manual`: systems that employees search by hand, and the results of their searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afschrift.app.jurisdiction import load_jurisdiction
from afschrift.app.roles_file import load_roles
from afschrift.casework.manual.question import ask_again, open_question, shown_terms
from afschrift.casework.notices.questions import searches
from afschrift.cli.common import AsJson, actor, load_inventory, officer, open_register, print_found
from afschrift.cli.terminal import one_line
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import utc_now

if TYPE_CHECKING:
    from afschrift.casework.notices.questions import Search

app = typer.Typer(no_args_is_help=True)

Request = Annotated[str, typer.Argument(help="Id of the request.")]
Source = Annotated[str, typer.Argument(help="Name of the system in the inventory.")]


@app.command("list")
def listing(
    request: Annotated[str | None, typer.Option(help="Of one request only.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the searches to do, by whom and by when."""
    found = searches(open_register(), load_jurisdiction(), utc_now(), open_only=not all_, request_id=request)
    rows = list(map(_row, found))
    print_found(lambda: rows, map(_line, rows), as_json, "No system waits to be searched.")


def _line(row: Mapping[str, Any]) -> str:
    whose = f" for {row['assigned_to']}" if row["assigned_to"] else ""
    state = "answered" if row["answered_at"] else row["level"] or "open"
    return (
        f"{row['request']}  {row['source']}  {row['medium']}  role {row['role']}{whose}  "
        f"due {row['due'] or 'when the clock runs again'}  {state}  ({row['question']})"
    )


@app.command()
def show(request: Request, source: Source) -> None:
    """Show what to search, and by which data of the person. This is recorded as an event.

    A user who may answer the question may see it.
    """
    who = officer()
    register = who.register
    asked = open_question(register, request, source)
    who.answering(asked)
    known = load_inventory().manual.get(source)
    register.trail.record(request, NewEvent("identity_read", actor(), {"question": asked.id}))
    if known is not None:
        # All languages, English first as at the terminal: the searcher may read another one better.
        instruction = sorted(known.instruction.items(), key=lambda text: text[0] != "en")
        texts = "\n\n".join(text for _, text in instruction)
        typer.echo(f"{known.title.get('en')} ({known.medium})\n\n{texts}\n")
    typer.echo("By these data of the person:")
    keys = [(key.name, key.value) for key in register.identities.of(request)]
    for name, value in [*keys, *shown_terms(register, asked)]:
        typer.echo(f"  {name}: {one_line(value)}")


@app.command()
def again(request: Request, source: Source) -> None:
    """Ask again about a system: a plan that depends on the earlier answer stops at its next gate."""
    register = open_register()
    asked = open_question(register, request, source)
    typer.echo(ask_again(register, load_roles(), load_inventory(), asked, actor()))


def _row(search: Search) -> dict[str, Any]:
    question = search.question
    return {
        "question": question.id,
        "request": question.request,
        "source": search.source,
        "medium": question.detail["medium"],
        "role": question.role,
        "assigned_to": search.to,
        "due": str(search.due) if search.due else None,
        "level": search.level,
        "answered_at": question.answered_at,
    }
