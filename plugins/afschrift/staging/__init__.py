"""Encrypted files of a request between its tasks."""

from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.held import destroy, held

__all__ = ["EncryptedStaging", "destroy", "held"]
