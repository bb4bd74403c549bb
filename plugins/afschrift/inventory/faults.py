"""Faults of an inventory, each with its place, told all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from afschrift.domain.errors import ConfigurationError


@dataclass(frozen=True, order=True)
class Fault:
    """One fault: file name, line (1 is the first), path in the file, and what is wrong."""

    file: str
    line: int
    where: str
    message: str

    def __str__(self) -> str:
        location = f"{self.file}:{self.line}"
        return f"{location}: {self.where}: {self.message}" if self.where else f"{location}: {self.message}"


class InventoryError(ConfigurationError):
    """The inventory cannot be used; `faults` lists everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        count = "one fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        listing = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(
            f"The inventory has {count}:\n{listing}\n",
            remedy="mend them and run `afschrift inventory check`.",
        )
