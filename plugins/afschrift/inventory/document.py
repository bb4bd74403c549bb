"""A YAML file, and the lines of what is wrong in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from afschrift.inventory.faults import Fault
from afschrift.inventory.wording.form_words import in_words, joined
from afschrift.outside.limits import UnreadableError, read_file
from afschrift.outside.read_yaml import Lines, read_yaml

Model = TypeVar("Model", bound=BaseModel)

FAULTS = 1_000
"""Of one file, that are listed."""


class Document:
    """One file of the inventory, parsed as YAML 1.2 (`yes` and `on` are words)."""

    def __init__(self, path: Path, page: str = "docs/inventory.md", *, read: bytes | None = None) -> None:
        """`read`: what stands in the file, for whoever has read it already."""
        self.path = path
        self._page = page  # that explains the file's words
        self.data: Any = None
        self.faults: list[Fault] = []
        self._text = ""
        self._beside: list[Document] = []
        try:
            written = read_file(path) if read is None else read
            self.data = read_yaml(written, path.name)
            self._text = written.decode()
        except UnreadableError as error:
            said = f"{error.problem}; {error.remedy.rstrip('.')}"
            self.faults.append(Fault(path.name, error.line or 1, "", said))
        except FileNotFoundError:
            self.faults.append(Fault(path.name, 1, "", f"the file is missing in {path.parent}"))
        if not self.faults and not isinstance(self.data, dict):
            self.faults.append(Fault(path.name, 1, "", "the file holds no mapping"))

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._text)

    def put_beside(self, other: Document) -> None:
        """Take a file whose words are in `data` too."""
        self._beside.append(other)

    @property
    def all_faults(self) -> list[Fault]:
        """Those of the files beside this one too."""
        return [fault for document in (self, *self._beside) for fault in document.faults]

    def fault(self, where: Iterable[Any], message: str) -> Fault:
        """A fault at a path such as `("tables", "customer", "columns", "email")`.

        It is in the file that has most of the path.
        """
        path = tuple(where)
        found = [(one.path.name, *one._lines.of(path)) for one in (self, *self._beside)]
        name, line, parts = max(found, key=lambda place: len(place[2]))
        return Fault(name, line, ".".join(parts), message)

    def places(self, where: Sequence[str]) -> Iterator[str]:
        """Each file that has a path, with its line, this one first."""
        for document in (self, *self._beside):
            line, found = document._lines.of(where)
            if len(found) == len(where):
                yield f"{document.path.name}:{line}"

    def parse(self, model: type[Model], languages: Sequence[str] = ()) -> Model | None:
        """The content as a model whose texts have these languages; what is wrong is added to `faults`.

        Where nothing but unknown words is wrong, the model without them is returned beside the faults,
        so that the checks across columns can go on.
        """
        if self.faults:
            return None
        offered = {"languages": languages}
        try:
            return model.model_validate(self.data, context=offered)
        except ValidationError as error:
            items = error.errors(include_url=False, include_input=False)
        self.faults.extend(self._explain(items))
        if any(item["type"] != "extra_forbidden" for item in items):
            return None
        self.data = deepcopy(self.data)  # what was read is shared
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

    def _explain(self, items: Sequence[Mapping[str, Any]]) -> Iterable[Fault]:
        """One fault a place: a union reports the same place once for each of its members."""
        places: dict[Fault, list[str]] = {}
        for item in items[:FAULTS]:
            missing = str(item["loc"][-1]) if item["type"] == "missing" else ""
            message = f"`{missing}` is missing" if missing else self._words(item)
            places.setdefault(self.fault(item["loc"], ""), []).append(message)
        for place, messages in places.items():
            yield replace(place, message=joined(messages))
        if len(items) > FAULTS:
            yield Fault(
                self.path.name, place.line, "", f"there are more than {FAULTS:,} faults; mend these first"
            )

    def _words(self, item: Mapping[str, Any]) -> str:
        if item["type"] == "extra_forbidden":
            return f"this word is not known here; see {self._page}"
        return in_words(item)
