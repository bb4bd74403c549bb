"""The files that programs write whole beside one that people write: a draft below, confirmations above."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from afschrift.datamap.review.groups import Place
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.document import Document
from afschrift.inventory.draft_layer import Words, additions, not_added, with_additions
from afschrift.inventory.layers import Digests, Form, Layered, draft_of, layered
from afschrift.outside.read_yaml import read_yaml

WIDTH = 110
_OPEN = frozenset({"tables", "purposes", "columns"})
_PLAIN = re.compile(r"[A-Za-z_](?:[\w ./-]*[\w.])?", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def flow(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_name(word)}: {flow(one)}" for word, one in value.items()) + "}"
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


def lines(words: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a mapping, without indentation of the first level.

    Args:
        words: the mapping.
        path: of it in the file: tables and columns stand one below the other, whatever they hold.
    """
    for word, value in words.items():
        where = (*path, word)
        if isinstance(value, Mapping) and value and _stands_open(where):
            yield f"{_name(word)}:"
            yield from (f"  {inner}" for inner in lines(value, where))
            continue
        line = f"{_name(word)}: {flow(value)}"
        if len(line) + 2 * len(path) <= WIDTH or not value or not isinstance(value, Mapping | list):
            yield line
            continue
        yield f"{_name(word)}:"
        if isinstance(value, Mapping):
            yield from (f"  {inner}" for inner in lines(value, where))
        else:
            yield from (f"  - {flow(item)}" for item in value)


def _stands_open(path: tuple[str, ...]) -> bool:
    """Whether a mapping has a line a word: lists of tables, a table, its columns."""
    return path[-1] in _OPEN or (len(path) == 2 and path[0] in _OPEN)


def written(data: Mapping[str, Any], head: list[str], remarks: Mapping[tuple[str, ...], list[str]]) -> str:
    """The file of a source.

    Args:
        data: as `draft.Draft` has it.
        head: lines above it.
        remarks: path -> lines above what stands there.
    """
    lines = [f"# {line}".rstrip() for line in head]
    for word, value in data.items():
        if word != "tables":
            lines.append(f"{flow(word)}: {flow(value)}")
    lines += ["", "tables:"] if data["tables"] else ["", "tables: {}"]
    for name, entry in data["tables"].items():
        lines += _commented(remarks.get(("tables", name), ()), "  ")
        lines += _table(name, entry)
    return "\n".join(lines) + "\n"


def _commented(lines: Any, indent: str) -> Iterator[str]:
    for line in lines:
        yield f"{indent}# " + " ".join(str(line).split())


def _table(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    if "copy_of" in entry:
        yield f"  {flow(name)}: {flow(entry)}"
        return
    yield f"  {flow(name)}:"
    for word, value in entry.items():
        if word == "columns":
            yield "    columns:"
            for column, said in value.items():
                yield from _column(flow(column), said)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"    {word}:"
            yield from (f"      - {flow(one)}" for one in value)
        else:
            yield f"    {word}: {flow(value)}"


def _column(name: str, said: Mapping[str, Any]) -> Iterator[str]:
    """In one line; what is proposed, and why, in the next where the line would be long."""
    line = f"      {name}: {flow(said)}"
    if len(line) <= WIDTH or "proposed" not in said:
        yield line
        return
    words = {word: value for word, value in said.items() if word != "proposed"}
    yield f"      {name}: {flow(words)[:-1]},"
    yield f"        proposed: {flow(said['proposed'])}}}"


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
        f"# What people confirmed of {name} (docs/review.md); written whole by Afschrift with each answer.\n"
        f"# A word in {name} without `review: needed` counts before what is said here.\n"
    )
    occasions = lines(confirmed["confirmations"], ("confirmations",))
    text = "confirmations:\n" + "".join(f"  {line}\n" for line in occasions)
    tables = {name: _columns_last(entry) for name, entry in confirmed["tables"].items()}
    return (head + text + "".join(f"{line}\n" for line in lines({"tables": tables}, ()))).encode()


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
        return Drafted(path, _as_yaml(draft), added, (), draft)
    must_take_draft(path, files)
    here, below = layered(path, files).document.data, draft_of(path)
    more = additions(here, draft)
    known = read_yaml(files[below], below.name) if below in files else {}
    head = (
        f"# What programs propose beside {path.name} (docs/scan.md); written whole by Afschrift.\n"
        f"# To say it otherwise, say it in {path.name}: that counts before what is said here.\n"
    )
    text = head.encode() + _as_yaml(with_additions(known, more))
    left = tuple(not_added(here, draft))
    return Drafted(below, text, tuple(_paths(more)), left, with_additions(here, more))


def content(path: Path, files: Mapping[Path, bytes]) -> Words:
    """What a file, its draft and its confirmations say; nothing where it is not there or cannot be read."""
    found = layered(path, files).document.data if path in files else None
    return found if isinstance(found, Mapping) else {}


def must_take_draft(path: Path, files: Mapping[Path, bytes]) -> None:
    """Make sure that a file and its draft have mappings where those belong.

    Raises:
        ConfigurationError: says each place with its line.
    """
    for one in filter(files.__contains__, (path, draft_of(path))):
        document = Document(one, read=files[one])
        document.parse(Form)
        if document.faults:
            faults = "\n".join(f"  {fault}" for fault in document.faults)
            raise ConfigurationError(f"{one.name} cannot be added to:\n{faults}\n", remedy="mend it first.")


def _as_yaml(content: Words) -> bytes:
    return "".join(f"{line}\n" for line in lines(content, ())).encode()


def _paths(added: list[tuple[tuple[str, ...], Any]]) -> list[str]:
    """In words: each table of a list of them."""
    return [
        name
        for path, value in added
        for name in ([f"tables.{table}" for table in value] if path == ("tables",) else [".".join(path)])
    ]
