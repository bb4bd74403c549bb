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
from afschrift.casework.intake.referral import to_hand_over
from afschrift.casework.letters import due_letters
from afschrift.casework.partial_response.damaged import damage_lines
from afschrift.casework.review.require_review import period_lines
from afschrift.cli.common import AsJson, officer, open_register, print_json
from afschrift.cli.running import RequestId
from afschrift.law.clock.facts import FactKind
from afschrift.law.dispute import complaints, holds
from afschrift.law.partial_response import status_lines as partly

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
    """List the requests with what is due first: id, right, state, receipt, due date, days left, colour.

    red: overdue; orange: the target day is reached, or three days or fewer are left; yellow: two weeks or
    fewer; green: more; blue: suspended; grey: closed. Days are calendar days, working days in brackets.
    Below them are other matters of messages that are not handed over yet (R05).
    """
    register, at = open_register(), clocks()
    pending = to_hand_over(register)
    found = [(timeline, at.clock(timeline)) for timeline in register.facts.timelines(open_only=not all_)]
    found.sort(key=lambda pair: (pair[1].closed_on is not None, pair[1].due or pair[1].target))
    if as_json:
        requests = {r.id: asdict(r) for r in register.requests.all(open_only=not all_)}
        rows = [
            {
                **requests.get(timeline.request, {}),
                "clock": clock_row(clock),
                "to_hand_over": [w.referral.matter for w in pending if w.referral.case == timeline.case],
            }
            for timeline, clock in found
        ]
        print_json(rows)
        return
    if not found:
        typer.echo("No open request." if not all_ else "No request yet: `afschrift submit`.")
    for timeline, clock in found:
        notes = "".join(
            f"  {note}" for note in (*(b.partition(":")[0] for b in clock.breaches), *_pending(timeline))
        )
        typer.echo(
            f"{timeline.request}  {timeline.right:<11} {timeline.state:<16} received {clock.received}  "
            f"{due_words(clock):<34} {clock.colour}{notes}".rstrip()
        )
    for wait in pending:
        typer.echo(wait.words)


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


def _pending(timeline: Timeline) -> Iterator[str]:
    if timeline.unsent_letters and timeline.state.open:
        yield "letter_not_sent"
    if any(complaint.ended is None for complaint in complaints(timeline)):
        yield "complaint_open"
    if holds(timeline):
        yield "held"
    yield from partly(timeline)
    if timeline.proposed and timeline.state.open:
        yield "receipt_waits_for_signer"
    if timeline.of(FactKind.RIGHT_UNCLEAR) and not timeline.of(FactKind.RIGHT_READ) and timeline.state.open:
        yield "right_unclear"
