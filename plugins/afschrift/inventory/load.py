"""Load the whole inventory, or list all its faults in one error; and describe its files as JSON Schema."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from afschrift.domain.nearest import choose
from afschrift.domain.sources import SourceKind
from afschrift.inventory.check import check, controller_faults, policy_faults
from afschrift.inventory.document import Document, Fault, InventoryError
from afschrift.inventory.layers import Lapsed, Layered, layered, orphan_layers
from afschrift.inventory.model import Inventory, ManualSource, SourceFile
from afschrift.inventory.organisation import IdentityFile, Organisation, PolicyFile
from afschrift.inventory.run_in import (
    CANARY,
    CONTROLLER,
    IDENTITY,
    POLICY,
    WORD,
    describes_source,
    has_block,
    is_separate,
    without_block,
)
from afschrift.law.manual_search import KIND as MANUAL
from afschrift.outside.limits import read_file

SINGLES = (IDENTITY, CONTROLLER, POLICY)

FILES: dict[str, type[BaseModel]] = {
    "source": SourceFile,
    "manual": ManualSource,
    "identity": IdentityFile,
    "controller": Organisation,
    "policy": PolicyFile,
}
"""Kind of file -> model of its content."""


def load(folder: Path, kinds: Mapping[str, SourceKind] | None = None) -> Inventory:
    """Read `identity.yml`, `controller.yml`, `policy.yml` and one file for each source.

    Args:
        folder: of the files.
        kinds: the known kinds of sources, hashable; None: kinds are not checked.

    Raises:
        InventoryError: lists every fault with file and line.
    """
    if not folder.is_dir():
        raise InventoryError([Fault(str(folder), 1, "", "there is no such folder")])
    found = sorted(path for path in folder.glob("*.y*ml") if path.name != CANARY)
    files = tuple((path, read_file(path)) for path in found)
    return _compiled(folder, kinds, files)


def load_files(
    folder: Path, files: Mapping[Path, bytes], kinds: Mapping[str, SourceKind] | None = None
) -> Inventory:
    """Load an inventory of these files, as if they were in its folder. A later `load` of them is cached.

    A file of no bytes counts as missing.

    Raises:
        InventoryError: lists every fault with file and line.
    """
    found = tuple(sorted((path, read) for path, read in files.items() if read and path.name != CANARY))
    return _compiled(folder, kinds, found)


@lru_cache(maxsize=2)
def _compiled(
    folder: Path, kinds: Mapping[str, SourceKind] | None, files: tuple[tuple[Path, bytes], ...]
) -> Inventory:
    """Load and check an inventory, once for the same bytes in a process and its forks.

    The digest is computed from the parsed bytes: reading the files again could give another map.
    """
    contents = dict(files)
    offered = _offered(Document(folder / CONTROLLER, read=contents.get(folder / CONTROLLER)))
    singles = {name: layered(folder / name, contents, offered).document for name in SINGLES}
    identity = singles[IDENTITY].parse(IdentityFile, offered)
    controller = singles[CONTROLLER].parse(Organisation, offered)
    policy = singles[POLICY].parse(PolicyFile)
    described = [path for path in contents if describes_source(path)]
    layers = [layered(path, contents, offered) for path in described]
    parsed = [(layer, layer.document.parse(_model(layer.document), offered)) for layer in layers]
    documents = [layer.document for layer in layers]
    faults = [fault for document in (*singles.values(), *documents) for fault in document.all_faults]
    faults += orphan_layers(contents)
    if not described:
        faults.append(Fault(str(folder), 1, "", "no source is described: add one file for each source"))
    sources: dict[str, SourceFile] = {}
    manual: dict[str, ManualSource] = {}
    lapsed: dict[str, tuple[Lapsed, ...]] = {}
    for layer, source in parsed:
        document = layer.document
        if source is None:
            continue
        lapsed[source.source] = layer.lapsed
        if source.source in sources or source.source in manual:
            faults.append(document.fault(["source"], "another file describes this source too"))
        if isinstance(source, SourceFile) and kinds is not None and source.kind not in kinds:
            message = choose(source.kind, {*kinds, MANUAL}).rstrip(".")
            faults.append(document.fault(["kind"], message))
        if isinstance(source, ManualSource):
            manual[source.source] = source
        else:
            sources[source.source] = source
    if identity is None or controller is None or policy is None:
        raise InventoryError(faults)
    inventory = Inventory(
        sources=sources,
        manual=manual,
        identity=identity,
        controller=controller,
        policy=policy,
        digest=_digest(file for file in files if file[0].name != POLICY),
        policy_digest=_digest(file for file in files if file[0].name == POLICY),
        lapsed={source: found for source, found in lapsed.items() if found},
    )
    by_source = {source.source: layer.document for layer, source in parsed if source is not None}
    faults += check(inventory, by_source, singles[IDENTITY], kinds)
    faults += [singles[POLICY].fault(where, message) for where, message in policy_faults(policy)]
    faults += [singles[CONTROLLER].fault(at, message) for at, message in controller_faults(inventory)]
    faults += _places(layers, contents)
    if faults:
        raise InventoryError(faults)
    return inventory


def _places(layers: Sequence[Layered], files: Mapping[Path, bytes]) -> Iterator[Fault]:
    """Yield faults of files whose head cannot be read by itself, as the DAGs read it.

    Checked for all files as soon as one has `run_in`: then the DAGs read the heads of all.
    """
    readable = [layer for layer in layers if not layer.document.faults]
    if not any(WORD in layer.written or has_block(files[layer.document.path]) for layer in readable):
        return
    for layer in readable:
        if not is_separate(files[layer.document.path], layer.written):
            message = (
                f"`{WORD}`, `source` and `kind` are read without the rest: begin each at the start of a "
                "line, on lines of its own"
            )
            yield layer.document.fault([WORD], message)


def _offered(controller: Document) -> list[str]:
    """Return the languages of the service, before anything is checked: every text must have them."""
    found = (controller.data or {}).get("languages")
    return [language for language in found if isinstance(language, str)] if isinstance(found, list) else []


def _model(document: Document) -> type[SourceFile] | type[ManualSource]:
    """Return the model of a file: of a source with tables, or of a manual source."""
    return ManualSource if (document.data or {}).get("kind") == MANUAL else SourceFile


def _digest(files: Iterable[tuple[Path, bytes]]) -> str:
    """Return a SHA-256 over names and contents, without `run_in`: moving tasks must not make plans drift."""
    total = hashlib.sha256()
    for path, read in sorted(files, key=lambda file: file[0].name):
        content = hashlib.sha256(without_block(read)).hexdigest()
        total.update(f"{content}  {path.name}\n".encode())
    return total.hexdigest()


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one of `FILES`, for completion and checks in an editor."""
    document = model.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **describe(document, model)}


_ENTRY = re.compile(r"^    (?P<names>\w+(?:, \w+)*): (?P<words>.*(?:\n {8,}.*)*)", re.MULTILINE)


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return word of the file -> its meaning, from `Attributes` of the docstrings of the model and its bases.

    The names of the fields are the words of the file, except for an alias (`from_`: `from`).
    """
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if not (issubclass(kind, BaseModel) and kind.__doc__) or kind is BaseModel:
            continue
        _, _, attributes = inspect.cleandoc(kind.__doc__).partition("\nAttributes:\n")
        for entry in _ENTRY.finditer(attributes):
            words = " ".join(entry["words"].split())
            found |= dict.fromkeys(entry["names"].split(", "), words)
    aliases = {name: field.alias or name for name, field in model.model_fields.items()}
    return {aliases[name]: words for name, words in found.items() if name in aliases}


def summary(model: type[BaseModel]) -> str:
    """Return the docstring of a part without its attributes."""
    return " ".join(inspect.cleandoc(model.__doc__ or "").partition("\nAttributes:\n")[0].split())


def parts(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return name -> model of every part that a file may hold, the file itself first."""
    found = {model.__name__: model}
    waiting = [model]
    while waiting:
        for field in waiting.pop(0).model_fields.values():
            for kind in _models(field.annotation):
                if kind.__name__ not in found:
                    found[kind.__name__] = kind
                    waiting.append(kind)
    return found


def describe(schema: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Add the meaning of each word to the JSON Schema of a file."""
    known = parts(model)
    for name, part in {model.__name__: schema, **schema.get("$defs", {})}.items():
        if name not in known or "properties" not in part:
            continue
        part["description"] = summary(known[name])
        for word, words in meanings(known[name]).items():
            part["properties"][word] |= {"description": words[:1].upper() + words[1:]}
    return schema


def _models(annotation: Any) -> list[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    return [kind for inner in getattr(annotation, "__args__", ()) for kind in _models(inner)]
