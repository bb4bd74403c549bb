"""`afschrift request`: look-up and identity of a request.

Its timeline is in `overview`; more commands come from the table of actions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.airflow_ext.environment import LOOK_UP_DAG_ID
from afschrift.casework.actions.action import Subject
from afschrift.casework.actions.actions import actions_of
from afschrift.casework.identity.confirmed import needed_level
from afschrift.cli.actions import add_actions
from afschrift.cli.common import officer, print_lines, say, services
from afschrift.cli.request import overview
from afschrift.cli.running import OnAirflow, RequestId
from afschrift.cli.terminal import one_line
from afschrift.domain.errors import ConfigurationError
from afschrift.law.roles import Act

if TYPE_CHECKING:
    from afschrift.casework.identity.look_up import IdentityView
    from afschrift.casework.officer import Officer

app = overview.app
add_actions(app, actions_of(Subject.REQUEST))


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
