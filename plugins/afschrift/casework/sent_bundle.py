"""What was sent to a person, read again at its destination while it is kept there; each look is an event."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from afschrift.bundle.container import layout
from afschrift.bundle.container.container import Container, RefusedContainerError, UnpackLimits, ZipContainer
from afschrift.casework.officer import Officer
from afschrift.destinations.registry import open_destination
from afschrift.domain.errors import RefusedError, UnknownRequestError
from afschrift.domain.event import NewEvent
from afschrift.domain.files import KeepsBundles
from afschrift.domain.language import gettext
from afschrift.encryption.aes_zip import opened_zip
from afschrift.law.roles import Act
from afschrift.register.deliveries import DeliveryRow

_CHUNK = 1 << 20


@dataclass(frozen=True)
class DeliveredFile:
    """A file of a bundle.

    Attributes:
        path: in the bundle.
        table: `source.table` that it holds; empty: it is no table.
        rows: of the table; None: not known.
    """

    path: str
    bytes: int
    table: str = ""
    rows: int | None = None

    @property
    def shown(self) -> bool:
        """Whether it is a page, which a browser shows."""
        return self.path.endswith(".html")


def sent_files(officer: Officer, delivery: DeliveryRow) -> list[DeliveredFile]:
    """The files of a bundle that was delivered, its page first.

    Raises:
        NotAllowedError: they may not see values.
        RefusedError: it is not kept any more, or is not what was delivered.
        RetriableError: the destination does not answer.
    """
    with _opened(officer, delivery) as container:
        package = json.loads(b"".join(container.read(layout.DATAPACKAGE)))
        coverage = json.loads(b"".join(container.read(layout.COVERAGE)))
        members = container.members
    rows = {f"{table['source']}.{table['table']}": table.get("rows") for table in coverage["tables"]}
    tables = {
        layout.DATA + str(of["path"]): f"{of['afschrift:source']}.{of['afschrift:table']}"
        for of in package["resources"]
        if "afschrift:table" in of
    }
    found = [
        DeliveredFile(path, size, table := tables.get(path, ""), rows.get(table))
        for path, size in members.items()
    ]
    return sorted(found, key=lambda file: (file.path != layout.INDEX, file.path))


def sent_file(officer: Officer, delivery: DeliveryRow, path: str, at_most: int) -> bytes:
    """A file of a bundle that was delivered.

    Args:
        officer: who reads it.
        delivery: of the bundle.
        path: in the bundle.
        at_most: bytes.

    Raises:
        UnknownRequestError: it has no such file.
        RefusedError: also where it is larger.
        NotAllowedError, RetriableError: as `sent_files`.
    """
    with _opened(officer, delivery) as container:
        if path not in container.members:
            raise UnknownRequestError(gettext("The bundle has no such file."))
        if container.members[path] > at_most:
            raise RefusedError(gettext("This file is too large to be shown here."))
        return b"".join(container.read(path))


def delivery_of(officer: Officer, request_id: str, delivery_id: str) -> DeliveryRow:
    """A delivery of a request by its id.

    Raises:
        UnknownRequestError: there is none.
    """
    deliveries = officer.register.deliveries.of(request_id)
    found = next((row for row in deliveries if row.id == delivery_id), None)
    if found is None:
        raise UnknownRequestError(gettext("Nothing was delivered under this id."))
    return found


@contextmanager
def _opened(officer: Officer, delivery: DeliveryRow) -> Iterator[Container]:
    role = officer.roles.require(officer.by, Act.VALUES)
    destination = open_destination(delivery.destination, officer.settings.destination(delivery.destination))
    if not isinstance(destination, KeepsBundles):
        raise RefusedError(gettext("What was sent cannot be read back from where it was sent to."))
    payload = {"role": role.value, "bundle": delivery.sha256, "delivery": delivery.id}
    try:
        with destination.opened(delivery.uri.rpartition("/")[2]) as file:
            arrived = officer.register.deliveries.arrived(delivery.id)
            if _digest(file) != (arrived[0] if arrived else delivery.sha256):
                raise RefusedError(gettext("What is kept there is not what was sent."))
            container = ZipContainer(_decrypted(officer, delivery, file), UnpackLimits())
            officer.register.trail.record(delivery.request, NewEvent("bundle_viewed", officer.by, payload))
            yield container
    except FileNotFoundError:
        raise RefusedError(gettext("What was sent is not kept any more.")) from None
    except RefusedContainerError:
        raise RefusedError(gettext("What is kept there is not what was sent.")) from None


def _decrypted(officer: Officer, delivery: DeliveryRow, file: BinaryIO) -> BinaryIO:
    """The bundle, as long as its words are kept; no disk sees it open."""
    if delivery.encryption == "none":
        return file
    if (words := officer.register.deliveries.secret(delivery.id)) is None:
        raise RefusedError(gettext("What was sent is encrypted, and only the person can open it."))
    return opened_zip(file, words)


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
