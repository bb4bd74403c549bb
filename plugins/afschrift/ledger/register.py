"""The ledger as the rest of the software uses it: the register's port and what intake and officers need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from afschrift.core.event import Header
from afschrift.core.ports import Register
from afschrift.ledger import trail
from afschrift.ledger.cases import Cases
from afschrift.ledger.erasure import Erasure
from afschrift.ledger.questions import Questions
from afschrift.ledger.requests import Requests
from afschrift.ledger.steps import Steps
from afschrift.ledger.trail import Finding


class Ledger(Cases, Requests, Questions, Steps, Erasure, Register):
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

    def verify(self, witnesses: Iterable[tuple[int, str]] = ()) -> list[Finding]:
        """Check the whole trail; `witnesses` are heads (seq, digest) from bundles and checkpoints."""
        with self._db.read() as tx:
            return trail.verify(tx, witnesses)
