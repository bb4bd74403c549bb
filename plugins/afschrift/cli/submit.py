"""`afschrift submit`: store a request and start its run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.cli import taking_in
from afschrift.cli.common import actor, say, services
from afschrift.cli.starting import Ended, begin, leave
from afschrift.domain.request import DEFAULT_FORMATS
from afschrift.formats.registry import FORMATS
from afschrift.law.roles import Act
from afschrift.register.register import Register


class Start(StrEnum):
    """How the run of a new request is started."""

    AIRFLOW = "airflow"
    HERE = "here"
    NO = "no"


Starting = Annotated[
    Start | None,
    typer.Option(
        help="airflow: trigger the DAG by REST; here: run it in this process; no: only store. Default: "
        "airflow; no where requests are read together (AFSCHRIFT_BATCH_REQUESTS)."
    ),
]


def submit(
    file: Annotated[
        Path | None, typer.Argument(help="YAML or JSON file; - for standard input; none: prompts.")
    ] = None,
    start: Starting = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="Identity key as name=value. Shows in the process list and shell history."),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            help=f"Formats of the files, by commas: {', '.join(FORMATS)}. "
            f"Default: {','.join(DEFAULT_FORMATS)}."
        ),
    ] = None,
) -> None:
    """Store a request (message, channel, receipt, right, identity keys) and trigger its run by its id.

    The same message once more (text, channel, receipt, keys, rights) finds the case that it opened, which is
    kept as it was stored; what its run lacks is started.

    Where the channel had authenticated the person, the receipt is confirmed by a letter at once, unless
    policy.yml says `acknowledge: manual` (R04).

    A file holds: message, channel, received_at, right (access, portability, a list of both, or unclear),
    keys (a message may give none: the person is asked for one), and, where the channel had authenticated
    the person, authenticated: {by, level, at}. Optional: formats, language, destination, limits: {quote,
    tables, categories}.

    Somebody else asks: made_by (parent, guardian, proxy) and representative: {name, organisation, email,
    phone, address}. An officer then says whether the authority is proven (R15, R16). About somebody who died:
    made_by: heir, or about_deceased: true; no request is opened (R17).

    What the message asks beside that goes into other_rights, a list of rectification, erasure, restriction,
    objection, automated_decision, complaint, information; it is recorded, to be handed over (R05). How it
    was passed on: forwarded: [{at, from, to}], with desks and no names of people (R02).
    """
    from afschrift.casework.intake.receive import receive

    load_roles().require(actor(), Act.SUBMIT)
    settings = Settings.from_environment()
    start = start or (Start.NO if settings.batch_requests > 1 else Start.AIRFLOW)
    content = taking_in.prompted() if file is None else taking_in.from_file(file)
    content, ready = _with_options(content, key or [], formats), services()
    stored = receive(settings, ready, taking_in.as_intake(content), actor(), say)
    if stored.found:
        say(taking_in.found_line(stored))
    for request_id in stored.requests or (stored.case,):
        typer.echo(request_id)
    for line in taking_in.stored_lines(stored):
        say(line)
    if start is Start.NO and stored.requests:
        say("Stored. Start the run with `afschrift run ID`, or trigger fulfil_request with this id.")
    if start is not Start.NO:
        leave(*(_begin(ready.register, request_id, start) for request_id in stored.requests))


def _with_options(content: dict[str, Any], keys: list[str], formats: str | None) -> dict[str, Any]:
    """What the file or the prompts gave, and what stands on the command line."""
    if keys:
        content["keys"] = {**content.get("keys", {}), **taking_in.flagged(keys)}
    if formats is not None:
        content["formats"] = [name.strip() for name in formats.split(",") if name.strip()]
    return content


def _begin(register: Register, request_id: str, start: Start) -> Ended:
    """Start the run; where the request was stored before, only if there is something for a run to do."""
    state = register.requests.get(request_id).state
    if not state.open or state.to_tell:
        say(f"Request {request_id} is {state}: nothing is started.")
        return Ended.DONE
    return begin(request_id, airflow=start is Start.AIRFLOW)
