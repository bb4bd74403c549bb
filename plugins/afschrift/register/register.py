"""The register: what was asked, decided and done, and the audit trail of it, in one database."""

from __future__ import annotations

from contextlib import AbstractContextManager

from afschrift.domain.instants import Clock, utc_now
from afschrift.register.base import RegisterStore
from afschrift.register.cases import Cases, CaseTimelines
from afschrift.register.database.database import Database
from afschrift.register.documents import Documents
from afschrift.register.identities import Identities, LookUps
from afschrift.register.keys.data_keys import DataKeys
from afschrift.register.keys.keyring import Keyring
from afschrift.register.keys.store import KeyStore
from afschrift.register.letters import Letters, Sendings
from afschrift.register.outbox import Outbox
from afschrift.register.oversight import Oversight
from afschrift.register.questions import Decisions, Questions
from afschrift.register.requests import Requests
from afschrift.register.runs import Runs
from afschrift.register.steps import Deliveries, Plans, Steps
from afschrift.register.timelines import Disputes, Timelines
from afschrift.register.trail.audit import AuditTrail
from afschrift.register.trail.evidence import Evidence


class Register:
    """Requests, decisions and the audit trail in one database, as repositories.

    Every method of a repository is one transaction; what belongs together (a decision, its facts, its
    letter's effect) is one method, in which repositories share the transaction. Safe in several processes
    at once.

    Every method may raise RetriableError (database down, full or held by others) and ConfigurationError
    (read-only, damaged, not migrated, key file missing or another register's).
    """

    def __init__(self, url: str, keys: KeyStore, clock: Clock = utc_now) -> None:
        """Open a register.

        Args:
            url: address of the database.
            keys: of the installation.
            clock: gives the present moment in UTC.
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
        self.data_keys = DataKeys(store)
        self.keys = Keyring(store)
        self.trail = AuditTrail(store)
        self.evidence = Evidence(store)

    def read_snapshot(self) -> AbstractContextManager[None]:
        """All that this thread reads inside is of one state of the register (`Database.read_snapshot`)."""
        return self.store.database.read_snapshot()

    def one_write(self) -> AbstractContextManager[None]:
        """All that this thread writes inside is one transaction (`Database.one_write`)."""
        return self.store.database.one_write()
