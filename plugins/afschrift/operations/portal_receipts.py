"""Fetches what portals say of deliveries, and records it. A receipt closes nothing (ADR 0023)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from afschrift.casework.run_findings import SweepCode, SweepFinding
from afschrift.domain.errors import AfschriftError, RefusedError
from afschrift.domain.files import Destination, PortalReceipt, ShowsBundles
from afschrift.domain.instants import rfc3339
from afschrift.register.deliveries import CONFIRMED, FETCHED, FROZEN, DeliveryRow
from afschrift.register.register import Register

_SECOND = len("2026-03-02T10:00:00")
"""A portal counts whole seconds."""


@dataclass(frozen=True)
class Portals:
    """The portals of an installation, in a sweep.

    Attributes:
        names: of their destinations.
        destination: opens one by its name.
    """

    register: Register
    names: Sequence[str]
    destination: Callable[[str], Destination]
    now: datetime
    dry: bool = False

    def sweep(self) -> Iterator[tuple[SweepFinding, str]]:
        """Record each receipt once, let the portal forget it, and give what an officer should know."""
        for name in self.names:
            try:
                place = self.destination(name)
                if isinstance(place, ShowsBundles):
                    yield from self._at(name, place)
            except AfschriftError as error:
                yield self._finding(), f"receipts not fetched: {error}"

    def _at(self, name: str, place: ShowsBundles) -> Iterator[tuple[SweepFinding, str]]:
        rows = self.register.deliveries.at(name)
        receipts, forged = place.receipts([row.name for row in rows])
        if forged:
            yield self._finding(), f"left: {forged} receipts at {name} have no signature by its key"
        for receipt in receipts:
            row = _row_of(receipt, rows)
            if row is None:
                yield self._finding(), f"left: a receipt at {name} is of no delivery that the register knows"
            elif self.dry:
                yield self._finding(row, receipt.at), f"would record that it was {receipt.kind}"
            else:
                if self._record(row, receipt) and receipt.kind == "frozen":
                    finding = self._finding(row, receipt.at, SweepCode.FROZEN)
                    yield finding, "find out who tried, then `afschrift delivery unfreeze` or `revoke`"
                place.acknowledge(receipt.id)
        here = [row for row in rows if lies_there(row, self.now)]
        missing = set(place.missing([row.name for row in here]))
        for row in here:
            if row.name in missing:
                finding = self._finding(row, row.delivered_at, SweepCode.MISSING)
                yield finding, f"not at {name} any more: revoke it, and give it again (docs/portal.md)"

    def _record(self, row: DeliveryRow, receipt: PortalReceipt) -> bool:
        """Record a receipt; False: it was recorded before, or the request's key is destroyed."""
        register, deliveries = self.register, self.register.deliveries
        try:
            with register.write_together():
                before = register.evidence.of_types(row.request, FETCHED, CONFIRMED, FROZEN, skip=True)
                if any((payload or {}).get("receipt") == receipt.id for _, payload in before):
                    return False
                if receipt.kind == "fetched":
                    deliveries.fetched(row.id, receipt.id, receipt.at)
                elif receipt.kind == "confirmed":
                    deliveries.confirm(row.id, "portal", receipt=receipt.id)
                elif receipt.kind == "frozen":
                    deliveries.record(row.id, FROZEN, "system", {"receipt": receipt.id})
        except RefusedError:
            return False
        return True

    def _finding(
        self, row: DeliveryRow | None = None, since: str = "", code: SweepCode = SweepCode.RECEIPT
    ) -> SweepFinding:
        since = since or rfc3339(self.now)
        if row is None:
            return SweepFinding(code, "-", since)
        return SweepFinding(code, row.request, since, delivery=row.id, why=code.value)


def _row_of(receipt: PortalReceipt, rows: Sequence[DeliveryRow]) -> DeliveryRow | None:
    """The delivery of a receipt: the last that had begun under its name, which can be used again."""
    at = receipt.at[:_SECOND]
    found = [row for row in rows if row.name == receipt.name and (row.begun_at or "")[:_SECOND] <= at]
    return max(found, key=lambda row: row.begun_at or "", default=None)


def lies_there(row: DeliveryRow, now: datetime) -> bool:
    """Whether a portal must still have a file: it takes files away by its own clock."""
    lasts = row.expires_at is None or row.expires_at > rfc3339(now)
    return bool(row.delivered_at) and not row.destroyed_at and lasts
