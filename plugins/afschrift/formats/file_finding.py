"""Findings of validation and of readers: a place and a rule, and never the value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.plan import FieldPlan


@dataclass(frozen=True)
class FileFinding:
    """A difference between a file and what was extracted.

    Attributes:
        code: `malformed`, `encoding`, `header`, `type`, `row_count`, `checksum`, `size`, `crc32`
            or `sha256`.
        file: path below `data/` of the bundle.
        field: column with the fault, if it is in one column.
        row: number of the first faulty row, from 1 and without the header, if known.
        rule: the broken rule, in words.
    """

    code: str
    file: str
    field: str | None
    row: int | None
    rule: str

    def __str__(self) -> str:
        """One line for a log: file, field, row, rule."""
        location = [self.file]
        if self.field is not None:
            location.append(f"field {self.field}")
        if self.row is not None:
            location.append(f"row {self.row}")
        return f"{', '.join(location)}: {self.rule} ({self.code})"


class UnreadableFileError(ValidationFailedError):
    """A reader cannot go on; `validate` makes it a finding."""

    def __init__(self, code: str, rule: str, *, field: str | None = None, row: int | None = None) -> None:
        super().__init__(rule)
        self.code = code
        self.rule = rule
        self.field = field
        self.row = row

    def finding(self, file: str) -> FileFinding:
        """Return the error as a finding about a file."""
        return FileFinding(self.code, file, self.field, self.row, self.rule)


def check_header(names: Sequence[str], fields: Sequence[FieldPlan]) -> None:
    """Compare the column names in a file with the plan.

    Raises:
        UnreadableFileError: `header`, with the first field of the plan that is not in its place.
    """
    for found, field in zip_longest(names, fields):
        if field is None:
            raise UnreadableFileError("header", "the file has no columns beyond those of the plan")
        if found != field.name:
            raise UnreadableFileError(
                "header", "the columns are those of the plan, in order", field=field.name
            )
