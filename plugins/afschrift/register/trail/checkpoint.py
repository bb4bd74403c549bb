"""Checkpoints: the signed head of the trail, for witness places that the register's operators cannot write.

A checkpoint is recorded in the trail before it is sent, so that the trail says which checkpoints there must
be; each names the one before it. The signed statement is data: an older checkpoint must still verify.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.event import canonical, digest
from afschrift.outside.limits import read_file
from afschrift.outside.read_json import read_json
from afschrift.register.keys.store import SigningKey
from afschrift.register.trail import signed
from afschrift.register.trail.erasures import RecordedErasure, names_last_erasure
from afschrift.register.trail.segments import Segment
from afschrift.register.trail.signed import TrustedKeys
from afschrift.register.trail.trail import TrailFinding

FORMAT = "afschrift-checkpoint/2"
MADE = "checkpoint_made"

_NAME = re.compile(r"afschrift-checkpoint-[0-9a-f]{16}-(\d{8})\.json")


@dataclass(frozen=True)
class Statement:
    """What is signed.

    Attributes:
        register: the register's id: digest of the first header of its trail.
        number: 1, 2, 3, ... without a gap.
        seq, head: sequence number and digest of the last header.
        at: when it was made.
        previous: digest of the previous statement (canonical JSON), 64 zeros for the first.
        dropped: `last_seq` and `closing` of the newest dropped year; None: no year was dropped.
        erased: `seq` of the last event `payloads_erased`, and digest of its statement; or None.
        key_id: name of the public key (`domain.signing.key_id`).
    """

    format: str
    register: str
    number: int
    seq: int
    head: str
    at: str
    previous: str
    dropped: dict[str, int | str] | None
    erased: dict[str, int | str] | None
    key_id: str

    def digest(self) -> str:
        """SHA-256 of the canonical JSON, hex."""
        return digest(asdict(self))


@dataclass(frozen=True)
class Checkpoint:
    """A statement with the Ed25519 signature over its canonical JSON, hex."""

    statement: Statement
    signature: str

    @property
    def name(self) -> str:
        """Name of its file, by register and number alone: a second checkpoint of a number is a conflict."""
        return f"afschrift-checkpoint-{self.statement.register[:16]}-{self.statement.number:08d}.json"

    def payload(self) -> dict[str, Any]:
        """Plain JSON: the payload of its event and the content of its file."""
        return {"checkpoint": asdict(self.statement), "signature": self.signature}

    def content(self) -> bytes:
        """Content of its file: canonical JSON."""
        return canonical(self.payload())


@dataclass(frozen=True)
class Offered:
    """A file that may be a checkpoint, from a witness place; `name` ends with the file's name."""

    name: str
    content: bytes


Recorded = dict[int, Checkpoint]
"""Checkpoints that the trail's events record, by number."""


def sign(statement: Statement, key: SigningKey) -> Checkpoint:
    """The signed checkpoint."""
    return Checkpoint(statement, signed.sign(asdict(statement), key))


def parse(payload: Mapping[str, Any]) -> Checkpoint:
    """Read a checkpoint from plain JSON.

    Raises:
        ValueError: it has another form.
    """
    statement = msgspec.convert(payload.get("checkpoint"), Statement)
    signature = payload.get("signature")
    if statement.format != FORMAT or not isinstance(signature, str):
        raise ValueError("no checkpoint of a known format")
    found = Checkpoint(statement, signature)
    if found.payload() != payload:
        raise ValueError("a checkpoint with more in it")
    return found


def offered(paths: Iterable[Path]) -> list[Offered]:
    """Read files, and in folders all files with the name of a checkpoint.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    found = []
    for path in paths:
        try:
            files = sorted(path.glob("afschrift-checkpoint-*.json")) if path.is_dir() else [path]
            found += [Offered(str(file), read_file(file)) for file in files]
        except OSError as error:
            raise ConfigurationError(f"The checkpoint {path} cannot be read: {error.strerror}.") from None
    return found


def verify_checkpoints(
    offered: Iterable[Offered], trusted: TrustedKeys, register: str
) -> tuple[list[Checkpoint], list[TrailFinding]]:
    """The genuine checkpoints of this register among files, and findings about the others."""
    genuine, findings = [], []
    for file in offered:
        try:
            found = parse(read_json(file.content, file.name))
            fault = _fault(found, file.name, trusted, register)
            seq = found.statement.seq
        except ValueError:
            fault, seq = ("checkpoint_unreadable", "is no checkpoint of a known format"), 0
        if fault is None:
            genuine.append(found)
        else:
            findings.append(TrailFinding(fault[0], seq, f"{file.name} {fault[1]}"))
    return genuine, findings


def _fault(found: Checkpoint, name: str, trusted: TrustedKeys, register: str) -> tuple[str, str] | None:
    statement = found.statement
    wrong = trusted.fault(asdict(statement), found.signature, statement.at)
    if wrong == "wrong_key":
        return "checkpoint_wrong_key", f"is signed with key {statement.key_id}, which is not trusted"
    if wrong:
        return "checkpoint_forged", "was changed after it was signed"
    if statement.register != register:
        text = "is of another register, or the trail was written anew from its first event"
        return "checkpoint_other_register", text
    named = _NAME.search(name)
    if named and int(named[1]) != statement.number:
        return "checkpoint_replayed", f"holds checkpoint {statement.number}: another one under its name"
    return None


def compare(
    genuine: Sequence[Checkpoint],
    known: Recorded,
    dropped: Sequence[Segment],
    erased: Sequence[RecordedErasure],
    newest_after: str,
) -> Iterator[TrailFinding]:
    """Compare checkpoints with each other and with those that the trail records.

    `verification` compares their heads, along the chain.
    """
    by_number: dict[int, Statement] = {}
    for checkpoint in genuine:
        statement = checkpoint.statement
        if by_number.setdefault(statement.number, statement) != statement:
            text = f"two checkpoints bear the number {statement.number}"
            yield TrailFinding("checkpoint_conflict", statement.seq, text)
    gone = [{"last_seq": segment.last_seq, "closing": segment.closing} for segment in dropped]
    last_gone = max((segment.last_seq for segment in dropped), default=0)
    for number, statement in sorted(by_number.items()):
        before = by_number.get(number - 1)
        if before and before.digest() != statement.previous:
            text = f"checkpoint {number} does not follow checkpoint {number - 1}"
            yield TrailFinding("checkpoint_chain", statement.seq, text)
        if statement.dropped and statement.dropped not in gone:
            text = f"checkpoint {number} knows of other dropped years than the register"
            yield TrailFinding("segment_differs", statement.seq, text)
        recorded = known.get(number)
        if statement.seq > last_gone and (recorded is None or recorded.statement != statement):
            text = f"no event of the trail records checkpoint {number} as it is"
            yield TrailFinding("checkpoint_untold", statement.seq, text)
        if not names_last_erasure(statement.erased, statement.seq, erased, last_gone):
            text = f"checkpoint {number} names another erasure of payloads than the trail records"
            yield TrailFinding("erasure_differs", statement.seq, text)
    numbers = by_number.keys() | known.keys()
    first = min(by_number, default=max(known, default=1))
    for number in range(first, max(numbers, default=0) + 1):
        if number not in by_number:
            seq = known[number].statement.seq if number in known else 0
            yield TrailFinding(
                "checkpoint_missing", seq, f"checkpoint {number} is at none of the places compared"
            )
    newest = max(by_number.values(), key=lambda s: s.number, default=None)
    if (newest.at if newest else "") < newest_after:
        text = f"the newest checkpoint is of {newest.at}" if newest else "there is no checkpoint"
        text += ": what the trail tells since is not witnessed"
        yield TrailFinding("checkpoint_stale", newest.seq if newest else 0, text)
