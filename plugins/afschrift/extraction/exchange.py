"""Writes the rows of a table for programs of a trade too, and counts those that do not fit (R57).

A value that is masked, redacted or not selected counts as missing. A row without a required value, or with
one that the format cannot hold exactly, is left out of this file alone: the others of the table are whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from math import inf

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.decision import Action
from afschrift.domain.extracted import Exchanged
from afschrift.domain.files import Format
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.followed_file import FollowedFile
from afschrift.formats.validate_file import require_valid
from afschrift.inventory.export import ROLES, ExchangedValue
from afschrift.inventory.model import SourceFile
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.values.checksum import ColumnChecksums
from afschrift.values.times import normalise

_DAY, _CLOCK = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_FORMS = {
    "number": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$",
    "date": f"^{_DAY}$",
    "instant": rf"^{_DAY}{_CLOCK}(\.[0-9]{{6,9}})?Z$",
    "day_or_instant": f"^{_DAY}({_CLOCK}Z)?$",  # a calendar knows no fraction of a second
}
_EXPONENT = re.compile(r"-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,3}")
_LOCAL = rf"^{_DAY}{_CLOCK}(\.[0-9]{{6}})?$"
_UNWRITABLE = r"[\x00-\x08\x0B-\x1F\x7F-\x9F\x{2028}\x{2029}\x{FEFF}\x{FFFE}\x{FFFF}]"


def exchange_fields(format_: str) -> tuple[FieldPlan, ...]:
    """The fields of a file: the values of its format."""
    return tuple(FieldPlan(role, ValueKind.TEXT, Action.INCLUDE, (), "") for role in ROLES[format_])


@dataclass(frozen=True)
class ExchangePlan:
    """A file of a table for programs of a trade.

    Attributes:
        columns: value of the format -> the column that holds it and is given as it is.
        zone: of the source's times without one.
        options: of the file.
    """

    format: Format
    path: str
    columns: Mapping[str, FieldPlan]
    zone: str | None
    options: Mapping[str, str]

    @contextmanager
    def open(self, staging: EncryptedStaging) -> Iterator[ExchangeFile]:
        """Begin the file, if every required value is given. It is staged at the end of the block."""
        required = {role for role, known in ROLES[self.format.name].items() if known.required}
        if not required <= self.columns.keys():
            yield ExchangeFile(self)
            return
        fields = exchange_fields(self.format.name)
        with (
            staging.writer(f"data/{self.path}") as raw,
            FollowedFile(self.format, self.path, raw, fields, self.options, forms=False) as file,
        ):
            yield ExchangeFile(self, file)


def exchange_plans(
    part: ExtractPlan, source: SourceFile, formats: Mapping[str, Format]
) -> list[ExchangePlan]:
    """The files that the data map asks for of a table."""
    table, found = source.tables[part.table], []
    whole = {name: field for name, field in part.whole.items() if field.read_as is None}
    for export in table.export:
        format_, columns, options = formats[export.format], export.columns, dict[str, str]()
        given = {role: whole[name] for role, name in columns.items() if name in whole}
        if export.measure:
            unit = table.columns[columns["value"]].unit or ""
            options = {"measure": export.measure, "unit": unit}
        path = f"{part.source}/{part.table}.{format_.extension}"
        found.append(ExchangePlan(format_, path, given, source.zone, options))
    return found


class ExchangeFile:
    """A file that is written and read back; without one, the rows are counted."""

    def __init__(self, plan: ExchangePlan, file: FollowedFile | None = None) -> None:
        self._plan, self._file, self._rows = plan, file, 0
        self._sums, self._left = ColumnChecksums(exchange_fields(plan.format.name)), Counter[str]()

    def write(self, text: pa.RecordBatch) -> None:
        """Append the rows that fit."""
        if self._file is None:
            self._left["missing"] += text.num_rows
            return
        columns: list[pa.Array] = []
        reasons = pa.nulls(text.num_rows, pa.string())
        for role, known in ROLES[self._plan.format.name].items():
            field = self._plan.columns.get(role)
            given = pa.nulls(text.num_rows, pa.string()) if field is None else text.column(field.name)
            given = pc.if_else(pc.equal(given, ""), None, given)
            values = given if field is None else self._prepared(given, known, field.kind)
            if role == "end":  # not before its beginning, and both a day or a moment
                same = pc.equal(pc.utf8_length(values), pc.utf8_length(columns[0]))
                values = _where(values, pc.and_(same, pc.greater_equal(values, columns[0])))
            unfit = pc.and_(pc.is_valid(given), pc.is_null(values))
            reasons = pc.coalesce(reasons, pc.if_else(unfit, role, None))
            if known.required:
                reasons = pc.coalesce(reasons, pc.if_else(pc.is_null(values), "missing", None))
            columns.append(values)
        for found in pc.value_counts(pc.drop_null(reasons)).to_pylist():
            self._left[found["values"]] += found["counts"]
        names = list(ROLES[self._plan.format.name])
        kept = pa.RecordBatch.from_arrays(columns, names=names).filter(pc.is_null(reasons))
        if kept.num_rows:
            self._sums.update(kept)
            self._rows += kept.num_rows
            self._file.write(kept)

    def _prepared(self, values: pa.Array, role: ExchangedValue, kind: ValueKind | None) -> pa.Array:
        """The values as the format writes them; null where one does not fit."""
        if role.kind == "text":
            lines = pc.replace_substring(values, "\r\n", "\n")
            return _where(lines, pc.invert(pc.match_substring_regex(lines, _UNWRITABLE)))
        if role.kind == "number" and pc.any(pc.match_substring_regex(values, "[0-9][eE]")).as_py():
            values = pa.array([text and _plain(text) for text in values.to_pylist()], pa.string())
        elif kind is ValueKind.DATETIME and self._plan.zone is not None:
            values = _utc(values, self._plan.zone)
        values = _where(values, pc.match_substring_regex(values, _FORMS[role.kind]))
        if role.kind != "number":
            return _where(values, _has_day(values))
        numbers, (least, below) = values.cast(pa.float64()), (role.least or -inf, role.below or inf)
        return _where(values, pc.and_(pc.greater_equal(numbers, least), pc.less(numbers, below)))

    def finish(self) -> Exchanged:
        """Write the end, and require that the file reads back as what was written.

        Raises:
            ValidationFailedError: it does not.
        """
        plan, entry, sums = self._plan, None, self._sums.digests()
        if self._file is not None:
            self._file.close()
            entry, findings = self._file.compare(self._rows, sums)
            require_valid(findings)
        columns = {role: field.name for role, field in plan.columns.items()}
        left = dict(sorted(self._left.items()))
        return Exchanged(plan.format.name, columns, self._rows, left, sums, entry if self._rows else None)


def _where(values: pa.Array, fits: pa.Array) -> pa.Array:
    return pc.if_else(pc.fill_null(fits, False), values, pa.scalar(None, pa.string()))


def _plain(text: str) -> str:
    """A number without its exponent."""
    return f"{Decimal(text):f}" if _EXPONENT.fullmatch(text) else text


def _has_day(values: pa.Array) -> pa.Array:
    """Whether the calendar has the day of each value: a text may say 2024-02-30."""
    days = pc.utf8_slice_codeunits(values, 0, 10)
    found = pc.strptime(days, format="%Y-%m-%d", unit="s", error_is_null=True)
    return pc.equal(pc.strftime(found, format="%Y-%m-%d"), days)


def _utc(values: pa.Array, zone: str) -> pa.Array:
    """Instants of times in a zone; null for one that came twice or never, or has no such form."""
    local = _where(values, pc.match_substring_regex(values, _LOCAL))
    local = _where(local, _has_day(local)).cast(pa.timestamp("us"))
    sides = ("earliest", "latest")
    early, late = (pc.assume_timezone(local, zone, ambiguous=side, nonexistent=side) for side in sides)
    utc = pc.if_else(pc.equal(early, late), early, None).cast(pa.timestamp("us")).cast(pa.string())
    return normalise(pc.binary_join_element_wise(utc, "+00", ""), ValueKind.INSTANT)
