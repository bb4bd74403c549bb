"""A YAML file: read by a C parser where all is well, and again with its lines where something is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml.error import MarkedYAMLError

from afschrift.inventory.faults import Fault
from afschrift.inventory.quick_yaml import content, with_lines
from afschrift.inventory.wording.form_words import in_words, joined

Model = TypeVar("Model", bound=BaseModel)


class Document:
    """One file of the inventory, parsed as YAML 1.2 (`yes` and `on` are words)."""

    def __init__(self, path: Path, page: str = "docs/inventory.md", *, read: bytes | None = None) -> None:
        """`read`: what stands in the file, for whoever has read it already."""
        self.path = path
        self._page = page  # that explains the file's words
        self.data: Any = None
        self.faults: list[Fault] = []
        self._text = ""
        try:
            written = (path.read_bytes() if read is None else read).decode()
            self._text = written.replace("\r\n", "\n").replace("\r", "\n")
            self.data = content(self._text)
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self.faults.append(Fault(path.name, line, "", f"not readable as YAML: {error.problem}"))
        except FileNotFoundError:
            self.faults.append(Fault(path.name, 1, "", f"the file is missing in {path.parent}"))
        except UnicodeDecodeError:
            self.faults.append(Fault(path.name, 1, "", "the file is not UTF-8"))
        except RecursionError:
            self.faults.append(Fault(path.name, 1, "", "its parts lie too deep in each other to be read"))
        if not self.faults and not isinstance(self.data, dict):
            self.faults.append(Fault(path.name, 1, "", "the file holds no mapping"))

    def fault(self, where: Iterable[Any], message: str) -> Fault:
        """A fault at a path such as `("tables", "customer", "columns", "email")`."""
        line, found = self._locate(where)
        return Fault(self.path.name, line, ".".join(found), message)

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
            self.faults.extend(self._explain(error))
            items = error.errors(include_url=False, include_input=False)
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

    def _locate(self, where: Iterable[Any]) -> tuple[int, list[str]]:
        node: Any = with_lines(self._text)
        line, found = 1, list[str]()
        for step in where:
            try:
                lines: Any = node.lc
                mark = lines.key(step) if isinstance(node, dict) else lines.item(step)
                node, line = node[step], mark[0] + 1
            except (AttributeError, KeyError, IndexError, TypeError):
                break  # the rest of the path speaks of the model, not of the file
            found.append(str(step))
        return line, found

    def _explain(self, error: ValidationError) -> Iterable[Fault]:
        """One fault a place: a union reports the same place once for each of its members."""
        paths: dict[tuple[int, str], list[str]] = {}
        for item in error.errors(include_url=False, include_input=False):
            line, found = self._locate(item["loc"])
            missing = str(item["loc"][-1]) if item["type"] == "missing" else ""
            message = f"`{missing}` is missing" if missing else self._words(item)
            paths.setdefault((line, ".".join(found)), []).append(message)
        for (line, where), messages in paths.items():
            yield Fault(self.path.name, line, where, joined(messages))

    def _words(self, item: Mapping[str, Any]) -> str:
        if item["type"] == "extra_forbidden":
            return f"this word is not known here; see {self._page}"
        return in_words(item)
