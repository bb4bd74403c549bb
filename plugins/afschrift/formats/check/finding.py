"""What validation found: data, with a place and a rule, and never the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from afschrift.domain.errors import ValidationFailedError


@dataclass(frozen=True)
class Finding:
    """One way in which a file is not what was extracted.

    Attributes:
        code: `malformed`, `encoding`, `header`, `type`, `row_count`, `checksum`, `size` or `sha256`.
        file: path below `data/` of the bundle.
        field: column, where the fault is in one.
        row: number of the first row at fault, from 1 and without the header, where it is known.
        rule: the rule that is broken, in words.
    """

    code: str
    file: str
    field: str | None
    row: int | None
    rule: str

    def __str__(self) -> str:
        """One line for a log: file, field, row, rule."""
        place = [self.file]
        if self.field is not None:
            place.append(f"field {self.field}")
        if self.row is not None:
            place.append(f"row {self.row}")
        return f"{', '.join(place)}: {self.rule} ({self.code})"


class UnreadableError(ValidationFailedError):
    """A reader cannot go on; `validate` makes it a finding."""

    def __init__(self, code: str, rule: str, *, field: str | None = None, row: int | None = None) -> None:
        super().__init__(rule)
        self.code = code
        self.rule = rule
        self.field = field
        self.row = row

    def finding(self, file: str) -> Finding:
        """The fault as a finding about a file."""
        return Finding(self.code, file, self.field, self.row, self.rule)


class Check(Protocol):
    """One rule over the rows of a file, batch by batch."""

    def update(self, batch: Any) -> None:
        """Look at the next batch of value forms (`pyarrow.RecordBatch`)."""

    def findings(self) -> list[Finding]:
        """What is wrong, after the last batch."""
