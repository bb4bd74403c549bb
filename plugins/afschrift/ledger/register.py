"""The ledger as the rest of the software uses it: the register's port and what intake and officers need."""

from __future__ import annotations

from typing import Any

from afschrift.core.event import Header
from afschrift.core.ports import Register
from afschrift.ledger import trail
from afschrift.ledger.audit import Audit
from afschrift.ledger.disputes import Disputes
from afschrift.ledger.erasure import Erasure
from afschrift.ledger.keyring import Keyring
from afschrift.ledger.outbox import Outbox
from afschrift.ledger.oversight import Oversight
from afschrift.ledger.questions import Questions
from afschrift.ledger.readings import Readings
from afschrift.ledger.requests import Requests
from afschrift.ledger.runs import Runs
from afschrift.ledger.steps import Steps


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
