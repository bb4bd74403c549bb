"""`afschrift requests` and `afschrift request show`: due dates and the reasons for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.app.jurisdiction import own_keys
from afschrift.casework.clock import (
    ClockService,
    clock_row,
    due_words,
    earlier_lines,
    explanation_lines,
    fact_lines,
    fact_row,
)
from afschrift.casework.desk.desk import DeskRow, desk_rows, read_rows
from afschrift.casework.desk.today import Viewer, lines_of
from afschrift.casework.letters import due_letters
from afschrift.casework.partial_response.damaged import damage_lines
from afschrift.casework.review.require_review import period_lines
from afschrift.cli.common import AsJson, officer, open_register, print_found, print_json
from afschrift.cli.running import RequestId
from afschrift.law.dispute import complaints, holds

if TYPE_CHECKING:
    from afschrift.law.clock.facts import Timeline

commands = typer.Typer()
app = typer.Typer(no_args_is_help=True)


def clocks() -> ClockService:
    """Return the clock service for the user at the terminal."""
    who = officer()
    return ClockService(who, who.jurisdiction)


@commands.command("requests")
def listing(
    all_: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the requests with what is due first: id, right, state, receipt, due date, days left, colour, next.

    red: overdue; orange: the target day is reached, or three days or fewer are left; yellow: two weeks or
    fewer; green: more; blue: suspended; grey: closed. Days are calendar days, working days in brackets.
    What is to be done next follows: questions, letters, other matters to hand over (R05), runs to repair.
    """
    who = officer()
    every = [row for row, _ in read_rows(who, who.register.oversight.unfinished(closed=True))] if all_ else ()
    lines = lines_of(every or desk_rows(who), Viewer(who.roles, who.by))
    requests = {found.id: asdict(found) for found in who.register.requests.all(open_only=not all_)}
    print_found(
        lambda: [{**requests.get(line.row.request, {}), **line.document()} for line in lines],
        (_line(line.row) for line in lines),
        as_json,
        "No open request." if not all_ else "No request yet: `afschrift submit`.",
    )


def _line(row: DeskRow) -> str:
    breaches = [breach.partition(":")[0] for breach in row.clock.breaches]
    to_do = [" ".join(filter(None, (action.kind, action.what))) for action in row.actions]
    return (
        f"{row.request}  {row.right:<11} {row.state:<16} received {row.clock.received}  "
        f"{due_words(row.clock):<34} {'  '.join((row.clock.colour, *breaches, *to_do))}".rstrip()
    )


@app.command()
def show(
    request: RequestId,
    as_json: AsJson = False,
) -> None:
    """Show a request: when it is due and why, its facts, decisions and every event of its trail, in order."""
    register, at = open_register(), clocks()
    found, timeline = register.requests.get(request), register.facts.timeline(request)
    clock, decisions = at.clock(timeline), register.decisions.of(request)
    due = due_letters.letters_due(register, timeline, at.jurisdiction, at.today(timeline))
    events, earlier = register.trail.events(request), register.identities.earlier(request, own_keys())
    if as_json:
        document = {
            "request": asdict(found),
            "clock": clock_row(clock),
            "facts": [fact_row(fact) for fact in timeline.facts],
            "earlier": earlier,
            "letters_due": due,
            "decisions": [asdict(d) for d in decisions],
            "events": [{**asdict(header), "payload": payload} for header, payload in events],
        }
        print_json(document)
        return
    typer.echo(f"{found.id}: {found.right} (Art. {found.right.article}), {found.state}")
    typer.echo(f"  received {timeline.received_at}, case {found.case}, language {found.language}")
    typer.echo(f"  formats {', '.join(found.formats)}, destination {found.destination}")
    for line in (
        *explanation_lines(clock),
        *fact_lines(timeline.facts),
        *earlier_lines(timeline, earlier),
        *_disputes(timeline),
        *due_letters.lines(due, request),
        *due_letters.unsent_lines(register, request),
        *damage_lines(register, request),
        *period_lines(register, request),
    ):
        typer.echo(f"  {line}")
    for decision in decisions:
        typer.echo(f"  decision {decision.kind}: {decision.choice}, by {decision.by}, {decision.at}")
    for header, payload in events:
        words = "(erased)" if payload is None else json.dumps(payload, ensure_ascii=False)
        typer.echo(f"  {header.seq:>6} {header.at} {header.type:<18} {header.actor}  {words[:160]}")


def _disputes(timeline: Timeline) -> Iterator[str]:
    yield from (f"complaint  {complaint.words}" for complaint in complaints(timeline))
    yield from (f"held  {hold.words}" for hold in holds(timeline))
