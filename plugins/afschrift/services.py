"""What steps and use cases are given. `afschrift.wiring` puts it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from afschrift.domain.extracted import SearchLimits
from afschrift.domain.files import Destination, Format, StoreFactory
from afschrift.domain.sources import SourceFactory
from afschrift.inventory.model import Inventory
from afschrift.law.grounds import Grounds
from afschrift.law.roles import Roles
from afschrift.register.register import Register

if TYPE_CHECKING:
    from afschrift.bundle.container.seal import Ed25519Signer
    from afschrift.staging.encrypted import EncryptedStaging


@dataclass(frozen=True)
class WriteLimits:
    """What bounds memory and file sizes.

    Attributes:
        batch_bytes: rows are handled in slices of about this size; a few of them are in memory at once.
        part_bytes: a table with more than this much text goes into several files.
        hashed_percent: of the rows of a large table, how many are hashed by the source itself too.
    """

    batch_bytes: int = 4_000_000
    part_bytes: int = 2_000_000_000
    hashed_percent: float = 5


UNKNOWN = "unknown"
"""Who clicked, where Airflow does not tell."""


@dataclass(frozen=True)
class Services:
    """Everything outside a use case.

    Attributes:
        signer: signs with the key of today.
        sql: folder of the SQL templates.
        letters: folder of what people read: letters, pages and information sheets in each language.
        now: RFC 3339 instant of now, UTC.
        package: version of the software.
        log: says one line to whoever follows the run; never personal data.
        run: name of the run that a step belongs to (`domain.run.run_name`); None: outside of any run.
        clicked: who triggered, marked or cleared in Airflow, by the code of what was done and the step; an
            account as the trail names it, or `unknown`.
        roles: who may do what, as the installation's file says now; without one given here, nobody.
        age_of_consent: from this age somebody asks alone (R16).
        inform_by_mail: mails the letter that a request's answer is ready, where that is sure; returns its id.
        witnessed: sees that the register holds what the witness places know of it; at a run's first gate, it
            is moved on there. Raises ForgedError where it was set back.
        delivers: False: these work for the canary, and the gate of `deliver` is closed whatever was packed.
        patience: how long a run may give no sign of life before another one may begin.
    """

    register: Register
    inventory: Inventory
    grounds: Grounds
    open_source: SourceFactory
    open_store: StoreFactory
    formats: Mapping[str, Format]
    signer: Callable[[], Ed25519Signer]
    destination: Callable[[str], Destination]
    staging: Callable[[str], EncryptedStaging]
    sql: Path
    letters: Path
    now: Callable[[], str]
    package: str
    log: Callable[[str], None]
    limits: WriteLimits = WriteLimits()
    search: SearchLimits = field(default_factory=SearchLimits)
    run: str | None = None
    clicked: Callable[[str, str], str] = lambda _reason, _step: UNKNOWN
    patience: timedelta = timedelta(hours=2)
    age_of_consent: int = 16
    inform_by_mail: Callable[[str], str | None] = lambda _request: None
    roles: Callable[[], Roles] = Roles
    witnessed: Callable[[bool], None] = lambda _first: None
    delivers: bool = True
