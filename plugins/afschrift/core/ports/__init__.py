"""What the pipeline needs from the outside. Adapters implement these; `wiring` puts them together."""

from __future__ import annotations

from afschrift.core.ports.files import (
    Destination,
    FileStore,
    Format,
    Held,
    Reader,
    Receipt,
    Staging,
    StoredDocument,
    StoreFactory,
    Writer,
)
from afschrift.core.ports.register import DecisionRow, QuestionRow, Register
from afschrift.core.ports.sources import ColumnType, Dialect, Source, SourceFactory
from afschrift.core.ports.timelines import Past

__all__ = [
    "ColumnType",
    "DecisionRow",
    "Destination",
    "Dialect",
    "FileStore",
    "Format",
    "Held",
    "Past",
    "QuestionRow",
    "Reader",
    "Receipt",
    "Register",
    "Source",
    "SourceFactory",
    "Staging",
    "StoreFactory",
    "StoredDocument",
    "Writer",
]
