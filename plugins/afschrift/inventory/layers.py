"""The layers of a source: its hand-written file, a draft below it, and confirmations above it.

`shop.draft.yml` and `shop.confirmed.yml` belong to `shop.yml`; programs own them and write them whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from afschrift.domain.decision import About, Protect
from afschrift.inventory.base import CONFIRMED, DRAFT, Part, Text, is_layer
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
    """A part whose other words are checked with the whole file."""

    model_config = ConfigDict(extra="allow")


class _Table(_Loose):
    table: str | None = None
    subject: dict[str, Any] | None = None
    confirmed: Annotated[tuple[Confirmation, ...], BeforeValidator(confirmations)] = ()
    columns: dict[str, dict[str, Any] | None] | None = None


class Form(_Loose):
    """A file that can take a draft: mappings where mappings belong."""

    keys: dict[str, Any] | None = None
    purposes: dict[str, Any] | None = None
    stores: dict[str, Any] | None = None
    tables: dict[str, _Table | None] | None = None


@dataclass(frozen=True)
class Layered:
    """A file with the layers below and above it.

    Attributes:
        document: with the content of all layers together.
        written: content of the file alone.
        proposed: content of the file with the draft below it.
        confirmed: content of the confirmations; empty: there are none.
        lapsed: confirmations that do not apply.
    """

    document: Document
    written: Any
    proposed: Any
    confirmed: Mapping[str, Any]
    lapsed: tuple[Lapsed, ...] = ()


def draft_of(path: Path) -> Path:
    return path.with_name(path.stem + DRAFT)


def confirmed_of(path: Path) -> Path:
    return path.with_name(path.stem + CONFIRMED)


def layered(path: Path, files: Mapping[Path, bytes], languages: Sequence[str] = ()) -> Layered:
    """Merge a file of the inventory with its layers. Faults of any layer are in the faults of the document.

    Args:
        path: of the hand-written file.
        files: all files of the inventory.
        languages: that every text must have.
    """
    document = Document(path, read=files.get(path))
    written = proposed = document.data
    if not any(layer in files for layer in (draft_of(path), confirmed_of(path))) or not _formed(written):
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


def orphan_layers(files: Mapping[Path, bytes]) -> Iterator[Fault]:
    """Yield a fault for each layer whose hand-written file is missing."""
    for path in filter(is_layer, files):
        stem = path.name.removesuffix(DRAFT).removesuffix(CONFIRMED)
        if not any(path.with_name(f"{stem}{end}") in files for end in (".yml", ".yaml")):
            message = f"there is no {stem}.yml that it belongs to: rename both alike, or remove it"
            yield Fault(path.name, 1, "", message)


def _formed(written: Any) -> bool:
    try:
        Form.model_validate(written)
    except ValidationError:
        return False  # the check of the whole file reports where
    return isinstance(written, dict)


WHOSE_ROWS = ("subject", "join", "personal")
"""Words of an answer about a table with `ways: asked`."""
OF_A_TABLE = ("table", "subject", "join", "personal", "copy_of")
"""Words that a confirmation of a table covers: whose its rows are, or that it has no rows of its own."""
OF_A_COLUMN = (
    "origin", "category", "protect", "about", "third_party", "mask", "when", "automated", "path",
)  # fmt: skip
"""Words that a confirmation of a column covers. Titles, meanings and purposes may be added later."""
_NO_WORDS = ("in", "of")
ITSELF = "(table)"
"""The table among its columns, in confirmed titles."""


class ConfirmedColumn(Column):
    """A confirmed column, with the words that a person changed.

    Attributes:
        within: name of the occasion under `confirmations` (`in` in the file).
        of: digest of the confirmed words.
    """

    within: str = Field(alias="in")
    of: str


class ConfirmedTable(Part):
    """A table; with `in` and `of` if its ways, or that it has no rows of its own, were confirmed.

    Attributes:
        subject: as `join` and `personal`: the answer whose the rows of a table with `ways: asked` are.
        titles: occasion -> column, or `ITSELF` -> its title, where the file has none.
    """

    within: str | None = Field(None, alias="in")
    of: str | None = None
    subject: dict[str, str] = {}
    join: dict[str, str] = {}
    personal: Literal[False] | None = None
    titles: dict[str, dict[str, Text]] = {}
    columns: dict[str, ConfirmedColumn] = {}


class ConfirmedFile(Part):
    """The confirmations of one source, by occasion."""

    confirmations: dict[str, Session] = {}
    tables: dict[str, ConfirmedTable] = {}


class LapseReason(StrEnum):
    """Why a confirmation does not apply."""

    GONE = "the map no longer has such an entry"
    CHANGED = "the confirmed words have changed since, so it must be confirmed again"
    OTHERWISE = "the file has other words without `review: needed`: these apply"


@dataclass(frozen=True)
class Lapsed:
    """A confirmation that does not apply.

    Attributes:
        column: None: it is of the table.
    """

    table: str
    column: str | None
    why: LapseReason


class Digests:
    """Digests of what is confirmed of a source's tables and columns, of sixteen characters each.

    A confirmation holds while the digest is the same: it lapses when the words change that it covers.

    Args:
        source: content of its file, with drafts below it.
    """

    def __init__(self, source: Words) -> None:
        self._tables = source.get("tables") or {}
        self._defaults = source.get("defaults") or {}
        self._patterns = {name: form_of(name) for name in self._defaults.get("columns") or {}}
        self._pattern = lru_cache(maxsize=None)(self._first_pattern)

    def of_table(self, name: str) -> str:
        """Return the digest of a table's ways, or of its being a copy or not personal."""
        table = self._tables[name] or {}
        words = {word: table[word] for word in OF_A_TABLE if word in table}
        return _digest(words | ({"possible": table.get("possible")} if table.get("ways") == "asked" else {}))

    def of_column(self, name: str, column: str) -> str:
        """Return the digest of a column's words, its own and those of defaults, and of where it points to."""
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
        words = [
            {word: part[word] for word in OF_A_COLUMN if word in part} for part in (own, *layers) if part
        ]
        return _digest([list(filter(None, words)), ends or references.get(column)])

    def _first_pattern(self, column: str) -> str | None:
        return next((name for name, form in self._patterns.items() if form.fullmatch(column)), None)


def with_answer(words: Words, answer: Words) -> dict[str, Any]:
    """Return a column's words after a person's answer.

    Args:
        words: the proposed ones.
        answer: changed words; with `about: subject` those about other persons' data are removed.
    """
    gone = OF_OTHERS if answer.get("about") == About.SUBJECT else ()
    return {word: value for word, value in {**words, **answer}.items() if word not in gone}


def with_confirmed(source: Words, confirmed: Words) -> tuple[dict[str, Any], tuple[Lapsed, ...]]:
    """Return the content of a source with its confirmations applied, and the confirmations that lapsed.

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
            lapsed += [Lapsed(name, column, LapseReason.GONE) for column in entry.get("columns") or (None,)]
    return {**source, "tables": tables}, tuple(lapsed)


def _table(
    name: str, table: Words, entry: Words, sessions: Words, digests: Digests, lapsed: list[Lapsed]
) -> dict[str, Any]:
    """Apply the confirmations of a table; add to `lapsed` those that do not apply."""
    columns, by_session = dict(table.get("columns") or {}), dict[str, list[str]]()
    by_name = confirmed_by_name(table)
    for column, answer in (entry.get("columns") or {}).items():
        words = {word: value for word, value in answer.items() if word not in _NO_WORDS}
        own = columns.get(column) or {}
        same = answer["of"] == digests.of_column(name, column)
        waits = _waits(table, own) and column not in by_name
        if waits and not same:
            lapsed.append(Lapsed(name, column, LapseReason.CHANGED))
        elif not waits and not (same and words.items() <= own.items()):
            lapsed.append(Lapsed(name, column, LapseReason.OTHERWISE))
        elif column not in by_name:
            if words or column in columns:
                columns[column] = with_answer(_settled(own), words)
            by_session.setdefault(answer["in"], []).append(column)
    titles = {name: title for named in (entry.get("titles") or {}).values() for name, title in named.items()}
    for column, title in titles.items():
        if column in columns or column in by_name:
            columns[column] = {"title": title, **(columns.get(column) or {})}
    listed = [{**sessions[session], "columns": names} for session, names in by_session.items()]
    made = {**table, "columns": columns} if columns else dict(table)
    if ITSELF in titles:
        made.setdefault("title", titles[ITSELF])
    if listed:
        made["confirmed"] = [*confirmations_of(table), *listed]
    if "of" in entry:
        asked = made.get("ways") == "asked"
        waits = asked or made.get("ways") == "guessed" or made.get("review") == "needed"
        whose = {word: entry[word] for word in WHOSE_ROWS if word in entry}
        no_one = whose == {"personal": False}
        no = no_one and made.get("ways") == "guessed"
        if entry["of"] == digests.of_table(name) and (no or bool(whose) == asked):
            made.pop("ways" if "ways" in made else "review", None)
            for word in ("possible", *(("subject", "join") if whose else ()), *["label"] * no_one):
                made.pop(word, None)
            made |= whose
            if "copy_of" not in made:
                made.setdefault("decided", sessions[entry["in"]])
        else:
            lapsed.append(Lapsed(name, None, LapseReason.CHANGED if waits else LapseReason.OTHERWISE))
    return made


def _waits(table: Words, column: Words) -> bool:
    """Whether a column of the file waits for confirmation."""
    if "needed" in (column.get("review"), table.get("review")):
        return column.get("review") == "needed" or not {"review", "decided"} & column.keys()
    return "origin" not in column and "origin" not in table and column.get("protect") != Protect.SECRET


def unknown_sessions(confirmed: ConfirmedFile) -> Iterator[list[str]]:
    """Yield the places that name an occasion which the file does not declare."""
    for name, table in confirmed.tables.items():
        if (table.of is not None or table.within is not None) and table.within not in confirmed.confirmations:
            yield ["tables", name, "in"]
        yield from (["tables", name, "titles", o] for o in table.titles if o not in confirmed.confirmations)
        for column, confirmation in table.columns.items():
            if confirmation.within not in confirmed.confirmations:
                yield ["tables", name, "columns", column, "in"]


def _settled(column: Words) -> dict[str, Any]:
    """Return the words of a column without `review: needed`."""
    return {word: value for word, value in column.items() if (word, value) != ("review", "needed")}


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(_in_order(content), default=str).encode()).hexdigest()[:16]


def _in_order(value: Any) -> Any:
    """Replace mappings by lists of pairs, sorted by name as text: names in YAML may be numbers."""
    if isinstance(value, Mapping):
        return [[str(name), _in_order(value[name])] for name in sorted(value, key=str)]
    return [_in_order(entry) for entry in value] if isinstance(value, list) else value
