"""Formats that programs of a trade load. To add one: a file, a line here, its values in `exchange.yml`.

Each writes rows of the values that it takes, which `extraction.exchange` prepares.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from afschrift.app.extras import require
from afschrift.domain.files import Format


def _call(name: str, extra: str | None, member: str, *given: Any) -> Any:
    if extra:
        require(extra, f"The format {name}")
    return getattr(import_module(f"afschrift.formats.trade.{name}"), member)(*given)


def _format(name: str, extension: str, media_type: str, read_by: str, extra: str | None = None) -> Format:
    writer, reader = (
        partial(_call, name, extra, member) for member in (f"{name.capitalize()}Writer", "read")
    )
    return Format(name, extension, media_type, writer, reader, read_by, extra=extra)


_EXTRA = "portability"
GPX = _format("gpx", "gpx", "application/gpx+xml", "expat")
ICS = _format("ics", "ics", "text/calendar", "vobject", _EXTRA)
VCARD = _format("vcard", "vcf", "text/vcard", "vobject", _EXTRA)
FHIR = _format("fhir", "fhir.ndjson", "application/fhir+ndjson", "msgspec")
EXCHANGES: dict[str, Format] = {format_.name: format_ for format_ in (GPX, ICS, VCARD, FHIR)}
