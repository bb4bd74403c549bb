"""The services that steps and use cases get. `afschrift.wiring` builds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from afschrift.app.destination_options import DestinationOptions
from afschrift.domain.extracted import SearchLimits
from afschrift.domain.files import Destination, Format, StoreFactory
from afschrift.domain.sources import SourceFactory, TableVersions
from afschrift.inventory.model import Inventory
from afschrift.law.grounds import Grounds
from afschrift.law.roles import Roles
from afschrift.register.register import Register

if TYPE_CHECKING:
    from afschrift.bundle.container.seal import Ed25519Signer
    from afschrift.staging.encrypted import EncryptedStaging


@dataclass(frozen=True)
class WriteLimits:
    """Limits of memory and file sizes.

    Attributes:
        batch_bytes: rows are processed in slices of about this size; a few of them are in memory at once.
        part_bytes: a table with more text than this is written to several files.
        hashed_percent: share of the rows of a large table that the source itself hashes too.
    """

    batch_bytes: int = 4_000_000
    part_bytes: int = 2_000_000_000
    hashed_percent: float = 5


UNKNOWN = "unknown"
"""The account, where Airflow does not record it."""


@dataclass(frozen=True)
class Services:
    """Everything outside a use case.

    Attributes:
        signer: signs with the current key.
        sql: folder of the SQL templates.
        letters: folder of what people read: letters, pages and information sheets in each language.
        now: the present instant, RFC 3339, UTC.
        package: version of the software.
        log: writes one line to the log of the run; never personal data.
        run: name of the run that a step belongs to (`domain.run.run_name`); None: outside of any run.
        clicked: the account that triggered, marked or cleared a task in Airflow, as the trail names it, or
            `unknown`; takes the code of the action and the step.
        roles: who may do what, read from the installation's file at each call; default: no roles.
        age_of_consent: age from which a person may make a request alone (R16).
        inform_by_mail: sends the person the letter about the answer, if their address is certain; returns the
            letter's id.
        witnessed: checks that the register holds all that its witnesses know; at the first gate of a run
            (True) it sends them the current height. Raises ForgedError if the register was restored to an
            earlier state.
        options_of: options of a destination that say how its bundles are protected, for whom it is, and how
            long they lie there, by its name.
        delivers: False: these serve the canary, and the gate of `deliver` is closed whatever is packed.
        patience: how long a run may show no sign of life before another one may begin.
        versions: of tables with a log, which the plans of a batch share; None: each plan chooses its own.
        exchanges: formats that programs of a trade load, which the data map asks for.
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
    exchanges: Mapping[str, Format] = field(default_factory=dict)
    witnessed: Callable[[bool], None] = lambda _first: None
    options_of: Callable[[str], DestinationOptions] = lambda name: DestinationOptions(name, {})
    delivers: bool = True
    versions: dict[str, TableVersions] | None = None
