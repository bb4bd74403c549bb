"""A request as a document (of a file, the terminal, a page or a program), and its faults in words.

A fault has its line where the document has lines, and repeats nothing that was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from afschrift.casework.intake.message import (
    UNCLEAR,
    Authenticated,
    Forwarded,
    Intake,
    Limits,
    Party,
)
from afschrift.domain.errors import ConfigurationError, FormError
from afschrift.domain.language import gettext
from afschrift.domain.nearest import did_you_mean, nearest
from afschrift.domain.right import Right
from afschrift.inventory.document import in_words, joined
from afschrift.law.person import PARTIES
from afschrift.outside.read_yaml import Lines

FAULTS = 20
LAST = "correct it and submit again; nothing was stored. See `afschrift submit --help`."

PARTS: Mapping[str, type[BaseModel]] = {
    "authenticated": Authenticated,
    "limits": Limits,
    "forwarded": Forwarded,
    **dict.fromkeys(PARTIES, Party),
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "right": (*Right, UNCLEAR),
    "made_by": get_args(Intake.model_fields["made_by"].annotation),
}
_DESK = "names a desk or a role: letters, digits and spaces, no address (it is kept in the trail)"
_PATTERNS = {
    "from": _DESK,
    "to": _DESK,
    "channel": "is a code: small letters, digits, - and _, such as portal or letter",
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

Path = tuple[Any, ...]
"""Names of fields from the outermost; None at the end: the message names the field."""

_Place = tuple[int | None, str]
"""The line, if the file has one, and the field."""


@dataclass(frozen=True)
class RequestForm:
    """A form as it was filled in.

    Attributes:
        content: its fields.
        name: of the file, for errors; empty: it was filled in at the prompts.
        text: YAML or JSON of the file.
        options: names of the identity keys that came as options of the command.
    """

    content: dict[str, Any] = field(repr=False)
    name: str = ""
    text: str = field(default="", repr=False)
    options: frozenset[str] = frozenset()

    def intake(self, declared: Collection[str]) -> Intake:
        """Validate the form.

        Args:
            declared: names of the identity keys in `identity.yml`.

        Raises:
            ConfigurationError: names the line, the field and the remedy of each fault, and no value or name
                that was filled in: a text without quotes can become a name in YAML.
        """
        found, faults = self.read(declared)
        if found is None or faults:
            places: dict[_Place, list[str]] = {}
            for path, message in faults:
                places.setdefault((self._line(path), _field(path)), []).append(message)
            raise self._error(places)
        return found

    def from_program(self, declared: Collection[str]) -> Intake:
        """The same for a program.

        Raises:
            FormError: names the field and the remedy of each fault, as `intake`.
        """
        found, faults = self.read(declared)
        if found is None or faults:
            fields = {_field(path) or "body": message for path, message in reversed(faults)}
            raise FormError.listing("Nothing was stored.", fields, remedy="correct it and send it again.")
        return found

    def read(self, declared: Collection[str]) -> tuple[Intake | None, list[tuple[Path, str]]]:
        """The request, if every field of it can be read; path and words of each fault."""
        found, items = None, []
        try:
            found = Intake.model_validate_json(json.dumps(_with_text_names(self.content), default=str))
        except ValidationError as error:
            items = error.errors(include_url=False, include_input=False)
        return found, [*self._of_fields(items), *self._of_keys(declared)]

    def _error(self, places: Mapping[_Place, list[str]]) -> ConfigurationError:
        ordered = sorted(places, key=lambda place: (place[0] or 0, place[1]))
        lines = [f"  {_at(place)}{joined(places[place])}" for place in ordered[:FAULTS]]
        lines += ["  and more"] if len(ordered) > FAULTS else []
        count = "a fault" if len(ordered) == 1 else "faults"
        listing = "\n".join(lines)
        return ConfigurationError(f"{self.name or 'The request'} has {count}:\n{listing}\n", remedy=LAST)

    def _of_fields(self, items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Path, str]]:
        """Yield path and fault. What a misspelt name was meant to give is not reported as missing too."""
        meant = set()
        lacking = []
        for item in islice(items, FAULTS * 5):
            path = tuple(item["loc"])
            if item["type"] == "missing":
                lacking.append(path)
            elif item["type"] == "extra_forbidden":
                near = nearest(path[-1], _names(path[:-1]))
                meant.add((*path[:-1], near))
                yield (
                    path,
                    f"this key is not known here: {f'did you mean `{near}`?' if near else 'take it out'}",
                )
            elif not path:  # a fault of several fields, which names them itself
                message = in_words(item)
                named = re.match(r"\w+(?=[:,])", message)
                yield ((named[0], None) if named else ()), message
            else:
                yield path, self._words(path, item)
        yield from ((path, gettext("is missing")) for path in lacking if path not in meant)

    def _words(self, path: Path, item: Mapping[str, Any]) -> str:
        kind, value, name = item["type"], self._value(path), _field(path)
        if kind == "string_pattern_mismatch":
            return _PATTERNS.get(str(path[-1]), in_words(item))
        if kind in ("timezone_aware", "datetime_from_date_parsing") and (
            isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value))
        ):
            return "a day is not enough: add time and zone, as 2026-01-31T09:30:00+01:00"
        if kind == "string_too_long":
            return gettext("is longer than {most} characters", most=f"{item['ctx']['max_length']:,}")
        if name in _CHOICES:
            return did_you_mean(value, _CHOICES[name]) or gettext(
                "choose one of {codes}", codes=", ".join(_CHOICES[name])
            )
        return in_words(item)

    def _of_keys(self, declared: Collection[str]) -> Iterator[tuple[Path, str]]:
        """Yield identity keys that the data map does not have."""
        keys = self.content.get("keys")
        unknown = (name for name in keys if name not in declared) if isinstance(keys, dict) else ()
        for name in islice(unknown, FAULTS + 1):
            way = did_you_mean(name, declared) or f"use {', '.join(sorted(declared))}"
            yield ("keys", name), f"identity.yml declares no such key: {way}"

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.text)

    def _line(self, path: Path) -> int | None:
        """Return the line; None: the file has none, or the fault is in an option of the command."""
        if not self.name or (path[:1] == ("keys",) and path[-1] in self.options):
            return None
        line, found = self._lines.of(path)
        return line if found else None

    def _value(self, path: Path) -> Any:
        node: Any = self.content
        for step in path:
            if (isinstance(node, dict) and step in node) or (
                isinstance(node, list) and isinstance(step, int)
            ):
                node = node[step]
        return node


def _at(place: _Place) -> str:
    line, name = place
    words = [*([f"line {line}"] if line else []), *([name] if name else [])]
    return f"{', '.join(words)}: " if words else ""


def _field(path: Path) -> str:
    """Return the part of a path that names our fields; the rest was written, or is a library's."""
    found: list[str] = []
    if path[-1:] == (None,):  # the message names the field
        return ""
    for step in path:
        if isinstance(step, str) and step in _names(tuple(found)):
            found.append(step)
    return ".".join(found)


def _names(path: Path) -> tuple[str, ...]:
    """Return the names of the fields at a path."""
    model = PARTS.get(str(path[0])) if path else Intake
    return tuple(field.alias or name for name, field in model.model_fields.items()) if model else ()


def _with_text_names(node: Any) -> Any:
    """Return the content with each name as text: YAML reads some, such as a day, as other types."""
    if isinstance(node, dict):
        return {name if isinstance(name, str) else str(name): _with_text_names(v) for name, v in node.items()}
    return [_with_text_names(item) for item in node] if isinstance(node, list) else node
