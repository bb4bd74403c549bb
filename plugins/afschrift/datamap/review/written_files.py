"""The files that programs write whole beside one that people write: a draft below, confirmations above."""

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
from afschrift.inventory.layers import Digests, Form, Layered, draft_of, layered
from afschrift.outside.read_yaml import read_yaml

WIDTH = 110
_OPEN = frozenset({"tables", "purposes", "columns", "confirmations"})
_PLAIN = re.compile(r"[A-Za-z_](?:[\w ./-]*[\w.])?", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def flow(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_name(word)}: {flow(inner)}" for word, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _text(value) if isinstance(value, str) else _scalar(value)


def _name(word: str) -> str:
    """Of what follows: `on` is written as everybody writes it, though YAML 1.1 has it for a truth value."""
    return "on" if word == "on" else flow(word)


@lru_cache(maxsize=10_000)
def _text(text: str) -> str:
    """A text; quoted where YAML 1.1 or 1.2 could take it for something else."""
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
    """The lines of a mapping, without indentation of the first level: a line a column, where it fits.

    Args:
        words: the mapping.
        path: of it in the file: tables and columns are written one below the other, whatever they hold.
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
            rest = {inner: said for inner, said in value.items() if inner != "proposed"}
            yield f"{name}: {flow(rest)[:-1]},"
            yield f"  proposed: {flow(value['proposed'])}}}"
        else:
            yield f"{name}:"
            yield from (f"  {inner}" for inner in lines(value, where, remarks))


def _is_open(path: tuple[str, ...], value: Mapping[str, Any]) -> bool:
    """Whether a mapping has a line a word: lists of tables, a table that is no copy, its columns."""
    if path[-1] in _OPEN:
        return True
    return len(path) == 2 and path[0] in ("tables", "purposes") and "copy_of" not in value


def _as_text(written: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in written)


def source_file(
    data: Mapping[str, Any], head: Sequence[str], remarks: Mapping[tuple[str, ...], Sequence[str]]
) -> str:
    """The file of a source that is new.

    Args:
        data: its content.
        head: lines of the remark above it.
        remarks: path of a table -> lines above it.
    """
    above = {word: value for word, value in data.items() if word != "tables"}
    tables = lines({"tables": data["tables"]}, (), remarks)
    return _as_text([*(f"# {line}".rstrip() for line in head), *lines(above), "", *tables])


@dataclass(frozen=True)
class Answer:
    """What a person decided.

    Attributes:
        by, on, why, review: who, when, why, and when to look again.
        words: what they said otherwise than was proposed, such as `{"origin": "observed"}`.
    """

    by: str
    on: date
    why: str
    review: date | None = None
    words: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """As `confirmations` has it."""
        said = {"by": self.by, "on": self.on, "why": self.why}
        return said | ({"review": self.review} if self.review else {})


def confirmed_file(of: Layered, answered: Sequence[tuple[Place, Answer]]) -> bytes:
    """The file of the confirmations of a source with more of them, as it is written whole.

    Args:
        of: the files of the source.
        answered: tables and columns of it with their answers, all of one person, day and reason.

    Raises:
        ConfigurationError: a table says already who decided.
    """
    confirmed: dict[str, Any] = deepcopy(dict(of.confirmed))
    occasion = _occasion(confirmed.setdefault("confirmations", {}), answered[0][1])
    tables, digests = confirmed.setdefault("tables", {}), Digests(of.proposed)
    for place, answer in answered:
        entry = tables.setdefault(place.table, {})
        if place.column is not None:
            digest = digests.of_column(place.table, place.column)
            entry.setdefault("columns", {})[place.column] = {"in": occasion, "of": digest, **answer.words}
            continue
        if "decided" in (of.proposed["tables"][place.table] or {}):
            raise ConfigurationError(
                f"Table {place.table} has `decided` already, so nobody's name would be with this answer.",
                remedy="say in `decided` who confirms its way, and take `ways: guessed` out, by hand.",
            )
        entry |= {"in": occasion, "of": digests.of_table(place.table)}
    return as_file(of.document.path.name, confirmed)


def as_file(name: str, confirmed: Mapping[str, Any]) -> bytes:
    """Confirmations of a source as their file.

    Args:
        name: of the file of the source.
        confirmed: content of a `ConfirmedFile`.
    """
    head = (
        f"# What people confirmed of {name} (docs/datamap/review.md); "
        "written whole by Afschrift with each answer.\n"
        f"# A word in {name} without `review: needed` counts before what is said here.\n"
    )
    tables = {name: _columns_last(entry) for name, entry in confirmed["tables"].items()}
    content = {"confirmations": confirmed["confirmations"], "tables": tables}
    return f"{head}{_as_text(lines(content))}".encode()


def _columns_last(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {word: entry[word] for word in ("in", "of", "columns") if word in entry}


def _occasion(known: dict[str, Any], answer: Answer) -> str:
    """The name under `confirmations` of this answer, which is added where it is new."""
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
        file: that holds it: the file itself where that is new, else the draft below it.
        written: what that file holds then.
        added: paths of what is new; empty: nothing.
        left: what is left to a person, a line each.
        content: of the file, its draft and its confirmations together.
    """

    file: Path
    written: bytes
    added: tuple[str, ...]
    left: tuple[str, ...]
    content: Mapping[str, Any]


def drafted(path: Path, files: Mapping[Path, bytes], draft: Words) -> Drafted:
    """A file of the inventory with what a draft has more, as `inventory.draft_layer.additions` says.

    Args:
        path: of the file that people write; where it is not there, the draft becomes it.
        files: all files of the inventory.
        draft: content of the same form.

    Raises:
        ConfigurationError: the file is no YAML, or of another form; says each place with its line.
    """
    if path not in files:
        added = tuple(_paths(additions({}, draft)))
        return Drafted(path, _as_text(lines(draft)).encode(), added, (), draft)
    must_take_draft(path, files)
    here, below = layered(path, files).document.data, draft_of(path)
    more = additions(here, draft)
    known = read_yaml(files[below], below.name) if below in files else {}
    head = (
        f"# What programs propose beside {path.name} (docs/datamap/scan.md); written whole by Afschrift.\n"
        f"# To say it otherwise, say it in {path.name}: that counts before what is said here.\n"
    )
    written = f"{head}{_as_text(lines(with_additions(known, more)))}".encode()
    left = tuple(not_added(here, draft))
    return Drafted(below, written, tuple(_paths(more)), left, with_additions(here, more))


def content(path: Path, files: Mapping[Path, bytes]) -> Words:
    """What a file, its draft and its confirmations say; nothing where it is not there or cannot be read."""
    found = layered(path, files).document.data if path in files else None
    return found if isinstance(found, Mapping) else {}


def tables_of(source: Words) -> dict[str, Words]:
    """The entries of a source whose file may have faults; one that is no mapping has no words."""
    tables = source.get("tables")
    entries = tables.items() if isinstance(tables, Mapping) else ()
    return {str(name): words if isinstance(words, Mapping) else {} for name, words in entries}


def must_take_draft(path: Path, files: Mapping[Path, bytes]) -> None:
    """Make sure that a file and its draft have mappings where those belong.

    Raises:
        ConfigurationError: says each place with its line.
    """
    for file in filter(files.__contains__, (path, draft_of(path))):
        document = Document(file, read=files[file])
        document.parse(Form)
        if document.faults:
            faults = "\n".join(f"  {fault}" for fault in document.faults)
            raise ConfigurationError(f"{file.name} cannot be added to:\n{faults}\n", remedy="mend it first.")


def _paths(added: list[tuple[tuple[str, ...], Any]]) -> list[str]:
    """In words: each table of a list of them."""
    return [
        name
        for path, value in added
        for name in ([f"tables.{table}" for table in value] if path == ("tables",) else [".".join(path)])
    ]
