"""What the pipeline needs from the outside. Adapters implement these; `wiring` puts them together."""

from __future__ import annotations

from afschrift.core.ports.files import Destination, Format, Held, Reader, Receipt, Staging, Writer
from afschrift.core.ports.register import DecisionRow, QuestionRow, Register
from afschrift.core.ports.sources import ColumnType, Dialect, Source, SourceFactory

__all__ = [
    "ColumnType",
    "DecisionRow",
    "Destination",
    "Dialect",
    "Format",
    "Held",
    "QuestionRow",
    "Reader",
    "Receipt",
    "Register",
    "Source",
    "SourceFactory",
    "Staging",
    "Writer",
]
