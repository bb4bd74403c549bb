"""A request as a list of fields: the form of a page, and the columns of a CSV file.

Both become the same document that `afschrift submit` takes, and are checked as that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from afschrift.app.catalogs import language_name
from afschrift.casework.intake.message import UNCLEAR, Intake
from afschrift.casework.intake.request_form import Path, RequestForm
from afschrift.domain.errors import FormError
from afschrift.domain.language import gettext
from afschrift.domain.right import Right
from afschrift.formats.registry import FORMATS
from afschrift.inventory.model import Inventory
from afschrift.law.case_facts import Matter
from afschrift.questions.forms import WORDS
from afschrift.questions.view import in_words

CHANNELS = {
    "email": "E-mail",
    "letter": "Letter",
    "form": "Form on the website",
    "phone": "By telephone",
    "counter": "At the counter",
}
RIGHTS: Mapping[str, str] = {
    Right.ACCESS: "To see their data (Art. 15)",
    Right.PORTABILITY: "To take their data along (Art. 20)",
    UNCLEAR: "The message does not say which",
}
MATTERS: Mapping[str, str] = {
    Matter.RECTIFICATION: "Correct data",
    Matter.ERASURE: "Erase data",
    Matter.RESTRICTION: "Restrict the use of data",
    Matter.OBJECTION: "Object to a use of data",
    Matter.AUTOMATED_DECISION: "A person to look at an automated decision",
    Matter.COMPLAINT: "A complaint",
    Matter.INFORMATION: "Information without the data",
}
ASKERS = {
    "self": "The person",
    "parent": "A parent",
    "guardian": "A guardian or curator",
    "proxy": "A representative, such as a lawyer",
    "heir": "An heir of a person who died",
}
KEY = "key."
LONGEST_MESSAGE = 1_000_000
_REACH = {"name": "Name", "email": "E-mail address", "phone": "Telephone", "address": "Postal address"}
_LISTS = ("right", "other_rights", "formats", "limits")
_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")
_DAY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")


def _line(title: str, longest: int = 200, hint: str = "") -> dict[str, Any]:
    return {"title": title, "type": "string", "maxLength": longest, **({"description": hint} if hint else {})}


def _choice(title: str, words: Mapping[str, str], hint: str = "") -> dict[str, Any]:
    return {
        "title": title,
        "enum": [*words],
        "x-titles": {**words},
        **({"description": hint} if hint else {}),
    }


def _choices(title: str, words: Mapping[str, str]) -> dict[str, Any]:
    return {"title": title, "type": "array", "items": {"enum": [*words]}, "x-titles": {**words}}


GROUPS: Mapping[str, Mapping[str, dict[str, Any]]] = {
    "The message": {
        "message": {
            "title": "Message",
            "description": "Word for word, with its sender.",
            "maxLength": LONGEST_MESSAGE,
            **WORDS,
        },
        "channel": _choice("How it arrived", CHANNELS),
        "received_on": {
            "title": "Day of receipt",
            "format": "date",
            "description": "The first arrival at the organisation, not when it was passed on.",
        },
        "received_time": _line("Time of receipt", 5, "Such as 09:30, if it is known."),
    },
    "What it asks": {
        "right": _choices("Right", RIGHTS),
    },
    "Who asks": {
        "made_by": _choice("Made by", ASKERS),
        **{f"person_{name}": _line(title) for name, title in _REACH.items()},
    },
    "What the systems know the person by": {},
    "Who asks for the person": {
        "requester_organisation": _line("Organisation"),
        **{f"requester_{name}": _line(title) for name, title in _REACH.items()},
    },
    "What else it asks, and the person's own limits": {
        "other_rights": _choices("What else it asks", MATTERS),
        "limits_quote": _line("The person's own limits", 2_000, "The sentence in which they say so."),
        "limits": {"title": "Tables or categories of data that it is limited to", "type": "array"},
    },
    "How to answer": {
        "language": {"title": "Language"},
        "formats": _choices("Formats of the files", {name: name.upper() for name in FORMATS}),
    },
}
"""Heading -> name -> JSON Schema of each field; identity keys come from the inventory."""

SELDOM = tuple(GROUPS)[4:]
"""Headings of what few requests have."""

ORIGINAL: Mapping[str, dict[str, Any]] = {
    "checked": {"const": True, "title": "I compared sender, day and text with the message itself"},
    "id_copy": {
        "type": "boolean",
        "title": "Is a copy of an identity document in it?",
        "description": "Such a copy must not be kept: the file is left out then.",
    },
}
"""What a person says of the file that the message came in."""

NEEDED = ("message", "channel", "received_on", "made_by")


def fields(inventory: Inventory, language: str) -> dict[str, dict[str, dict[str, Any]]]:
    """The fields under their headings, with the identity keys, channels and languages of an installation."""
    found = {heading: dict(group) for heading, group in GROUPS.items()}
    keys = {
        f"{KEY}{name}": _line((key.title and key.title.get(language)) or in_words(name))
        for name, key in inventory.identity.keys.items()
    }
    found["What the systems know the person by"] = keys
    own = dict.fromkeys(inventory.controller.channels, "")
    channels = {**{name: name.replace("_", " ").capitalize() for name in own}, **CHANNELS}
    found["The message"]["channel"] = _choice("How it arrived", channels)
    codes = {code: language_name(code) for code in inventory.controller.languages}
    found["How to answer"]["language"] = _choice("Language", codes, "Of the answer.")
    return found


def names(inventory: Inventory) -> tuple[str, ...]:
    """The names of all fields, which are the columns of a CSV file."""
    return tuple(name for group in fields(inventory, "en").values() for name in group)


def read_entry(given: Mapping[str, Any], inventory: Inventory) -> Intake:
    """The request of what was filled in: field -> text, or a list of codes.

    Raises:
        FormError: the fault of each field; never its value.
    """
    values = {name: value for name, value in given.items() if value not in ("", None, [])}
    faults = {name: gettext("is missing") for name in NEEDED if name not in values}
    if not values.keys() & {"right", "other_rights"}:
        faults["right"] = gettext("choose a right, or that the message does not say which")
    if len(str(values.get("message", ""))) > LONGEST_MESSAGE:
        faults["message"] = gettext("is longer than {most} characters", most=f"{LONGEST_MESSAGE:,}")
    content = _document(values, inventory)
    try:
        moment = _instant(str(values.get("received_on", "")), str(values.get("received_time", "")), inventory)
    except FormError as error:
        moment, faults = "", error.fields | faults
    content["received_at"] = moment or "2018-05-25T00:00:00Z"  # its fault is named already
    intake, others = RequestForm(content).read(inventory.identity.keys)
    for path, fault in others:
        # the model of a request names the field first where several are at odds
        named = re.sub(r"^\w+: ", "", fault) if path[-1:] == (None,) else fault
        faults.setdefault(field_at(path), named)
    if intake is None or faults:
        raise FormError(gettext("Nothing was recorded."), faults, remedy="correct it and send it again.")
    return intake


def _document(values: Mapping[str, Any], inventory: Inventory) -> dict[str, Any]:
    plain = ("message", "channel", "right", "other_rights", "made_by", "language", "formats")
    found = {name: values[name] for name in plain if name in values}
    found["keys"] = {name.removeprefix(KEY): v for name, v in values.items() if name.startswith(KEY)}
    role = "heir" if values.get("made_by") == "heir" else "representative"
    for party, front in (("person", "person_"), (role, "requester_")):
        if known := {name.removeprefix(front): v for name, v in values.items() if name.startswith(front)}:
            by_mail = values.get("channel") == "email" and "email" in known
            found[party] = known | ({"channel": "email"} if by_mail else {})
    if "limits" in values or "limits_quote" in values:
        tables = {f"{name}.{table}" for name, source in inventory.sources.items() for table in source.tables}
        tables |= set(inventory.manual)
        limits = values.get("limits", [])
        found["limits"] = {
            "quote": values.get("limits_quote", ""),
            "tables": [name for name in limits if name in tables],
            "categories": [name for name in limits if name not in tables],
        }
    return found


def _instant(day: str, clock: str, inventory: Inventory) -> str:
    """The instant of a day and a time where the controller is; without a time that of the day's beginning."""
    if not day:
        return ""
    written, found = _DAY.fullmatch(day), _TIME.fullmatch(clock or "00:00")
    try:
        on = date(*map(int, reversed(written.groups()))) if written else date.fromisoformat(day)
    except ValueError:
        raise FormError("", {"received_on": gettext("is no day; write 2026-03-05")}) from None
    if found is None:
        raise FormError("", {"received_time": gettext("is no time; write 09:30")})
    zone = ZoneInfo(inventory.controller.zone)
    return datetime.combine(on, time(int(found[1]), int(found[2])), zone).isoformat()


def listed(name: str, text: str) -> Any:
    """The value of a column: a list of codes, or the text."""
    return [item for item in re.split(r"[,\s]+", text) if item] if name in _LISTS else text.strip()


def field_at(path: Path) -> str:
    """The field that shows a fault at this path of the document; empty: none does."""
    outer, inner = str(path[0]) if path else "", str(path[1]) if len(path) > 1 else ""
    match outer:
        case "received_at":
            return "received_on"
        case "keys":
            return f"{KEY}{inner}" if inner != "None" else ""
        case "person":
            return f"person_{inner}" if inner != "None" and inner else "person_name"
        case "representative" | "heir":
            return f"requester_{inner}" if inner != "None" and inner else "requester_name"
        case "limits":
            return "limits_quote" if inner == "quote" else "limits"
    return outer
