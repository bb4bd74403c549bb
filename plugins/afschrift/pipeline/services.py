"""What the use cases are given. `afschrift.wiring` puts it together; the use cases know only ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from afschrift.core.manifest import FieldPlan, FileEntry, Plan, Seal, SourceExtract
from afschrift.core.ports import Destination, Format, Register, SourceFactory, Staging
from afschrift.core.request import Request
from afschrift.inventory.model import Inventory

Sample = list[dict[str, str | None]]


class Pack(Protocol):
    """Packs and signs a bundle, streamed."""

    def __call__(
        self,
        request: Request,
        plan: Plan,
        extracts: Sequence[SourceExtract],
        samples: Mapping[str, Sample],
        seal: Seal,
        staging: Staging,
    ) -> Iterator[bytes]:
        """Chunks of the ZIP file."""


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
class Services:
    """Everything outside a use case.

    Attributes:
        sql: folder of the SQL templates.
        now: RFC 3339 instant of now, UTC.
        package: version of the software.
        log: says one line to whoever follows the run; never personal data.
    """

    register: Register
    inventory: Inventory
    open_source: SourceFactory
    formats: Mapping[str, Format]
    validate: Validate
    pack: Pack
    destination: Callable[[str], Destination]
    staging: Callable[[str], Staging]
    sql: Path
    now: Callable[[], str]
    package: str
    log: Callable[[str], None]
