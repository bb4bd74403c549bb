"""Verifies a register: the trail, with its checkpoints and bundles, and the tables against the trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from afschrift.app.settings import Settings
from afschrift.domain.instants import rfc3339
from afschrift.register.register import Register
from afschrift.register.trail.checkpoint import Offered
from afschrift.register.trail.differences import Difference
from afschrift.register.trail.trail import TrailFinding
from afschrift.witnesses.checkpoints import gather
from afschrift.witnesses.heights import ask, doubts

SENTENCES = {
    "event_missing": "an event of its case is missing before this one",
    "event_forged": "was not written by the service: its code does not hold",
    "event_key_unknown": "has a code by a key that is not at hand",
    "payload_altered": "has another payload than the one recorded",
    "payload_missing": "lacks its payload, and no rule erased it",
    "payload_erased": "was erased, and no later event attests the rows that are left of its request",
    "row_added": "is in the register, and no event attests it",
    "row_missing": "is attested by the trail, and is not in the register",
    "row_changed": "has another value than the trail attests",
    "row_overwritten": "had another value when the service wrote it than the trail had attested",
    "row_order": "has a lower number than one that was written before it",
    "schema_changed": "is not as the migrations make it: its tables may not show what they hold",
    "register_set_back": "is missing, though the trail had reached it: the register was set back",
    "key_returned": "is there, though the trail says that it was destroyed",
}
"""Code of a difference -> text about the place."""


@dataclass(frozen=True)
class Verified:
    """Result of a verification.

    Attributes:
        findings: of the chain, its checkpoints, dropped years and heads.
        differences: of the tables; empty if they were not compared.
        compared: number of checkpoints; None: none could be read.
        unread: witness place -> why nothing could be read from it.
        failed: a place that can be read from here failed.
        doubts: why no witness would show a register that was set back.
        aside: what was set aside: it stays in the trail, and counts for nothing.
    """

    findings: tuple[TrailFinding, ...]
    differences: tuple[Difference, ...]
    compared: int | None
    unread: Mapping[str, str]
    failed: bool
    doubts: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found and every readable place was read."""
        return not (self.findings or self.differences or self.failed)

    def lines(self) -> list[str]:
        """Each finding as a line; places and codes, never a value."""
        found = [f"event {finding.seq}: {finding.text} ({finding.code})" for finding in self.findings]
        return [*found, *(f"{_place(d)} {SENTENCES[d.code]} ({d.code})" for d in self.differences)]


def verify(
    settings: Settings,
    register: Register,
    heads: Sequence[tuple[int | str, str]] = (),
    checkpoints: Sequence[Offered] = (),
    *,
    trusted: Mapping[str, bytes] | None = None,
    max_age: timedelta | None = None,
    tables: bool = True,
) -> Verified:
    """Verify the whole register.

    Args:
        settings: of the installation.
        register: the register.
        heads: known from elsewhere, as `register.trail.verify` takes them.
        checkpoints: besides what the witness places hold.
        trusted: key id -> raw public key; None: the keys at hand.
        max_age: how old the newest checkpoint may be; None: any age.
        tables: compare the tables with the trail too.
    """
    gathered = gather(settings, register)
    offered = gathered.checkpoints
    if checkpoints:
        offered = [*(offered or []), *checkpoints]
    asked = ask(settings, register, probe=True)
    height = asked.height
    findings = register.trail.verify(
        heads,
        checkpoints=offered,
        trusted=trusted,
        keep_years=settings.trail_years,
        newest_after=rfc3339(register.store.clock() - max_age) if max_age else "",
    )
    lies = [
        TrailFinding("height_forged", 0, f"{name}/{file} was not signed by this register's keys")
        for name, files in asked.faults.items()
        for file in files
    ]
    lacking = register.evidence.lacking(height) if height else ()
    return Verified(
        findings=(*findings, *gathered.findings, *lies),
        differences=tuple(dict.fromkeys((*lacking, *(register.evidence.differences() if tables else ())))),
        compared=None if offered is None else len(offered),
        unread=gathered.unread,
        failed=gathered.failed,
        doubts=tuple(doubts(asked, kept=register.evidence.kept() is not None)),
        aside=tuple(register.evidence.aside()),
    )


def _place(difference: Difference) -> str:
    if not difference.table:
        return f"event {difference.seq}:"
    field = f", {difference.field}" if difference.field else ""
    before = f" (before event {difference.seq})" if difference.code == "row_overwritten" else ""
    return f"{difference.table} {difference.row}".rstrip() + f"{field}{before}:"
