"""`Register`, the entry point: the repositories of requests, decisions, letters and trail on one database.

Each repository is a file of this package. Rows that the trail must explain are written by
`trail.attested_rows` alone: a row written by plain SQL is reported as forged.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from afschrift.domain.instants import Clock, utc_now
from afschrift.register.base import RegisterStore
from afschrift.register.case_timelines import CaseTimelines
from afschrift.register.cases import Cases
from afschrift.register.database.database import Database
from afschrift.register.deliveries import Deliveries
from afschrift.register.documents import Documents
from afschrift.register.identities import Identities, LookUps
from afschrift.register.keys.data_keys import DataKeys
from afschrift.register.keys.keyring import Keyring
from afschrift.register.keys.store import KeyStore
from afschrift.register.letters import Letters, Sendings
from afschrift.register.outbox import Outbox
from afschrift.register.oversight import Oversight
from afschrift.register.periods import Periods
from afschrift.register.questions import Decisions, Questions
from afschrift.register.requests import Requests
from afschrift.register.runs import Runs
from afschrift.register.steps import Plans, Steps
from afschrift.register.timelines import Disputes, Timelines
from afschrift.register.trail.audit import AuditTrail
from afschrift.register.trail.evidence import Evidence


class Register:
    """Requests, decisions and the audit trail in one database, as repositories.

    Every method of a repository is one transaction. What belongs together (a decision, its facts, the effect
    of its letter) is one method, in which repositories share the transaction. Several processes may use a
    register at once.

    Every method may raise RetriableError (the database is down, full or locked by others) and
    ConfigurationError (it is read-only, damaged or not migrated, or the key file is missing or belongs to
    another register).
    """

    def __init__(self, url: str, keys: KeyStore, clock: Clock = utc_now) -> None:
        """Open a register.

        Args:
            url: address of the database.
            keys: of the installation.
            clock: returns the current time in UTC.
        """
        store = RegisterStore(Database(url), keys, clock)
        self.store = store
        self.identities = Identities(store)
        self.facts = Timelines(store, self.identities)
        self.requests = Requests(store, self.identities, self.facts)
        self.case_facts = CaseTimelines(store)
        self.cases = Cases(store, self.case_facts)
        self.documents = Documents(store)
        self.look_ups = LookUps(store, self.identities)
        self.decisions = Decisions(store, self.identities)
        self.questions = Questions(store, self.decisions, self.documents, self.facts)
        self.disputes = Disputes(store, self.facts)
        self.letters = Letters(store, self.documents)
        self.sendings = Sendings(store, self.facts)
        self.outbox = Outbox(store, self.letters, self.sendings, self.documents)
        self.plans = Plans(store)
        self.steps = Steps(store)
        self.deliveries = Deliveries(store)
        self.runs = Runs(store)
        self.oversight = Oversight(store)
        self.periods = Periods(store)
        self.data_keys = DataKeys(store)
        self.keys = Keyring(store)
        self.trail = AuditTrail(store)
        self.evidence = Evidence(store)

    def read_snapshot(self) -> AbstractContextManager[None]:
        """Let all reads of this thread see one state of the register (`Database.read_snapshot`)."""
        return self.store.database.read_snapshot()

    def write_together(self) -> AbstractContextManager[None]:
        """Put all writes of this thread into one transaction (`Database.write_together`)."""
        return self.store.database.write_together()
