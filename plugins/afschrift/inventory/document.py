"""A YAML file of the inventory, and its faults with line and message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.nearest import did_you_mean
from afschrift.outside.limits import UnreadableError, read_file
from afschrift.outside.read_yaml import Lines, read_yaml

Model = TypeVar("Model", bound=BaseModel)

FaultAt = tuple[list[str], str]
"""Path in a file, and the fault there."""
FAULTS = 1_000
"""Most faults of one file that are listed."""


class Document:
    """One file of the inventory, parsed as YAML 1.2 (`yes` and `on` are words)."""

    def __init__(
        self, path: Path, page: str = "docs/datamap/inventory.md", *, read: bytes | None = None
    ) -> None:
        """`read`: content of the file, if it was read already."""
        self.path = path
        self._page = page  # that explains the file's words
        self.data: Any = None
        self.faults: list[Fault] = []
        self._text = ""
        self._beside: list[Document] = []
        try:
            content = read_file(path) if read is None else read
            self.data = read_yaml(content, path.name)
            self._text = content.decode()
        except UnreadableError as error:
            message = f"{error.problem}; {error.remedy.rstrip('.')}"
            self.faults.append(Fault(path.name, error.line or 1, "", message))
        except FileNotFoundError:
            self.faults.append(Fault(path.name, 1, "", f"the file is missing in {path.parent}"))
        if not self.faults and not isinstance(self.data, dict):
            self.faults.append(Fault(path.name, 1, "", "the file holds no mapping"))

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._text)

    def put_beside(self, other: Document) -> None:
        """Add a file whose words are merged into `data`, so that faults can point to it."""
        self._beside.append(other)

    @property
    def all_faults(self) -> list[Fault]:
        """Faults of this file and of those that were added."""
        return [fault for document in (self, *self._beside) for fault in document.faults]

    def fault(self, where: Iterable[Any], message: str) -> Fault:
        """Make a fault at a path such as `("tables", "customer", "columns", "email")`.

        It points to the file that has most of the path.
        """
        path = tuple(where)
        found = [(document.path.name, *document._lines.of(path)) for document in (self, *self._beside)]
        name, line, parts = max(found, key=lambda place: len(place[2]))
        return Fault(name, line, ".".join(parts), message)

    def places(self, where: Sequence[str]) -> Iterator[str]:
        """Yield `file:line` of each file that has a path, this one first."""
        for document in (self, *self._beside):
            line, found = document._lines.of(where)
            if len(found) == len(where):
                yield f"{document.path.name}:{line}"

    def parse(self, model: type[Model], languages: Sequence[str] = ()) -> Model | None:
        """Return the content as a model whose texts have these languages; add what is wrong to `faults`.

        If only unknown words are wrong, the model without them is returned, so that the checks across columns
        can run and one error lists all faults.
        """
        if self.faults:
            return None
        offered = {"languages": languages}
        try:
            return model.model_validate(self.data, context=offered)
        except ValidationError as error:
            items = error.errors(include_url=False, include_input=False)
        self.faults.extend(self._explain(items, model))
        if any(item["type"] != "extra_forbidden" for item in items):
            return None
        self.data = deepcopy(self.data)  # the parsed content is shared with others
        for item in items:
            self._drop(item["loc"])
        try:
            return model.model_validate(self.data, context=offered)
        except ValidationError:
            return None

    def _drop(self, where: Iterable[Any]) -> None:
        *path, last = where
        node: Any = self.data
        for step in path:
            if not isinstance(node, dict | list):
                return
            node = node[step]
        node.pop(last, None)

    def _explain(self, items: Sequence[Mapping[str, Any]], model: type[BaseModel]) -> Iterable[Fault]:
        """Yield one fault for each place: a union reports the same place once for each of its members."""
        places: dict[Fault, list[str]] = {}
        for item in items[:FAULTS]:
            missing = str(item["loc"][-1]) if item["type"] == "missing" else ""
            message = f"`{missing}` is missing" if missing else self._words(item, model)
            places.setdefault(self.fault(item["loc"], ""), []).append(message)
        for place, messages in places.items():
            yield replace(place, message=joined(messages))
        if len(items) > FAULTS:
            yield Fault(
                self.path.name, place.line, "", f"there are more than {FAULTS:,} faults; correct these first"
            )

    def _words(self, item: Mapping[str, Any], model: type[BaseModel]) -> str:
        if item["type"] == "extra_forbidden":
            word, known = item["loc"][-1], _fields(model)
            near = "" if word in known else did_you_mean(word, known)  # of another part of the file
            return f"this word is not known here; {near or f'see {self._page}'}"
        return in_words(item)


@cache
def _fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The words of a model and of the models in it."""
    schema = model.model_json_schema()
    parts = (schema, *schema.get("$defs", {}).values())
    return tuple(dict.fromkeys(word for part in parts for word in part.get("properties", ())))


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
            remedy="correct them and run `afschrift inventory check`.",
        )


_CHOOSE = "choose one of "

_WORDS = {
    "string_type": "a text is expected; put a number or a list in quotes",
    **dict.fromkeys(
        ("dict_type", "model_type", "model_attributes_type"), "a mapping is expected, as {word: value}"
    ),
    **dict.fromkeys(("list_type", "tuple_type"), "a list is expected, as [one, another]"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "choose true or false"),
    **dict.fromkeys(("decimal_type", "decimal_parsing", "finite_number"), "a number is expected"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number is expected"),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing"), "a day is expected, as 2026-01-31"
    ),
    "date_from_datetime_inexact": "a day is expected, without a time",
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing"),
        "a date and time is expected, as 2026-01-31T09:30:00+01:00",
    ),
    "timezone_aware": "it has no time zone: end it with Z, or as +01:00",
    "string_pattern_mismatch": "it has letters or signs that are not allowed here",
    **dict.fromkeys(("string_too_short", "too_short"), "it may not be empty"),
    "json_invalid": "this is no JSON",
}
"""Type of an error of pydantic -> message for the author of the file."""


def in_words(item: Mapping[str, Any]) -> str:
    """Return our message for an error of pydantic; pydantic's own messages are never shown.

    Args:
        item: an entry of `ValidationError.errors()`; without `ctx` if the value may not be repeated.
    """
    kind, context = item["type"], item.get("ctx", {})
    if kind in ("literal_error", "enum") and "expected" in context:
        return _CHOOSE + str(context["expected"]).replace("'", "").replace(" or ", ", ")
    if kind == "greater_than_equal" and "ge" in context:
        return f"a number of at least {context['ge']} is expected"
    if kind == "less_than_equal" and "le" in context:
        return f"a number of at most {context['le']} is expected"
    if kind in ("value_error", "language"):  # our own words
        return _lower(item["msg"].removeprefix("Value error, "))
    return _WORDS.get(kind, "this does not fit here")


def joined(messages: Iterable[str]) -> str:
    """Join the messages of one place, from each member of a union, to one sentence."""
    choices = [message.removeprefix(_CHOOSE) for message in messages if message.startswith(_CHOOSE)]
    others = [message for message in messages if not message.startswith(_CHOOSE)]
    chosen = [_CHOOSE + ", ".join(dict.fromkeys(choices))] if choices else []
    return ", or ".join(dict.fromkeys((*chosen, *others)))


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
