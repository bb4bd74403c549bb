"""Write the files that programs own next to a hand-written one: a draft below it, confirmations above it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from afschrift.datamap.review.groups import Place
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.document import Document
from afschrift.inventory.draft_layer import Words, additions, not_added, with_additions
from afschrift.inventory.layers import WHOSE_ROWS, Digests, Form, Layered, draft_of, layered
from afschrift.outside.read_yaml import read_yaml

WIDTH = 110
_OPEN = frozenset({"tables", "purposes", "columns", "confirmations"})
_PLAIN = re.compile(r"[A-Za-z_](?:[\w ./-]*[\w.])?", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_name(word)}: {flow(inner)}" for word, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _text(value) if isinstance(value, str) else _scalar(value)


def _name(word: str) -> str:
    """Return a key as YAML. `on` stays plain as users write it, although it is a boolean in YAML 1.1."""
    return "on" if word == "on" else flow(word)


@lru_cache(maxsize=10_000)
def _text(text: str) -> str:
    """Return a text as YAML, quoted if YAML 1.1 or 1.2 could read it as another type."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return _scalar(text, style='"')


def _scalar(value: Any, style: str | None = None) -> str:
    written = yaml.dump(value, Dumper=yaml.CSafeDumper, default_style=style, allow_unicode=True, width=2**30)
    return str(written).removesuffix("...\n").strip()


def lines(
    words: Mapping[str, Any],
    path: tuple[str, ...] = (),
    remarks: Mapping[tuple[str, ...], Sequence[str]] = MappingProxyType({}),
) -> Iterator[str]:
    """Yield the lines of a mapping, without indentation of the first level; one line for a column if it fits.

    Args:
        words: the mapping.
        path: of it in the file: tables and columns always have their own lines.
        remarks: path in the file -> lines above it.
    """
    for word, value in words.items():
        where, name = (*path, word), _name(word)
        yield from (f"# {' '.join(remark.split())}" for remark in remarks.get(where, ()))
        line = f"{name}: {flow(value)}"
        fits = len(line) + 2 * len(path) <= WIDTH
        if isinstance(value, list) and value and (not fits or isinstance(value[0], Mapping)):
            yield f"{name}:"
            yield from (f"  - {flow(item)}" for item in value)
        elif not isinstance(value, Mapping) or not value or (fits and not _is_open(where, value)):
            yield line
        elif "proposed" in value and not _is_open(where, value):
            rest = {inner: content for inner, content in value.items() if inner != "proposed"}
            yield f"{name}: {flow(rest)[:-1]},"
            yield f"  proposed: {flow(value['proposed'])}}}"
        else:
            yield f"{name}:"
            yield from (f"  {inner}" for inner in lines(value, where, remarks))


def _is_open(path: tuple[str, ...], value: Mapping[str, Any]) -> bool:
    """Whether a mapping has a line for each word: lists of tables, a table that is no copy, its columns."""
    if path[-1] in _OPEN:
        return True
    return len(path) == 2 and path[0] in ("tables", "purposes") and "copy_of" not in value


def _as_text(written: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in written)


def source_file(
    data: Mapping[str, Any], head: Sequence[str], remarks: Mapping[tuple[str, ...], Sequence[str]]
) -> str:
    """Return the file of a new source.

    Args:
        data: its content.
        head: lines of the comment at its top.
        remarks: path of a table -> lines above it.
    """
    above = {word: value for word, value in data.items() if word != "tables"}
    tables = lines({"tables": data["tables"]}, (), remarks)
    return _as_text([*(f"# {line}".rstrip() for line in head), *lines(above), "", *tables])


@dataclass(frozen=True)
class Answer:
    """The answer of a person.

    Attributes:
        by, on, why, review: who, when, why, and when to review it.
        words: that differ from the proposal, such as `{"origin": "observed"}`.
    """

    by: str
    on: date
    why: str
    review: date | None = None
    words: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return the entry for `confirmations`."""
        entry = {"by": self.by, "on": self.on, "why": self.why}
        return entry | ({"review": self.review} if self.review else {})


def confirmed_file(of: Layered, answered: Sequence[tuple[Place, Answer]]) -> bytes:
    """Return the file of a source's confirmations with more of them.

    Args:
        of: the files of the source.
        answered: tables and columns of it with their answers, all of one person, day and reason.

    Raises:
        ConfigurationError: a table already has `decided`.
    """
    confirmed: dict[str, Any] = deepcopy(dict(of.confirmed))
    occasion = _occasion(confirmed.setdefault("confirmations", {}), answered[0][1])
    tables, digests = confirmed.setdefault("tables", {}), Digests(of.proposed)
    for place, answer in answered:
        entry = tables.setdefault(place.table, {})
        if "titles" in answer.words:
            entry.setdefault("titles", {}).setdefault(occasion, {}).update(answer.words["titles"])
            continue
        if place.column is not None:
            digest = digests.of_column(place.table, place.column)
            entry.setdefault("columns", {})[place.column] = {"in": occasion, "of": digest, **answer.words}
            continue
        if "decided" in (of.proposed["tables"][place.table] or {}):
            raise ConfigurationError(
                f"Table {place.table} has `decided` already, so this answer would have no name with it.",
                remedy="write in `decided` who confirms its way, and remove `ways: guessed`, by hand.",
            )
        for word in WHOSE_ROWS:
            entry.pop(word, None)
        entry |= {"in": occasion, "of": digests.of_table(place.table), **answer.words}
    return as_file(of.document.path.name, confirmed)


def as_file(name: str, confirmed: Mapping[str, Any]) -> bytes:
    """Return confirmations of a source as their file.

    Args:
        name: of the file of the source.
        confirmed: content of a `ConfirmedFile`.
    """
    head = (
        f"# Confirmations of {name} (docs/datamap/review.md); rewritten by Afschrift with each answer.\n"
        f"# A word in {name} without `review: needed` takes precedence over this file.\n"
    )
    tables = {name: _columns_last(entry) for name, entry in confirmed["tables"].items()}
    content = {"confirmations": confirmed["confirmations"], "tables": tables}
    return f"{head}{_as_text(lines(content))}".encode()


def _columns_last(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {word: entry[word] for word in ("in", "of", *WHOSE_ROWS, "titles", "columns") if word in entry}


def _occasion(known: dict[str, Any], answer: Answer) -> str:
    """Return the name of this answer's occasion under `confirmations`; add it if it is new."""
    number = 1
    while True:
        name = f"review-{answer.on}" + (f"-{number}" if number > 1 else "")
        if known.setdefault(name, answer.record()) == answer.record():
            return name
        number += 1


@dataclass(frozen=True)
class Drafted:
    """A draft that was added.

    Attributes:
        file: that holds it: the file itself if it is new, else the draft below it.
        written: content of that file then.
        added: paths of the additions; empty: nothing.
        left: a line for each word that is left to a person.
        content: of the file, its draft and its confirmations together.
    """

    file: Path
    written: bytes
    added: tuple[str, ...]
    left: tuple[str, ...]
    content: Mapping[str, Any]


def drafted(path: Path, files: Mapping[Path, bytes], draft: Words) -> Drafted:
    """Add a draft to a file of the inventory by the rules of `inventory.draft_layer.additions`.

    Args:
        path: of the hand-written file; if it is missing, the draft becomes it.
        files: all files of the inventory.
        draft: content of the same form.

    Raises:
        ConfigurationError: the file is no YAML, or of another form; names each place with its line.
    """
    if path not in files:
        added = tuple(_paths(additions({}, draft)))
        return Drafted(path, _as_text(lines(draft)).encode(), added, (), draft)
    must_take_draft(path, files)
    here, below = layered(path, files).document.data, draft_of(path)
    more = additions(here, draft)
    known = read_yaml(files[below], below.name) if below in files else {}
    head = (
        f"# Proposals of programs for {path.name} (docs/datamap/scan.md); rewritten by Afschrift.\n"
        f"# Make changes in {path.name}: its words take precedence over this file.\n"
    )
    written = f"{head}{_as_text(lines(with_additions(known, more)))}".encode()
    left = tuple(not_added(here, draft))
    return Drafted(below, written, tuple(_paths(more)), left, with_additions(here, more))


def content(path: Path, files: Mapping[Path, bytes]) -> Words:
    """Return a file with its draft and confirmations; empty if it is missing or cannot be read."""
    found = layered(path, files).document.data if path in files else None
    return found if isinstance(found, Mapping) else {}


def tables_of(source: Words) -> dict[str, Words]:
    """Return the entries of a source whose file may have faults; one that is no mapping is empty."""
    tables = source.get("tables")
    entries = tables.items() if isinstance(tables, Mapping) else ()
    return {str(name): words if isinstance(words, Mapping) else {} for name, words in entries}


def must_take_draft(path: Path, files: Mapping[Path, bytes]) -> None:
    """Require that a file and its draft have mappings where these belong.

    Raises:
        ConfigurationError: names each place with its line.
    """
    for file in filter(files.__contains__, (path, draft_of(path))):
        document = Document(file, read=files[file])
        document.parse(Form)
        if document.faults:
            faults = "\n".join(f"  {fault}" for fault in document.faults)
            raise ConfigurationError(
                f"Nothing can be added to {file.name}:\n{faults}\n", remedy="correct it first."
            )


def _paths(added: list[tuple[tuple[str, ...], Any]]) -> list[str]:
    """Return the paths of additions, with each table of a list of them."""
    return [
        name
        for path, value in added
        for name in ([f"tables.{table}" for table in value] if path == ("tables",) else [".".join(path)])
    ]
