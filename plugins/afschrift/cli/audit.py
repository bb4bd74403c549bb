"""`afschrift audit`: show, verify, witness, export and shorten the trail."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.app.settings import Settings
from afschrift.casework.destruction import DestructionService
from afschrift.casework.trail_acts import propose_aside, sign_aside
from afschrift.cli.bundle import trusted_keys
from afschrift.cli.common import Yes, actor, agreed, confirm, officer, open_register, print_lines, say
from afschrift.domain.errors import ConfigurationError
from afschrift.law.destruction import Destroying
from afschrift.register.trail.checkpoint import offered

if TYPE_CHECKING:
    from afschrift.audit.verify_register import Verified
    from afschrift.register.register import Register
    from afschrift.register.trail.trail import TrailFinding

app = typer.Typer(no_args_is_help=True)


@app.command()
def show(
    request: Annotated[
        str | None, typer.Argument(help="Id of a request; without one, the whole trail.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines: header and payload.")] = False,
) -> None:
    """Print the events, one per line, as in task logs; `--json`: with their whole content."""
    from afschrift.audit.sentences import line

    found = False
    for header, payload in open_register().trail.each(request):
        found = True
        if as_json:
            typer.echo(json.dumps({**asdict(header), "payload": payload}, ensure_ascii=False))
        else:
            of = "" if request else f"{header.request or '-':<16}  "
            typer.echo(f"{header.at}  {of}{line(header, payload)}")
    if request and not found:
        say("No event names this request: see `afschrift requests`.")


@app.command()
def verify(
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint, or a folder of them, besides what the witness places hold."),
    ] = None,
    bundle: Annotated[
        list[Path] | None, typer.Option(help="A bundle: its head must be in the trail.")
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option(help="Trusted public key (PEM); default: this installation's own keys."),
    ] = None,
    max_age: Annotated[
        float, typer.Option(help="Hours that the newest checkpoint may be old; 0: any age.")
    ] = 48,
    tables: Annotated[
        bool,
        typer.Option(
            "--register/--no-register",
            help="Replay the events into every table, and name each row that does not follow from them.",
        ),
    ] = True,
    logs: Annotated[
        list[Path] | None, typer.Option(help="A folder of Airflow's task logs, to compare with the trail.")
    ] = None,
) -> None:
    """Verify the whole chain, and compare it with checkpoints, bundles, task logs and the register's tables.

    Exit code 1 with any finding. A finding names a place, never a value.
    """
    from afschrift.audit.verify_register import verify as verify_all
    from afschrift.canary.history import evidence

    register = open_register()
    heads, refused = _heads(bundle or [], key)
    of_bundles = [line for path in bundle or [] for line in _bundle_events(path)]
    done = verify_all(
        Settings.from_environment(),
        register,
        heads,
        offered(checkpoint or []),
        trusted=trusted_keys(key) if key else None,
        max_age=timedelta(hours=max_age) if max_age else None,
        tables=tables,
    )
    print_lines((*done.doubts, *done.aside))
    of_logs = [finding for folder in logs or [] for finding in _against_logs(folder, register)]
    for line in (*done.lines(), *(f"event {found.seq}: {found.text} ({found.code})" for found in of_logs)):
        typer.echo(f"  {line}")
    if line := evidence(register):
        typer.echo(line)
    for line in _not_compared(done):
        say(line)
    if not done.ok or refused or of_logs:
        raise typer.Exit(1)
    print_lines((*of_bundles, _whole(register, done.compared, tables=tables)))


def _not_compared(done: Verified) -> Iterator[str]:
    for name, why in done.unread.items():
        yield f"Not compared with the witness place '{name}': {why}"
    if done.compared is None:
        yield "No checkpoint was compared: a missing end, or a rewritten trail, would not show."


def _whole(register: Register, compared: int | None, *, tables: bool) -> str:
    seq, head = register.trail.head()
    agree = "" if compared is None else f" {compared} checkpoint(s) agree."
    followed = " Every row of the register follows from it." if tables else ""
    return f"The trail is whole: {seq} events, head {head}.{agree}{followed}"


@app.command()
def set_aside(
    sign: Annotated[bool, typer.Option("--sign", help="As second person: agree, and set it aside.")] = False,
    turn_down: Annotated[bool, typer.Option("--turn-down", help="As second person: disagree.")] = False,
) -> None:
    """Set aside events and rows without a valid code, so that what they block can continue.

    The data protection officer proposes it, and a second signer signs with --sign. The events remain in the
    chain and each verification names them; the rows are removed from their tables. An event of the service
    whose code was deleted looks the same: compare with a back-up before you sign.
    """
    agree = agreed(sign, turn_down)
    what = propose_aside(officer()) if agree is None else sign_aside(officer(), agree=agree)
    print_lines((*what.about, *(f"{table} {row}" for table, row, _ in what.rows)))
    if turn_down:
        say("Turned down, and entered in the trail.")
    elif sign:
        say("Set aside, and entered in the trail. The next checkpoint goes out with it.")
    else:
        say("Proposed. Copy the database first; then another person: `afschrift audit set-aside --sign`.")


@app.command()
def checkpoint() -> None:
    """Sign the trail's head and send it to every witness place; exit code 1 if one did not accept it."""
    from afschrift.witnesses.checkpoints import send_checkpoint

    sending = send_checkpoint(Settings.from_environment(), open_register(), actor())
    for line in sending.lines():
        say(line)
    typer.echo(sending.checkpoint.name)
    if sending.problems:
        raise typer.Exit(1)


@app.command()
def export(file: Annotated[Path, typer.Argument(help="A new file.")]) -> None:
    """Write the whole trail as JSON Lines, for `tools/verify_trail.py` and for auditors."""
    register = open_register()
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be made: {error.strerror}.", remedy="name a new file in an existing folder."
        ) from None
    try:
        with os.fdopen(handle, "wb") as into:
            events = register.trail.export(into, actor())
    except BaseException:
        file.unlink()
        raise
    typer.echo(f"{events} events written to {file}.")


@app.command()
def drop_year(
    year: Annotated[int, typer.Argument(help="The oldest year of the trail.")],
    rule: Annotated[str, typer.Option(help="The rule that allows it: retention_trail.")],
    yes: Yes = False,
) -> None:
    """Drop a whole year of the trail after its retention; the chain continues from its last digest."""
    from afschrift.witnesses.checkpoints import send_checkpoint

    service = DestructionService(officer())
    service.allow(Destroying.DROP_YEAR, rule)
    register = service.officer.register
    settings = Settings.from_environment()
    keep = settings.trail_years
    with service.refusals(Destroying.DROP_YEAR, None):
        what = register.trail.droppable(year, rule, keep)
    say(f"Year {year}: {what.count} events, {what.first_seq} to {what.last_seq}. They cannot be restored.")
    confirm("Drop them?", yes)
    what = register.trail.drop_year(year, rule, keep, actor())
    typer.echo(f"Dropped {what.count} events; closing digest {what.closing}.")
    if settings.witnesses:
        for line in send_checkpoint(settings, register, actor()).lines():
            say(line)


def _against_logs(folder: Path, register: Register) -> list[TrailFinding]:
    """Return the differences between the task logs below a folder and the trail."""
    from afschrift.audit.against_logs import compare, read_logs

    logs = read_logs(folder)
    found = compare(logs, register.trail.each())
    say(f"{folder}: {found.lines} lines of the trail in {logs.files} task logs were compared.")
    if found.erased:
        say(f"{found.erased} of them have an erased payload: only number, type and digest were compared.")
    if found.dropped:
        say(f"{found.dropped} are of a year of the trail that was dropped, and were not compared.")
    return found.findings


def _heads(bundles: list[Path], key: list[Path] | None) -> tuple[list[tuple[int | str, str]], bool]:
    """Return the heads that bundles name, and whether one of the bundles cannot be trusted."""
    from afschrift.bundle.container.verify import verify as check
    from afschrift.encryption.registry import is_encrypted

    heads, refused = [], False
    for path in bundles:
        if is_encrypted(path):
            say(f"{path} is encrypted: open it (`afschrift bundle open`) to compare its head.")
            continue
        report = check(path, trusted_keys(key))
        if report.ok and report.trusted:
            heads.append(report.trail)
        else:
            refused = True
            say(f"{path}: not compared, `afschrift verify` does not trust it.")
    return heads, refused


def _bundle_events(path: Path) -> Iterator[str]:
    """Yield a line for each event about a bundle; they remain after its request was forgotten."""
    if path.is_dir():
        return
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    found = open_register().trail.of_bundle(sha256)
    words = {
        "bundle_sealed": "sealed",
        "bundle_arrived": "delivered",
        "bundle_delivered": "delivered, encrypted",
    }
    for header in found:
        yield f"{path}: {words[header.type]} at {header.at} (event {header.seq}, request {header.request})."
    if not found:
        yield f"{path}: no event of the trail names this file by its digest."
