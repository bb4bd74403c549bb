"""The kinds of witness places, by the scheme of their address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afschrift.witnesses.folder_witness import FolderWitness
from afschrift.witnesses.mailbox import MailWitness
from afschrift.witnesses.timestamp import TimeStamper
from afschrift.witnesses.witness import Witness


def open_witness(name: str, url: str, options: Mapping[str, Any]) -> Witness | TimeStamper:
    """A place from its address: `mailto:...`, `tsa+http(s)://...`, else what fsspec reaches.

    Raises:
        ConfigurationError: address or options cannot be used.
    """
    if url.startswith("mailto:"):
        return MailWitness(name, url, options)
    if url.startswith("tsa+"):
        return TimeStamper(name, url, options)
    return FolderWitness(name, url, options)
