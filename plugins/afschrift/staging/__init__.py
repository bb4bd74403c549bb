"""Encrypted files of a request between its tasks."""

from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.held import Held, held

__all__ = ["EncryptedStaging", "Held", "held"]
