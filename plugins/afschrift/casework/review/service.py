"""Puts the desk together at which bundles are reviewed."""

from __future__ import annotations

from upath import UPath

from afschrift.app.settings import Settings
from afschrift.casework.decision.answer import Bench
from afschrift.casework.review.answer import ReviewDesk
from afschrift.domain.files import Staging
from afschrift.formats.registry import FORMATS
from afschrift.inventory.load import load
from afschrift.register.register import Register
from afschrift.staging import EncryptedStaging


def open_desk(settings: Settings, register: Register, bench: Bench) -> ReviewDesk:
    """Where somebody reviews.

    Raises:
        ConfigurationError: the inventory cannot be used.
    """

    def staging(request_id: str) -> Staging:
        return staging_of(settings, register, request_id)

    return ReviewDesk(bench, load(settings.inventory), staging, FORMATS)


def staging_of(settings: Settings, register: Register, request_id: str) -> Staging:
    """What is staged of a request.

    Raises:
        RefusedError: its data key was destroyed.
    """
    return EncryptedStaging(
        UPath(settings.staging), request_id, register.data_keys.subkey(request_id, "staging")
    )
