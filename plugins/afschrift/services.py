"""What the use cases are given. `afschrift.wiring` puts it together; the use cases know only ports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from afschrift.domain.extracted import FileEntry, SourceExtract
from afschrift.domain.file_format import Format
from afschrift.domain.files import Destination, Staging, StoreFactory
from afschrift.domain.plan import FieldPlan, Plan, Seal
from afschrift.domain.profile import Overview
from afschrift.domain.request import Request
from afschrift.domain.sources import SourceFactory
from afschrift.inventory.model import Inventory
from afschrift.law.grounds.grounds import Grounds
from afschrift.register.register import Register

Sample = list[dict[str, str | None]]


class Pack(Protocol):
    """Packs and signs a bundle, streamed."""

    def __call__(
        self,
        request: Request,
        plan: Plan,
        extracts: Sequence[SourceExtract],
        samples: Mapping[str, Sample],
        overviews: Mapping[str, Overview],
        seal: Seal,
        staging: Staging,
        hidden: Collection[str] = (),
    ) -> Iterator[bytes]:
        """Chunks of the ZIP file; nothing of it knows of the tables that are `hidden`."""


class Validate(Protocol):
    """Reads a written file again and compares."""

    def __call__(
        self,
        entry: FileEntry,
        stream: BinaryIO,
        fields: Sequence[FieldPlan],
        rows: int,
        checksums: Mapping[str, str],
    ) -> None:
        """Raise ValidationFailedError where the file is not what was extracted."""


@dataclass(frozen=True)
class Limits:
    """What bounds memory and file sizes.

    Attributes:
        batch_bytes: rows are handled in slices of about this size; a few of them are in memory at once.
        part_bytes: a table with more than this much text goes into several files.
    """

    batch_bytes: int = 8_000_000
    part_bytes: int = 2_000_000_000


@dataclass(frozen=True)
class Services:
    """Everything outside a use case.

    Attributes:
        sql: folder of the SQL templates.
        now: RFC 3339 instant of now, UTC.
        package: version of the software.
        log: says one line to whoever follows the run; never personal data.
        run: name of the run that a step belongs to (`domain.run.run_name`); None: outside of any run.
        age_of_consent: from this age somebody asks alone (R16).
        patience: how long a run may give no sign of life before another one may begin.
    """

    register: Register
    inventory: Inventory
    grounds: Grounds
    open_source: SourceFactory
    open_store: StoreFactory
    formats: Mapping[str, Format]
    validate: Validate
    pack: Pack
    destination: Callable[[str], Destination]
    staging: Callable[[str], Staging]
    sql: Path
    now: Callable[[], str]
    package: str
    log: Callable[[str], None]
    limits: Limits = Limits()
    run: str | None = None
    patience: timedelta = timedelta(hours=2)
    age_of_consent: int = 16
