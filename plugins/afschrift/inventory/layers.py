"""The files beside one that people write: a draft of programs below it, confirmations above it.

`shop.draft.yml` and `shop.confirmed.yml` go with `shop.yml`; programs own them and write them whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from afschrift.domain.decision import About, Protect
from afschrift.inventory.base import CONFIRMED, DRAFT, Part, is_layer
from afschrift.inventory.column import Column, Confirmation, Session, confirmations
from afschrift.inventory.defaults import OF_OTHERS, form_of, nearest
from afschrift.inventory.document import Document, Fault
from afschrift.inventory.draft_layer import (
    Words,
    additions,
    confirmations_of,
    confirmed_by_name,
    with_additions,
)


class _Loose(BaseModel):
    """Other words are judged with the whole file."""

    model_config = ConfigDict(extra="allow")


class _Table(_Loose):
    table: str | None = None
    subject: dict[str, Any] | None = None
    confirmed: Annotated[tuple[Confirmation, ...], BeforeValidator(confirmations)] = ()
    columns: dict[str, dict[str, Any] | None] | None = None


class Form(_Loose):
    """A file that can be added to: mappings where those belong."""

    keys: dict[str, Any] | None = None
    purposes: dict[str, Any] | None = None
    stores: dict[str, Any] | None = None
    tables: dict[str, _Table | None] | None = None


@dataclass(frozen=True)
class Layered:
    """A file with what lies below and above it.

    Attributes:
        document: whose content is all of them together.
        written: content of the file alone.
        proposed: content of the file with the draft below it.
        confirmed: content of the confirmations; empty: there are none.
        lapsed: confirmations that do not count.
    """

    document: Document
    written: Any
    proposed: Any
    confirmed: Mapping[str, Any]
    lapsed: tuple[Lapsed, ...] = ()


def draft_of(path: Path) -> Path:
    """The draft below a file."""
    return path.with_name(path.stem + DRAFT)


def confirmed_of(path: Path) -> Path:
    """The confirmations of a file."""
    return path.with_name(path.stem + CONFIRMED)


def layered(path: Path, files: Mapping[Path, bytes], languages: Sequence[str] = ()) -> Layered:
    """A file of the inventory with its layers; what is wrong with any is in the faults of the document.

    Args:
        path: of the file that people write.
        files: all files of the inventory.
        languages: that every text must have.
    """
    document = Document(path, read=files.get(path))
    written = proposed = document.data
    if not any(beside in files for beside in (draft_of(path), confirmed_of(path))) or not _formed(written):
        return Layered(document, written, written, {})
    if (below := draft_of(path)) in files:
        draft = Document(below, read=files[below])
        document.put_beside(draft)
        if not draft.faults and draft.parse(Form):
            proposed = with_additions(written, additions(written, draft.data, ties=True))
        document.data = proposed
    if (above := confirmed_of(path)) not in files:
        return Layered(document, written, proposed, {})
    answers = Document(above, read=files[above])
    document.put_beside(answers)
    parsed = answers.parse(ConfirmedFile, languages)
    if parsed is None or answers.faults:
        return Layered(document, written, proposed, {})
    answers.faults += [
        answers.fault(where, "this is not declared under `confirmations`")
        for where in unknown_sessions(parsed)
    ]
    if answers.faults:
        return Layered(document, written, proposed, answers.data)
    document.data, lapsed = with_confirmed(proposed, answers.data)
    return Layered(document, written, proposed, answers.data, lapsed)


def alone(files: Mapping[Path, bytes]) -> Iterator[Fault]:
    """Layers of which the file is not there."""
    for path in filter(is_layer, files):
        stem = path.name.removesuffix(DRAFT).removesuffix(CONFIRMED)
        if not any(path.with_name(f"{stem}{end}") in files for end in (".yml", ".yaml")):
            words = f"there is no {stem}.yml that it goes with: rename both alike, or take it out"
            yield Fault(path.name, 1, "", words)


def _formed(written: Any) -> bool:
    try:
        Form.model_validate(written)
    except ValidationError:
        return False  # the faults of the file say where
    return isinstance(written, dict)


_OF_A_TABLE = ("table", "subject", "join", "personal", "copy_of")
"""What a person confirms of a table: whose its rows are, or that it holds nothing of its own."""
_OF_A_COLUMN = (
    "origin", "category", "protect", "about", "third_party", "mask", "when", "automated", "path",
)  # fmt: skip
"""What a person confirms of a column; titles, meanings and purposes are no proposals, and may come later."""
_NO_WORDS = ("in", "of")


class ConfirmedColumn(Column):
    """A column, and the words that a person said otherwise than was proposed.

    Attributes:
        within: name of the occasion under `confirmations` (`in` in the file).
        of: digest of what was confirmed.
    """

    within: str = Field(alias="in")
    of: str


class ConfirmedTable(Part):
    """A table; `in` and `of` where its ways, or that it holds nothing of its own, were confirmed."""

    within: str | None = Field(None, alias="in")
    of: str | None = None
    columns: dict[str, ConfirmedColumn] = {}


class ConfirmedFile(Part):
    """The confirmations of one source, by occasion."""

    confirmations: dict[str, Session] = {}
    tables: dict[str, ConfirmedTable] = {}


class Why(StrEnum):
    """Why a confirmation does not count."""

    GONE = "the map has no such entry any more"
    CHANGED = "what was confirmed has changed since, so it waits again"
    OTHERWISE = "the file says it without `review: needed`, and otherwise: that counts"


@dataclass(frozen=True)
class Lapsed:
    """A confirmation that does not count.

    Attributes:
        column: None of a confirmation of the table.
    """

    table: str
    column: str | None
    why: Why


class Digests:
    """What is confirmed of tables and columns of a source, each in sixteen signs.

    Args:
        source: content of its file, with drafts below it.
    """

    def __init__(self, source: Words) -> None:
        self._tables = source.get("tables") or {}
        self._defaults = source.get("defaults") or {}
        self._patterns = {name: form_of(name) for name in self._defaults.get("columns") or {}}
        self._pattern = lru_cache(maxsize=None)(self._first_pattern)

    def of_table(self, name: str) -> str:
        """Of whose the rows are, or that there is nothing of its own."""
        table = self._tables[name] or {}
        return _digest({word: table[word] for word in _OF_A_TABLE if word in table})

    def of_column(self, name: str, column: str) -> str:
        """Of what is said of a column, itself and by defaults, and of where it points to."""
        table = self._tables[name] or {}
        own = (table.get("columns") or {}).get(column) or {}
        pattern = self._pattern(column)
        layers = [table.get("defaults"), (self._defaults.get("columns") or {}).get(pattern)]
        category = next((part["category"] for part in (own, *layers) if part and "category" in part), None)
        categories = self._defaults.get("categories") or {}
        layers.append(categories.get(nearest(category, categories)))
        joins = table.get("join") or []
        ends = [part[column] for part in (joins if isinstance(joins, list) else [joins]) if column in part]
        references = table.get("references", self._defaults.get("references")) or {}
        said = [
            {word: part[word] for word in _OF_A_COLUMN if word in part} for part in (own, *layers) if part
        ]
        return _digest([list(filter(None, said)), ends or references.get(column)])

    def _first_pattern(self, column: str) -> str | None:
        return next((name for name, form in self._patterns.items() if form.fullmatch(column)), None)


def with_answer(words: Words, answer: Words) -> dict[str, Any]:
    """What is said of a column once a person answered.

    Args:
        words: what was proposed.
        answer: otherwise; with `about: subject` it loses what goes by data about others.
    """
    gone = OF_OTHERS if answer.get("about") == About.SUBJECT else ()
    return {word: value for word, value in {**words, **answer}.items() if word not in gone}


def with_confirmed(source: Words, confirmed: Words) -> tuple[dict[str, Any], tuple[Lapsed, ...]]:
    """The content of a source with what people confirmed, and the confirmations that do not count.

    Args:
        source: content of its file, with drafts below it; not changed.
        confirmed: content of a `ConfirmedFile`.
    """
    digests, sessions = Digests(source), confirmed.get("confirmations") or {}
    tables, lapsed = dict(source.get("tables") or {}), list[Lapsed]()
    for name, entry in (confirmed.get("tables") or {}).items():
        if name in tables:
            tables[name] = _table(name, tables[name] or {}, entry, sessions, digests, lapsed)
        else:
            lapsed += [Lapsed(name, column, Why.GONE) for column in entry.get("columns") or (None,)]
    return {**source, "tables": tables}, tuple(lapsed)


def _table(
    name: str, table: Words, entry: Words, sessions: Words, digests: Digests, lapsed: list[Lapsed]
) -> dict[str, Any]:
    """A table with its confirmations; those that do not count are added to `lapsed`."""
    columns, by_session = dict(table.get("columns") or {}), dict[str, list[str]]()
    by_name = confirmed_by_name(table)
    for column, answer in (entry.get("columns") or {}).items():
        words = {word: value for word, value in answer.items() if word not in _NO_WORDS}
        own = columns.get(column) or {}
        same = answer["of"] == digests.of_column(name, column)
        waits = _waits(table, own) and column not in by_name
        if waits and not same:
            lapsed.append(Lapsed(name, column, Why.CHANGED))
        elif not waits and not (same and words.items() <= own.items()):
            lapsed.append(Lapsed(name, column, Why.OTHERWISE))
        elif column not in by_name:
            if words or column in columns:
                columns[column] = with_answer(_settled(own), words)
            by_session.setdefault(answer["in"], []).append(column)
    listed = [{**sessions[session], "columns": names} for session, names in by_session.items()]
    made = {**table, "columns": columns} if columns else dict(table)
    if listed:
        made["confirmed"] = [*confirmations_of(table), *listed]
    if "of" in entry:
        waits = made.get("ways") == "guessed" or made.get("review") == "needed"
        if entry["of"] == digests.of_table(name):
            made.pop("ways" if "ways" in made else "review", None)
            if "copy_of" not in made:
                made.setdefault("decided", sessions[entry["in"]])
        else:
            lapsed.append(Lapsed(name, None, Why.CHANGED if waits else Why.OTHERWISE))
    return made


def _waits(table: Words, column: Words) -> bool:
    """Whether a person is asked about a column, as the file has it."""
    if "needed" in (column.get("review"), table.get("review")):
        return column.get("review") == "needed" or not {"review", "decided"} & column.keys()
    return "origin" not in column and "origin" not in table and column.get("protect") != Protect.SECRET


def unknown_sessions(confirmed: ConfirmedFile) -> Iterator[list[str]]:
    """Where an occasion is named that the file does not have."""
    for name, table in confirmed.tables.items():
        if (table.of is not None or table.within is not None) and table.within not in confirmed.confirmations:
            yield ["tables", name, "in"]
        for column, said in table.columns.items():
            if said.within not in confirmed.confirmations:
                yield ["tables", name, "columns", column, "in"]


def _settled(column: Words) -> dict[str, Any]:
    """The words of a column without the mark of a proposal."""
    return {word: value for word, value in column.items() if (word, value) != ("review", "needed")}


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(_in_order(said), default=str).encode()).hexdigest()[:16]


def _in_order(value: Any) -> Any:
    """Mappings as lists of pairs in order of their names, which may be numbers."""
    if isinstance(value, Mapping):
        return [[str(name), _in_order(value[name])] for name in sorted(value, key=str)]
    return [_in_order(entry) for entry in value] if isinstance(value, list) else value
