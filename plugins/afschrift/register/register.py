"""The ledger as the rest of the software uses it: the register's port and what intake and officers need."""

from __future__ import annotations

from typing import Any

from afschrift.domain.event import Header
from afschrift.register.disputes import Disputes
from afschrift.register.erasure import Erasure
from afschrift.register.keys.keyring import Keyring
from afschrift.register.outbox import Outbox
from afschrift.register.oversight import Oversight
from afschrift.register.port import Register
from afschrift.register.questions import Questions
from afschrift.register.readings import Readings
from afschrift.register.requests import Requests
from afschrift.register.runs import Runs
from afschrift.register.steps import Steps
from afschrift.register.trail import trail
from afschrift.register.trail.audit import Audit


class Ledger(
    Outbox, Requests, Readings, Questions, Disputes, Steps, Runs, Erasure, Keyring, Oversight, Audit, Register
):
    """Register and audit trail in one database. Every method is one transaction.

    `Ledger(url, keys, clock)`: address of the database, key store, and a callable that gives the present
    moment in UTC. Safe in several processes at once.

    Every method may raise RetriableError (database down, full or held by others) and ConfigurationError
    (read-only, damaged, not migrated, key file missing or another register's).
    """

    def events(self, request_id: str | None = None) -> list[tuple[Header, dict[str, Any] | None]]:
        """Headers with their payloads (None: erased), in order; of one request or of all."""
        with self._db.read() as tx:
            return trail.read(tx, request_id)

    def head(self) -> tuple[int, str]:
        """Sequence number and digest of the trail's last event; (0, 64 zeros) for an empty trail."""
        with self._db.read() as tx:
            return trail.head(tx)
