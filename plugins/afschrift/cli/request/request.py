"""`afschrift requests` and `afschrift request`: what is due and why, look-up and identity of a request.

More commands come from the table of actions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afschrift.airflow_ext.environment import LOOK_UP_DAG_ID
from afschrift.casework.actions.action import Subject
from afschrift.casework.actions.actions import actions_of
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
from afschrift.casework.identity.confirmed import needed_level
from afschrift.casework.letters import due_letters
from afschrift.casework.partial_response.damaged import damage_lines
from afschrift.casework.review.require_review import period_lines
from afschrift.cli.actions import add_actions
from afschrift.cli.common import (
    AsJson,
    officer,
    print_found,
    print_lines,
    say,
    services,
)
from afschrift.cli.running import OnAirflow, RequestId
from afschrift.cli.terminal import one_line
from afschrift.domain.errors import ConfigurationError
from afschrift.law.dispute import complaints, holds
from afschrift.law.roles import Act

if TYPE_CHECKING:
    from afschrift.casework.identity.look_up import IdentityView
    from afschrift.casework.officer import Officer
    from afschrift.domain.event import Header
    from afschrift.law.clock.facts import Timeline


commands = typer.Typer()
app = typer.Typer(no_args_is_help=True)
add_actions(app, actions_of(Subject.REQUEST))


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
def show(request: RequestId, as_json: AsJson = False) -> None:
    """Show a request: when it is due and why, its facts, decisions and every event of its trail, in order."""
    who = officer()
    register, at = who.register, ClockService(who, who.jurisdiction)
    found, timeline = register.requests.get(request), register.facts.timeline(request)
    clock, decisions = at.clock(timeline), register.decisions.of(request)
    due = due_letters.letters_due(register, timeline, at.jurisdiction, at.today(timeline))
    events, earlier = register.trail.events(request), register.identities.earlier(request, who.own_keys)
    document = {
        "request": asdict(found),
        "clock": clock_row(clock),
        "facts": [fact_row(fact) for fact in timeline.facts],
        "earlier": earlier,
        "letters_due": due,
        "decisions": [asdict(d) for d in decisions],
        "events": [{**asdict(header), "payload": payload} for header, payload in events],
    }
    lines = [
        f"received {timeline.received_at}, case {found.case}, language {found.language}",
        f"formats {', '.join(found.formats)}, destination {found.destination}",
        *explanation_lines(clock),
        *fact_lines(timeline.facts),
        *earlier_lines(timeline, earlier),
        *_disputes(timeline),
        *due_letters.lines(due, request),
        *due_letters.unsent_lines(register, request),
        *damage_lines(register, request),
        *period_lines(register, request),
        *(f"decision {made.kind}: {made.choice}, by {made.by}, {made.at}" for made in decisions),
        *(_event_line(header, payload) for header, payload in events),
    ]
    head = f"{found.id}: {found.right} (Art. {found.right.article}), {found.state}"
    print_found(lambda: document, [head, *(f"  {line}" for line in lines)], as_json)


def _event_line(header: Header, payload: Mapping[str, Any] | None) -> str:
    words = "(erased)" if payload is None else json.dumps(payload, ensure_ascii=False)
    return f"{header.seq:>6} {header.at} {header.type:<18} {header.actor}  {words[:160]}"


def _disputes(timeline: Timeline) -> Iterator[str]:
    yield from (f"complaint  {complaint.words}" for complaint in complaints(timeline))
    yield from (f"held  {hold.words}" for hold in holds(timeline))


@app.command("look-up")
def look_up(
    request: RequestId,
    here: Annotated[bool, typer.Option("--run", help="Look in this process.")] = False,
    airflow: OnAirflow = False,
) -> None:
    """As an officer, look up what the sources hold under the keys before identity is confirmed (R10, R12).

    It reads columns that the inventory marks with `identifies: true`, at most five rows per table. The result
    is kept encrypted and destroyed with the decision. `afschrift request identity` shows it.
    """
    from afschrift.casework.identity.look_up import ask_look_up

    if here and airflow:
        raise ConfigurationError("The look-up runs here or on Airflow.", remedy="give --run or --airflow.")
    ask = ask_look_up(officer(), request)
    typer.echo(f"Asked: {ask.id}.")
    if here:
        from afschrift.steps.read_identifying import look_up as use_case

        found = use_case(services(), request)
        say(f"Request {request}: looked in {len(found['tables'])} tables.")
        say(f"`afschrift request identity {request}` shows the result.")
    elif airflow:
        from afschrift.airflow_ext.trigger import trigger

        say(f"Run {trigger(request, {}, dag_id=LOOK_UP_DAG_ID)} started.")
    else:
        say(f"It is not started yet: `afschrift request look-up {request} --run`, or --airflow.")


@app.command()
def identity(
    request: RequestId,
    unmask: Annotated[
        bool, typer.Option("--unmask", help="Show the values and the message. This is recorded as an event.")
    ] = False,
) -> None:
    """Show the evidence of an identity: the keys as typed, what was found under them, and the message.

    Values are masked until you ask for them.
    """
    from afschrift.casework.identity.look_up import identity_view, record_look, record_masked_look

    who = officer()
    who.roles.require(who.by, Act.DECIDE)
    (record_look if unmask else record_masked_look)(who, request)
    print_lines(_lines(identity_view(who.register, request, masked=not unmask)))
    if unmask:
        _message(who, request)
    else:
        say(f"`afschrift request identity {request} --unmask` shows the values and the message.")


def _lines(view: IdentityView) -> list[str]:
    lines = ["Keys as typed:", *(f"  {name}: {one_line(value)}" for name, value in view.keys)]
    if not view.keys:
        lines.append("  none: the message gave no key")
    if view.ask is None:
        return [*lines, "No officer asked to look them up in the sources."]
    asked = f"Asked by {view.ask.by}, {view.ask.asked_at}"
    if view.ask.served_at is None:
        return [*lines, f"{asked}; not looked up yet."]
    lines.append(f"{asked}; found:")
    for table in view.tables:
        lines.append(f"  {table.title}")
        if table.said:
            lines.append(f"    {table.said}")
        for by, values in table.rows:
            pairs = zip(table.columns, values, strict=True)
            lines.append(f"    by {by}: " + "; ".join(f"{name}: {one_line(value)}" for name, value in pairs))
    return [*lines, *(f"  {line}" for line in view.said)]


def _message(who: Officer, request: str) -> None:
    for text in who.register.cases.texts(request, who.by):
        if text.text is not None and text.kind in ("request", "received", "representative", "parties"):
            lines = text.text.decode(errors="replace").splitlines()
            typer.echo("\n".join([f"{text.kind}, {text.at}:", *lines]))


@app.command("confirm-identity")
def confirm_identity(
    request: RequestId,
    method: Annotated[str, typer.Option(help="How it was checked: login, eid, call_back, counter, ...")],
    level: Annotated[str, typer.Option(help="How sure it is: low, substantial, high.")],
) -> None:
    """Record that the requester's identity is confirmed. No copy of an identity document is kept (R11).

    The level must fit the risk of the request (R12): `afschrift questions` shows it with the question.
    """
    from afschrift.casework.identity.confirm import confirm_identity as record

    who = officer()
    needed = needed_level(who.register, request)
    record(who, request, detail={"method": method, "level": level}, needed=needed)
    typer.echo(f"Identity confirmed for {request}. Start the run again to continue.")
