"""vCard 3.0 (RFC 2426): people. Written by icalendar, read back by vobject, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import vobject
from icalendar import Component
from icalendar.prop import vAdr, vN, vText

from afschrift.domain.plan import FieldPlan
from afschrift.formats.trade.ics import ComponentWriter, Row, read_components

_LINES = ("email", "tel", "bday")


class _Card(Component):
    name = "VCARD"


class VcardWriter(ComponentWriter):
    """Writes people."""

    def component(self, number: int, values: Row) -> bytes:  # noqa: ARG002
        """A card."""
        (family, given), lines, places = values[:2], values[2:5], [value or "" for value in values[5:]]
        card, (street, postcode, city, country) = _Card(), places
        card["version"] = vText("3.0")
        card["fn"] = vText(" ".join(part for part in (given, family) if part))
        card["n"] = vN((family or "", given or "", "", "", ""))
        for name, text in zip(_LINES, lines, strict=True):
            if text is not None:
                card[name] = vText(text)
        if any(places):
            card["adr"] = vAdr(("", "", street, city, "", postcode, country))
        content: bytes = card.to_ical(sorted=False)
        return content


def read(stream: BinaryIO, fields: Sequence[FieldPlan], _options: Mapping[str, str]) -> Iterator[Any]:
    """Read batches of people; errors as of `read_components`."""
    return read_components(stream, fields, "VCARD", _row)


def _row(component: str) -> Row:
    found = {name: values[0].value for name, values in vobject.readOne(component).contents.items()}
    name, address = found["n"], found.get("adr") or vobject.vcard.Address()
    names = [name.family, name.given]
    places = [address.street, address.code, address.city, address.country]
    return [value or None for value in (*names, *(found.get(line) for line in _LINES), *places)]
