"""Heights: signed statements of how far the trail came, kept at the witness places, read at the first gate.

Each height is a small file next to the checkpoints. It names the decisions against reading or delivering
since the previous height, so that a register that was set back or restored shows which of them it lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import msgspec

from afschrift.app.settings import Settings
from afschrift.domain.errors import AfschriftError, RetriableError
from afschrift.domain.event import canonical
from afschrift.domain.instants import rfc3339
from afschrift.register.register import Register
from afschrift.register.trail.differences import ForgedError
from afschrift.register.trail.height import Height
from afschrift.register.trail.signed import TrustedKeys, sign
from afschrift.witnesses.checkpoints import open_place
from afschrift.witnesses.folder_witness import FolderWitness

FORMAT = "afschrift-height/1"
_NAME = re.compile(r"afschrift-height-[0-9a-f]{16}-\d{4}-\d{12}\.json")
_TRIED = 20
"""After so many files without a valid signature a place counts as one without a height."""


@dataclass(frozen=True)
class WitnessedHeight:
    """The signed statement.

    Attributes:
        register: the register's id.
        restorations, seq, head: as of `Height`.
        protecting: events since the previous height that decide against reading or delivering: number, type,
            request and a code of each.
    """

    format: str
    register: str
    restorations: int
    seq: int
    head: str
    at: str
    key_id: str
    protecting: list[list[Any]] = field(default_factory=list)

    @property
    def height(self) -> Height:
        """The height alone, without the protecting events."""
        return Height(self.restorations, self.seq, self.head)


@dataclass
class AskedPlaces:
    """What the witness places hold.

    Attributes:
        highest: place -> its newest height; None if it has none yet.
        faults: place -> names of files there that this register's keys did not sign.
        away: place -> why it could not be read.
        rewritable: places where this account can remove what it wrote: they prove nothing.
    """

    highest: dict[str, WitnessedHeight | None] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    away: dict[str, str] = field(default_factory=dict)
    rewritable: list[str] = field(default_factory=list)

    @property
    def height(self) -> Height | None:
        """The highest height of all places."""
        return max((newest.height for newest in self.highest.values() if newest), default=None)


def ask(settings: Settings, register: Register, *, probe: bool = False) -> AskedPlaces:
    """Read the newest height of each place that can be read; a place that fails does not stop the rest.

    Args:
        settings: of the installation.
        register: the register.
        probe: also try whether this account can rewrite a place.
    """
    asked = AskedPlaces()
    for name, place in _places(settings, asked):
        try:
            asked.highest[name] = next(_heights(place, register, asked.faults.setdefault(name, [])), None)
            if probe and place.rewritable():
                asked.rewritable.append(name)
        except AfschriftError as error:
            asked.away[name] = str(error)
    return asked


def must_reach(settings: Settings, register: Register) -> AskedPlaces:
    """Require that the register holds what the witness places know, before anything is read or delivered.

    Raises:
        ForgedError: the register was set back.
        RetriableError: no place answers, and there is no height next to the keys either.
    """
    asked = ask(settings, register)
    if (height := asked.height) is not None and (found := register.evidence.lacking(height)):
        raise ForgedError("The register", found)
    if asked.away and not asked.highest and register.evidence.kept() is None:
        name, why = next(iter(asked.away.items()))
        raise RetriableError(
            f"No witness place says how far the trail came, so nothing begins. {name}: {why}",
            remedy="bring one of them back; the step is tried again.",
        )
    return asked


def move_on(settings: Settings, register: Register, asked: AskedPlaces) -> dict[str, str]:
    """Write the register's height to each place that has a lower one. Return place -> why that failed."""
    failed: dict[str, str] = {}
    for name, place in _places(settings, asked):
        if name not in asked.highest:
            continue
        known = asked.highest[name]
        made = _statement(register, known)
        if made is None or (known and known.height >= made.height):
            continue
        try:
            place.send({_file_name(made): _content(made, register)})
        except AfschriftError as error:
            failed[name] = str(error)
    return failed


def lost(settings: Settings, register: Register) -> list[str]:
    """Find protecting events that a witness place knows and the register lacks, unless entered again."""
    asked = AskedPlaces()
    events: dict[tuple[int, int], list[Any]] = {}
    for name, place in _places(settings, asked):
        try:
            for witnessed in _heights(place, register, asked.faults.setdefault(name, []), tries=None):
                events |= {(witnessed.restorations, row[0]): row for row in witnessed.protecting}
        except AfschriftError:
            continue  # `ask` names it
    return register.evidence.not_held(events)


def doubts(asked: AskedPlaces, *, kept: bool) -> list[str]:
    """Say why the witness places would not reveal a register that was set back, the gravest reason first.

    Args:
        asked: result of `ask` with `probe`.
        kept: whether a height is kept next to the keys.
    """
    left = "only the height next to the keys shows" if kept else "nothing shows"
    counting = asked.highest.keys() - asked.rewritable
    return [
        *([] if counting else [f"No witness: {left} when this register is set back (docs/trail.md)."]),
        *(
            f"The witness place '{name}' does not count: this account can remove what it wrote there."
            for name in asked.rewritable
        ),
        *(f"The witness place '{name}' does not answer: {why}" for name, why in sorted(asked.away.items())),
        *(
            f"The witness place '{name}' holds {file}, which this register's keys did not sign."
            for name, files in asked.faults.items()
            for file in files
        ),
    ]


def _places(settings: Settings, asked: AskedPlaces) -> Iterator[tuple[str, FolderWitness]]:
    for name in sorted(settings.witnesses):
        try:
            place = open_place(settings, name)
        except AfschriftError as error:
            asked.away[name] = str(error)
            continue
        if isinstance(place, FolderWitness):
            yield name, place


def _heights(
    place: FolderWitness, register: Register, faults: list[str], tries: int | None = _TRIED
) -> Iterator[WitnessedHeight]:
    """Heights at a place with a valid signature, the newest first."""
    keys = register.store.keys
    trusted = TrustedKeys(keys.public_keys(), keys.revoked())
    prefix = f"afschrift-height-{register.evidence.id()[:16]}-"
    names = sorted((name for name in place.names(prefix) if _NAME.fullmatch(name)), reverse=True)
    for name in islice(names, tries):
        found = _parse(place.content(name), trusted)
        if found is None or _file_name(found) != name:
            faults.append(name)
        else:
            yield found


def _parse(content: bytes, trusted: TrustedKeys) -> WitnessedHeight | None:
    try:
        file = msgspec.json.decode(content, type=dict[str, Any])
        found = msgspec.convert(file.get("height"), WitnessedHeight)
        genuine = found.format == FORMAT and asdict(found) == file["height"]
        return found if genuine and not trusted.fault(asdict(found), file["signature"], found.at) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _statement(register: Register, before: WitnessedHeight | None) -> WitnessedHeight | None:
    height = register.evidence.height()
    if height is None:
        return None
    same = before is not None and before.restorations == height.restorations
    return WitnessedHeight(
        FORMAT,
        register.evidence.id(),
        height.restorations,
        height.seq,
        height.head,
        rfc3339(register.store.clock()),
        register.store.keys.signing_key().id,
        register.evidence.protecting(before.seq if before is not None and same else 0),
    )


def _content(witnessed: WitnessedHeight, register: Register) -> bytes:
    statement: Mapping[str, Any] = asdict(witnessed)
    return canonical({"height": statement, "signature": sign(statement, register.store.keys.signing_key())})


def _file_name(witnessed: WitnessedHeight) -> str:
    return (
        f"afschrift-height-{witnessed.register[:16]}-{witnessed.restorations:04d}-{witnessed.seq:012d}.json"
    )
