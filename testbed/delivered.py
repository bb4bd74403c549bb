"""What lies at a destination, opened by the words that the register keeps."""

from __future__ import annotations

import re
import shutil
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import BinaryIO, cast

from upath import UPath

from afschrift.domain.files import KeepsBundles
from afschrift.encryption.aes_zip import opened_zip
from afschrift.register.deliveries import DeliveryRow
from afschrift.services import Services

_PLACE = gettempdir()


def stem(bundle: Path) -> str:
    """The name of a bundle without the digits of its digest, and what follows them."""
    return re.split(r"-[0-9a-f]{8}\.zip", bundle.name)[0]


def open_delivered(services: Services, request: str) -> Path:
    """The bundle of a request's last delivery, opened into a file of this process.

    It lies in no installation, so that a search for data in the open finds none of it.
    """
    delivery = services.register.deliveries.of(request)[-1]
    path = Path(_folder().name) / delivery.id / delivery.name
    path.parent.mkdir(exist_ok=True)
    with _lying(services, delivery) as file, path.open("wb") as into:
        words = services.register.deliveries.secret(delivery.id)
        assert words or delivery.encryption == "none", f"{delivery.id} has no words any more"
        shutil.copyfileobj(opened_zip(file, words) if words else file, into)
    return path


def _lying(services: Services, delivery: DeliveryRow) -> AbstractContextManager[BinaryIO]:
    destination = services.destination(delivery.destination)
    if isinstance(destination, KeepsBundles):
        return destination.opened(delivery.name)
    return cast(BinaryIO, UPath(delivery.uri).open("rb"))


@cache
def _folder() -> TemporaryDirectory[str]:
    """Removed when this process ends; outside of what a test searches as its own temporary folder."""
    return TemporaryDirectory(prefix="delivered-", dir=_PLACE)
