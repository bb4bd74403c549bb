"""`afschrift submit`: store a request and start its run."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.casework.intake.request_form import RequestForm
from afschrift.cli import given
from afschrift.cli.common import actor, print_lines, say, services
from afschrift.cli.running import CODES, Ended, begin, leave
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.request import DEFAULT_FORMATS
from afschrift.domain.right import Right
from afschrift.formats.registry import FORMATS
from afschrift.law.case_facts import OTHER_RIGHTS
from afschrift.law.roles import Act
from afschrift.outside.limits import BYTES
from afschrift.outside.read_yaml import read_yaml
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
    from afschrift.casework.intake.receive import receive, stored_lines

    load_roles().require(actor(), Act.SUBMIT)
    settings = Settings.from_environment()
    start = start or (Start.NO if settings.batch_requests > 1 else Start.AIRFLOW)
    if csv is not None:
        _import(settings, csv, start)
        return
    form = RequestForm(prompted()) if file is None else from_file(file)
    form, ready = _with_options(form, key or [], formats), services()
    stored = receive(settings, ready, form.intake(ready.inventory.identity.keys), actor(), say)
    print_lines(stored.requests or (stored.case,))
    for line in stored_lines(stored):
        say(line)
    if start is Start.NO and stored.requests:
        say("Stored. Start the run with `afschrift run ID`, or trigger fulfil_request with this id.")
    if start is not Start.NO:
        leave(*(_begin(ready.register, request_id, start) for request_id in stored.requests))


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


def _with_options(form: RequestForm, keys: list[str], formats: str | None) -> RequestForm:
    """Add the options of the command line to the form."""
    changed, options = dict[str, Any](), flagged(keys)
    if options:
        in_form = form.content.get("keys") or {}
        # a list stays, and is named as a fault
        changed["keys"] = {**in_form, **options} if isinstance(in_form, dict) else in_form
    if formats is not None:
        changed["formats"] = [name.strip() for name in formats.split(",") if name.strip()]
    return replace(form, content=form.content | changed, options=frozenset(options))


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


def prompted() -> dict[str, Any]:
    """Ask for everything; typed text reaches neither the process list nor the history."""
    say("Type the request. Identity keys: one name=value per line, an empty line ends; none: we ask for one.")
    made_by = typer.prompt("Made by (self, parent, guardian, proxy, heir)", default="self")
    dead = made_by == "heir" or (
        made_by != "self" and typer.confirm("Is it about a person who died?", default=False)
    )
    content: dict[str, Any] = {"made_by": made_by, "about_deceased": dead}
    if made_by == "heir":
        say("The heir: name=, organisation=, email=, phone=, address=, language=, channel=.")
        content["heir"] = pairs("Heir") or None
    if not dead:
        words = f"Rights of ours ({', '.join(Right)}, by commas; unclear; - for none)"
        content["right"] = _listed(typer.prompt(words))
    others = typer.prompt(f"Other rights, by commas ({', '.join(OTHER_RIGHTS)})", default="")
    content["other_rights"] = _listed(others)
    content["channel"] = typer.prompt("Channel (portal, letter, email, ...)")
    content["received_at"] = typer.prompt("First arrival, with zone (2026-11-20T09:30:00+01:00)")
    content["message"] = typer.prompt("The message, verbatim")
    if dead or not content["right"]:
        return content
    content["keys"] = pairs("Key")
    if made_by != "self":
        say("The requester: name=, organisation=, email=, phone=, address=, language=, channel=.")
        content["representative"] = pairs("Representative") or None
        say("Whose data it is about, with the same fields.")
        content["person"] = pairs("Person") or None
    if content["keys"] and typer.confirm("Had the channel authenticated the person?"):
        content["authenticated"] = {
            "by": typer.prompt("By which log-in"),
            "level": typer.prompt("At which level (password, password + code, eHerkenning, ...)"),
            "at": typer.prompt("When, with zone"),
        }
    return content


def flagged(keys: list[str]) -> dict[str, Any]:
    """Read keys given as name=value on the command line; warn that others may see them there."""
    if keys:
        say("A key given as a flag shows in the process list and the shell history: prefer a file or stdin.")
    return dict(item.partition("=")[::2] for item in keys)


def _listed(text: str) -> list[str]:
    return [item for part in text.split(",") if (item := part.strip()) not in ("", "-")]


def pairs(label: str) -> dict[str, str]:
    """Ask for name=value, one per line, until an empty line."""
    found = {}
    while line := typer.prompt(label, default="", show_default=False):
        name, _, value = line.partition("=")
        found[name.strip()] = value.strip()
    return found
