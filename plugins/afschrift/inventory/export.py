"""`export` of a table: its rows for programs of a trade, and whether its columns fit their format (R57)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from afschrift.domain.nearest import hint
from afschrift.inventory.base import Part
from afschrift.inventory.column import Column
from afschrift.outside.read_yaml import packaged


class ExchangedValue(Part):
    """A value that a format takes from a column of each row; `exchange.yml` explains the words."""

    kind: Literal["number", "instant", "day_or_instant", "date", "text"] = "text"
    required: bool = False
    units: dict[str, str] = {}
    categories: tuple[str, ...] = ()
    least: float | None = None
    below: float | None = None


class Measure(Part):
    """What is measured: a LOINC code and name, and its units."""

    code: str
    display: str
    units: dict[str, str]


_TABLE = packaged("afschrift.inventory", "exchange.yml")
ROLES = {
    name: {role: ExchangedValue(**words) for role, words in roles.items()}
    for name, roles in _TABLE["formats"].items()
}
MEASURES = {name: Measure(**words) for name, words in _TABLE["measures"].items()}


class Export(BaseModel):
    """A file for programs of a trade: `{as: gpx, latitude: lat, longitude: lon, time: located_at}`.

    Attributes:
        format: `gpx`: places with their times, `ics`: appointments, `vcard`: people, `fhir`: measurements
            (file: `as`). Every other word is a value of that format, with the column that holds it.
        measure: what a `fhir` measurement is of, such as `heart_rate`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    format: Literal["gpx", "ics", "vcard", "fhir"] = Field(alias="as")
    measure: str | None = None
    __pydantic_extra__: dict[str, str]

    @property
    def columns(self) -> dict[str, str]:
        """Value of the format -> column, in the order of the format."""
        given = self.__pydantic_extra__
        return {role: given[role] for role in ROLES[self.format] if role in given}


def export_faults(export: Export, columns: Mapping[str, Column]) -> Iterator[tuple[str, str]]:
    """Yield word of an export -> fault."""
    name, roles, given = export.format, ROLES[export.format], export.__pydantic_extra__ or {}
    measure = MEASURES.get(export.measure or "")
    if name == "fhir" and measure is None:
        yield "measure", f"say what is measured: one of {', '.join(MEASURES)}{hint(export.measure, MEASURES)}"
    elif name != "fhir" and export.measure:
        yield "measure", "it goes with `as: fhir`: leave it out"
    for role in (role for role, known in roles.items() if known.required and role not in given):
        yield role, f"{name} needs it: name the column, or leave `export` out"
    for role, column_name in given.items():
        if role not in roles:
            yield role, f"{name} has no such value{hint(role, roles)}; it takes {', '.join(roles)}"
        elif column_name not in columns:
            yield role, f"the table has no column {column_name}{hint(column_name, columns)}"
        else:
            units = measure.units if measure and role == "value" else roles[role].units
            for fault in _column_faults(name, roles[role], units, columns[column_name]):
                yield role, f"{column_name} {fault}"


def _column_faults(
    format_: str, role: ExchangedValue, units: Mapping[str, str], column: Column
) -> Iterator[str]:
    column = column.proposal or column
    if units and column.unit not in units:
        known = f"the unit {column.unit}" if column.unit else "no `unit`"
        way = "give its true unit, or name a column of a view that converts it"
        yield f"has {known}, and {format_} takes {', '.join(units)}: {way}"
    if role.categories and not (column.category or "").startswith(role.categories):
        wanted = " or ".join(role.categories)
        yield f"has the category {column.category}, and not {wanted}: correct it, or name another column"
