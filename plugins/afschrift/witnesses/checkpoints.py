"""Sends checkpoints of the trail to the witness places of the settings, and reads them back."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from afschrift.app.options import read_options
from afschrift.app.settings import Settings
from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.event import Header, NewEvent
from afschrift.outside.read_json import read_json
from afschrift.register.register import Register
from afschrift.register.trail import checkpoint
from afschrift.register.trail.audit import NOT_SENT, SENT
from afschrift.register.trail.checkpoint import Checkpoint, Offered
from afschrift.register.trail.trail import TrailFinding
from afschrift.witnesses.registry import open_witness
from afschrift.witnesses.timestamp import TimeStamper
from afschrift.witnesses.witness import Witness

Log = list[tuple[Header, dict[str, Any]]]

_JSON, _STAMP = ".json", ".tsr"
_AT_ONCE = timedelta(hours=1)
"""A stamp is requested when its checkpoint is made; a later stamp means that the checkpoint was backdated."""


@dataclass(frozen=True)
class CheckpointSending:
    """To which places a checkpoint was sent.

    Attributes:
        sent: place -> numbers of the checkpoints sent there now, including those that it lacked.
        problems: place -> error.
    """

    checkpoint: Checkpoint
    sent: dict[str, list[int]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Lines for a log."""
        numbers = {name: ", ".join(map(str, given)) for name, given in self.sent.items()}
        return [
            *(f"The witness place '{name}' holds checkpoint {given}." for name, given in numbers.items()),
            *(f"NOT sent to '{name}': {problem}" for name, problem in self.problems.items()),
        ]


def send_checkpoint(settings: Settings, register: Register, by: str = "system") -> CheckpointSending:
    """Make a checkpoint, have it stamped, and send it to every place, also if another place fails.

    A place also gets the checkpoints made since the last one that it got.

    Raises:
        ConfigurationError: no place is configured.
        RefusedError: the trail has no event yet.
    """
    if not settings.witnesses:
        raise ConfigurationError(
            "There is no witness place for checkpoints.",
            remedy="set AFSCHRIFT_WITNESS_<NAME> to a folder, object store or mailbox that the operators "
            "of the register cannot write; see docs/trail.md.",
        )
    made = register.trail.make_checkpoint(by)
    sending = CheckpointSending(made)
    # Time stamping authorities first, so that the other places get their stamps too.
    for name in sorted(settings.witnesses, key=lambda name: (not _is_authority(settings, name), name)):
        try:
            witness = open_place(settings, name)
            if isinstance(witness, TimeStamper):
                stamp = witness.stamp(made.content())
                _record(register, SENT, name, made, by, stamp=base64.b64encode(stamp).decode())
                sending.sent[name] = [made.statement.number]
                continue
            log = register.trail.checkpoint_log()
            for due in _checkpoints_due(log, name):
                witness.send({due.name: due.content()} | _stamps_of(log, due))
                _record(register, SENT, name, due, by)
                sending.sent.setdefault(name, []).append(due.statement.number)
        except AfschriftError as error:
            sending.problems[name] = str(error)
            _record(register, NOT_SENT, name, made, by, error=type(error).__name__)
    return sending


def _is_authority(settings: Settings, name: str) -> bool:
    return settings.witnesses[name].startswith("tsa+")


def _checkpoints_made(log: Log) -> dict[int, Checkpoint]:
    of_events = (checkpoint.parse(payload) for header, payload in log if header.type == checkpoint.MADE)
    return {made.statement.number: made for made in of_events}


def _checkpoints_due(log: Log, witness_name: str) -> list[Checkpoint]:
    """Checkpoints that a place lacks since the last one it got; a new place begins with the newest."""
    made = _checkpoints_made(log)
    got = [
        payload["number"]
        for header, payload in log
        if header.type == SENT and payload["place"] == witness_name
    ]
    after = max(got, default=max(made) - 1)
    return [found for number, found in sorted(made.items()) if number > after]


def _stamps_of(log: Log, made: Checkpoint) -> dict[str, bytes]:
    """Name -> content of the time stamps of a checkpoint."""
    return {
        f"{made.name.removesuffix(_JSON)}.{payload['place']}{_STAMP}": base64.b64decode(payload["stamp"])
        for header, payload in log
        if header.type == SENT and payload["number"] == made.statement.number and "stamp" in payload
    }


@dataclass(frozen=True)
class GatheredCheckpoints:
    """What the witness places hold.

    Attributes:
        checkpoints: None if no place can be read from here.
        findings: invalid stamps, and checkpoints that a place got and no longer has.
        unread: place -> why nothing could be read from it.
        failed: a place that can usually be read from here could not be read now.
    """

    checkpoints: list[Offered] | None
    findings: list[TrailFinding]
    unread: dict[str, str]
    failed: bool


def gather(settings: Settings, register: Register) -> GatheredCheckpoints:
    """Read every place that can be read from here; a place that fails does not stop the rest."""
    held: dict[str, dict[str, bytes]] = {}
    stampers: dict[str, TimeStamper] = {}
    unread: dict[str, str] = {}
    failed = False
    for name in sorted(settings.witnesses):
        try:
            witness = open_place(settings, name)
            if isinstance(witness, TimeStamper):
                stampers[name] = witness
            elif witness.readable:
                held[name] = dict(witness.read())
            else:
                unread[name] = "it is read by its owner: save what came there, and give it as --checkpoint."
        except AfschriftError as error:
            unread[name] = str(error)
            failed = True
    findings = [
        *(f for name, files in held.items() for f in _stamp_faults(name, files, stampers)),
        *_missing_checkpoints(held, register),
    ]
    checkpoints = [
        Offered(f"{witness_name}/{name}", content)
        for witness_name, files in held.items()
        for name, content in files.items()
        if name.endswith(_JSON)
    ]
    return GatheredCheckpoints(checkpoints if held else None, findings, unread, failed)


def open_place(settings: Settings, name: str) -> Witness | TimeStamper:
    """Open a place of the settings; errors as of `open_witness`."""
    path = settings.witness_options.get(name)
    options: Any = {}
    if path is not None:
        options = read_options(path, f"the witness place '{name}'", "docs/trail.md")
    return open_witness(name, settings.witnesses[name], options)


def _record(
    register: Register, type_: str, witness_name: str, made: Checkpoint, by: str, **more: str
) -> None:
    register.trail.record(
        None, NewEvent(type_, by, {"place": witness_name, "number": made.statement.number, **more})
    )


def _stamp_faults(
    witness_name: str, files: dict[str, bytes], stampers: dict[str, TimeStamper]
) -> Iterator[TrailFinding]:
    for name, stamp in files.items():
        stem, _, authority = name.removesuffix(_STAMP).rpartition(".")
        if not name.endswith(_STAMP) or authority not in stampers:
            continue
        content = files.get(stem + _JSON, b"")
        if fault := stampers[authority].fault(content, stamp):
            yield TrailFinding("stamp_invalid", 0, f"{witness_name}/{name} does not hold: {fault}")
            continue
        try:
            statement = checkpoint.parse(read_json(content, name)).statement
        except ValueError:
            continue  # reported as `checkpoint_unreadable`
        time = TimeStamper.time(stamp)
        if abs(time - datetime.fromisoformat(statement.at)) > _AT_ONCE:
            text = f"{witness_name}/{name} is of {time:%Y-%m-%dT%H:%M:%SZ}, its checkpoint of {statement.at}"
            yield TrailFinding("stamp_late", statement.seq, text)


def _missing_checkpoints(held: dict[str, dict[str, bytes]], register: Register) -> Iterator[TrailFinding]:
    """Find checkpoints that were sent to a place according to the trail, and are no longer there."""
    log = register.trail.checkpoint_log()
    made = _checkpoints_made(log)
    for header, payload in log:
        witness_name, sent = payload.get("place"), made.get(payload.get("number", 0))
        if header.type == SENT and sent and witness_name in held and sent.name not in held[witness_name]:
            text = f"checkpoint {sent.statement.number} was sent to {witness_name} and is not there"
            yield TrailFinding("checkpoint_missing", sent.statement.seq, text)
