"""`afschrift submit`: store a request and start its run."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from afschrift.cli.common import actor, say, services
from afschrift.core.errors import ConfigurationError


class Start(StrEnum):
    """How the run of a new request is started."""

    AIRFLOW = "airflow"
    HERE = "here"
    NO = "no"


def submit(
    file: Annotated[
        Path | None, typer.Argument(help="YAML or JSON file; - for standard input; none: prompts.")
    ] = None,
    start: Annotated[
        Start,
        typer.Option(help="airflow: trigger the DAG by REST; here: run it in this process; no: only store."),
    ] = Start.AIRFLOW,
    key: Annotated[
        list[str] | None,
        typer.Option(help="Identity key as name=value. Shows in the process list and shell history."),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            help="Formats of the files, by commas: csv, json, ndjson, xml, parquet. Default: csv,json."
        ),
    ] = None,
) -> None:
    """Store a request (message, channel, receipt, right, identity keys) and trigger its run by its id.

    Where the channel had authenticated the person, the receipt is confirmed by a letter at once, unless
    policy.yml says `acknowledge: manual` (R04).

    A file holds: message, channel, received_at, right (or a list), keys, and, where the channel had
    authenticated the person, authenticated: {by, level, at}. Optional: formats, language, destination,
    limits: {quote, tables, categories}.
    """
    from afschrift.core.roles import Act
    from afschrift.wiring.intake import receive
    from afschrift.wiring.roles import load_roles
    from afschrift.wiring.settings import Settings

    load_roles().require(actor(), Act.SUBMIT)
    content = _prompted() if file is None else _read(file)
    if key:
        say("A key given as a flag shows in the process list and the shell history: prefer a file or stdin.")
        pairs = dict(item.partition("=")[::2] for item in key)
        content["keys"] = {**content.get("keys", {}), **pairs}
    if formats is not None:
        content["formats"] = [name.strip() for name in formats.split(",") if name.strip()]
    ready = services()
    ids = receive(Settings.from_environment(), ready, _intake(content), actor(), say)
    for request_id in ids:
        typer.echo(request_id)
    if start is Start.NO:
        say("Stored. Start the run with `afschrift run ID`, or trigger fulfil_request with this id.")
        return
    for request_id in ids:
        if start is Start.AIRFLOW:
            from afschrift.airflow_ext.trigger import trigger

            say(f"Run {trigger(request_id, {})} started.")
        else:
            from afschrift.cli.running import run_here

            run_here(request_id)


def _read(file: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    name = "standard input" if str(file) == "-" else str(file)
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be read: {error.strerror}.") from None
    try:
        content = YAML(typ="safe").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{name}, line {line}: not readable as YAML or JSON.") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{name} holds no mapping.", way_out="see `afschrift submit --help`.")
    return content


def _prompted() -> dict[str, Any]:
    """Ask for everything; what is typed here reaches neither the process list nor the history."""
    say("Type the request. Identity keys: one name=value a line, an empty line ends.")
    content: dict[str, Any] = {
        "right": typer.prompt("Right (access, portability)"),
        "channel": typer.prompt("Channel (portal, letter, email, ...)"),
        "received_at": typer.prompt("First arrival, with zone (2026-11-20T09:30:00+01:00)"),
        "message": typer.prompt("The message, verbatim"),
        "keys": {},
    }
    while line := typer.prompt("Key", default="", show_default=False):
        name, _, value = line.partition("=")
        content["keys"][name.strip()] = value.strip()
    if typer.confirm("Had the channel authenticated the person?"):
        content["authenticated"] = {
            "by": typer.prompt("By which log-in"),
            "level": typer.prompt("At which level (password, password + code, eHerkenning, ...)"),
            "at": typer.prompt("When, with zone"),
        }
    return content


def _intake(content: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    from afschrift.pipeline.intake import Intake

    try:
        return Intake.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        faults = [
            f"  {'.'.join(map(str, item['loc'])) or 'request'}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise ConfigurationError(
            "The request is not complete:\n" + "\n".join(faults) + "\n",
            way_out="mend it and submit again; nothing was stored. See `afschrift submit --help`.",
        ) from None
