"""Removes what lies at a destination past its time, and destroys the words that open it (R69, R78)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from afschrift.casework.copy_findings import of_copy
from afschrift.casework.delivery.removing import must_be_its_place, must_be_ours
from afschrift.casework.run_findings import SweepFinding
from afschrift.domain.errors import AfschriftError, RetriableError
from afschrift.domain.files import Destination
from afschrift.domain.request import Hold, RequestStatus
from afschrift.law.dispute import under_hold
from afschrift.register.deliveries import MISDELIVERED, REVOKED, DeliveryRow
from afschrift.register.register import Register

_STAYS = "what lies at its destination stays"


@dataclass(frozen=True)
class Copies:
    """The files at destinations, in a sweep.

    Attributes:
        destination: opens one by its name.
        days: most days that a file lies at a destination, by its name.
    """

    register: Register
    destination: Callable[[str], Destination]
    days: Callable[[str], int]
    now: datetime
    dry: bool = False

    def sweep(
        self, rows: Sequence[DeliveryRow], statuses: Mapping[str, RequestStatus]
    ) -> Iterator[tuple[SweepFinding, str]]:
        """Remove the files that are past their time; give each finding with what was done.

        Args:
            rows: of the files that were not removed.
            statuses: of their requests.
        """
        away: dict[str, str] = {}
        for row in rows:
            finding = self._finding(row, statuses[row.request])
            if finding is None:
                continue
            if holds := self._kept_by(row, statuses[row.request]):
                yield finding, f"kept: {under_hold(row.request, holds, _STAYS)}"
            elif self.dry:
                yield finding, f"would remove the file at {row.destination} ({finding.why})"
            elif row.destination in away:  # others would wait for it as long
                yield finding, away[row.destination]
            else:
                try:
                    yield finding, self._remove(row, str(finding.why))
                except RetriableError as error:
                    away[row.destination] = f"not removed: {error}"
                    yield finding, away[row.destination]
                except AfschriftError as error:
                    yield finding, f"not removed: {error}"

    def _finding(self, row: DeliveryRow, status: RequestStatus) -> SweepFinding | None:
        return of_copy(row, status, self.days(row.destination), self.now)

    def _kept_by(self, row: DeliveryRow, status: RequestStatus) -> list[Hold]:
        """Return the holds that keep a file; none does once it reached another, or was frozen under it."""
        if not status.holds:
            return []
        found = self.register.evidence.of_types(row.request, REVOKED, MISDELIVERED, skip=True)
        orders = [header for header, payload in found if (payload or {}).get("delivery") == row.id]
        if any(header.type == MISDELIVERED for header in orders):
            return []
        return [hold for hold in status.holds if all(header.at < hold.since for header in orders)]

    def _remove(self, row: DeliveryRow, why: str) -> str:
        """Remove a file and the words; what is left is tried again by the next sweep."""
        done: list[bool] = []

        def act(status: RequestStatus) -> None:
            """Judge again under the write lock: a hold may have come, or a renewal."""
            found = register.deliveries.remaining(row.request)
            now = next((delivery for delivery in found if delivery.id == row.id), None)
            if now is None or self._finding(now, status) is None:
                return
            if holds := self._kept_by(row, status):
                raise under_hold(row.request, holds, _STAYS)
            done.append(destination.remove(row.name))
            register.deliveries.removed(row.id, why)

        register = self.register
        destination = self.destination(row.destination)
        must_be_its_place(row, destination)
        must_be_ours(register, row, destination)
        with register.write_together():
            register.oversight.while_no_run_goes(row.request, act)
        if not done:
            return "left: another process is using it"
        return f"removed from {row.destination}" if done[0] else f"was gone from {row.destination} already"
