"""`afschrift submit`: store a request and start its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.casework.intake.entry import KEY, NEEDED, SELDOM, fields, read_entry
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.request_form import RequestForm
from afschrift.casework.intake.store_request import StoredCase
from afschrift.cli import given
from afschrift.cli.common import actor, print_lines, say, services
from afschrift.cli.forms import ask_fields
from afschrift.cli.running import CODES, Ended, begin, leave
from afschrift.domain.errors import ConfigurationError, FormError
from afschrift.domain.request import DEFAULT_FORMATS
from afschrift.formats.registry import FORMATS
from afschrift.inventory.model import Inventory
from afschrift.law.roles import Act
from afschrift.outside.limits import BYTES
from afschrift.outside.read_yaml import read_yaml
from afschrift.questions.form_fields import FormField, form_field, read_fields
from afschrift.register.register import Register

commands = typer.Typer()


class Start(StrEnum):
    """How the run of a new request is started."""

    AIRFLOW = "airflow"
    HERE = "here"
    NO = "no"


Starting = Annotated[
    Start | None,
    typer.Option(
        help="airflow: trigger the DAG by REST; here: run it in this process; no: only store. Default: "
        "airflow; no if requests are read in batches (AFSCHRIFT_BATCH_REQUESTS)."
    ),
]


@commands.command(epilog=CODES)
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
    csv: Annotated[
        Path | None,
        typer.Option(help="Store a request for each line of a CSV file, whose first line names the fields."),
    ] = None,
) -> None:
    """Store a request (message, channel, receipt, right, identity keys) and trigger its run by its id.

    The same message again (text, channel, receipt, keys, rights) finds the case that it opened, which is not
    changed; a run that is missing is started.

    If the channel had authenticated the person, the receipt is confirmed by a letter at once, unless
    policy.yml has `acknowledge: manual` (R04).

    A file holds: message, channel, received_at, right (access, portability, a list of both, or unclear), keys
    (there may be none), and, if the channel had authenticated the person, authenticated: {by, level, at}.
    Optional: formats, language, destination, limits: {quote, tables, categories}.

    If another person makes the request: made_by (parent, guardian, proxy) and representative: {name,
    organisation, email, phone, address, language, channel}; whose data it is about: person, with the same.
    An officer then decides whether the authority is proven (R15, R16). Of a person who died: made_by: heir,
    or about_deceased: true; an officer is asked first (R17), and heir: {...} says how to reach them.

    Other things that the message asks for go into other_rights, a list of rectification, erasure,
    restriction, objection, automated_decision, complaint, information; they are recorded, to be handed over
    (R05). How it was forwarded: forwarded: [{at, from, to}], with desks and no names of people (R02).
    """
    from afschrift.casework.intake.receive import receive

    load_roles().require(actor(), Act.SUBMIT)
    settings = Settings.from_environment()
    start = start or (Start.NO if settings.batch_requests > 1 else Start.AIRFLOW)
    if csv is not None:
        _import(settings, csv, start)
        return
    keys, ready = flagged(key or []), services()
    chosen = None if formats is None else [name.strip() for name in formats.split(",") if name.strip()]
    if file is None:
        options = {f"{KEY}{name}": value for name, value in keys.items()} | {"formats": chosen or []}
        intake = prompted(ready.inventory, options)
    else:
        intake = _with_options(from_file(file), keys, chosen).intake(ready.inventory.identity.keys)
    _begin_all(ready.register, receive(settings, ready, intake, actor(), say), start)


def _begin_all(register: Register, stored: StoredCase, start: Start) -> None:
    """Print what was stored, and begin the runs."""
    from afschrift.casework.intake.receive import stored_lines

    print_lines(stored.requests or (stored.case,))
    for line in stored_lines(stored):
        say(line)
    if start is Start.NO and stored.requests:
        say("Stored. Start the run with `afschrift run ID`, or trigger fulfil_request with this id.")
    if start is not Start.NO:
        leave(*(_begin(register, request_id, start) for request_id in stored.requests))


def _import(settings: Settings, file: Path, start: Start) -> None:
    """Store the lines that can be, and name the fault of each other one."""
    from afschrift.casework.intake.import_csv import import_csv

    ready, by = services(), actor()
    done = import_csv(settings, ready, given.content(file, "The CSV file", BYTES), by)
    print_lines(done.requests)
    for line in done.lines():
        say(line)
    ended = [] if start is Start.NO else [_begin(ready.register, id_, start) for id_ in done.opened]
    leave(*([Ended.REFUSED] if done.faults else []), *ended)


def _with_options(form: RequestForm, keys: Mapping[str, str], formats: list[str] | None) -> RequestForm:
    """Add the options of the command line to the form."""
    changed = {} if formats is None else dict[str, Any](formats=formats)
    if keys:
        in_form = form.content.get("keys") or {}
        # a list stays, and is named as a fault
        changed["keys"] = {**in_form, **keys} if isinstance(in_form, dict) else in_form
    return replace(form, content=form.content | changed, options=frozenset(keys))


def _begin(register: Register, request_id: str, start: Start) -> Ended:
    """Start the run; for a request that was stored before, only if a run has work to do."""
    state = register.requests.get(request_id).state
    if not state.open or state.to_inform:
        say(f"Request {request_id} is {state}: nothing is started.")
        return Ended.DONE
    return begin(request_id, airflow=start is Start.AIRFLOW)


def from_file(file: Path) -> RequestForm:
    """Read a YAML or JSON file; `-`: standard input.

    Raises:
        ConfigurationError: it cannot be read, exceeds a limit, or holds no mapping; names the line.
    """
    name = "Standard input" if str(file) == "-" else str(file)
    read = given.content(file, name, BYTES)
    content = read_yaml(read, name)
    if not isinstance(content, dict):
        raise ConfigurationError(f"{name} holds no mapping.", remedy="see `afschrift submit --help`.")
    return RequestForm(content, name, read.decode())


def prompted(inventory: Inventory, options: Mapping[str, Any]) -> Intake:
    """Ask field by field, as the page of a new request does, and again for what is wrong.

    Typed text reaches neither the process list nor the history.
    """
    say("Type the request. An empty line skips what is not known.")
    values: dict[str, Any] = {}
    every: list[FormField] = []
    for heading, group in fields(inventory, "en").items():
        shown = [
            form_field(name, schema, "needed" if name in NEEDED else "") for name, schema in group.items()
        ]
        every += shown
        if heading not in SELDOM or typer.confirm(f"{heading}?", default=False, err=True):
            values |= _asked(shown)
    while True:
        try:
            return read_entry({**values, **options}, inventory)
        except FormError as error:
            wrong = [field for field in every if field.name in error.fields]
            if not wrong:
                raise
            for field in wrong:
                say(f"{field.title}: {error.fields[field.name]}")
            values = {n: v for n, v in values.items() if n not in error.fields} | _asked(wrong)


def _asked(shown: list[FormField]) -> dict[str, Any]:
    codes, words = read_fields(shown, ask_fields(shown))
    return codes | words


def flagged(keys: list[str]) -> dict[str, str]:
    """Read keys given as name=value on the command line; warn that others may see them there."""
    if keys:
        say("A key given as a flag shows in the process list and the shell history: prefer a file or stdin.")
    return dict(item.partition("=")[::2] for item in keys)
