"""The files beside one that people write: a draft of programs below it, confirmations above it.

`shop.draft.yml` and `shop.confirmed.yml` go with `shop.yml`; programs own them and write them whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from afschrift.inventory.base import CONFIRMED, DRAFT, is_layer
from afschrift.inventory.confirmation import Confirmation, confirmations
from afschrift.inventory.confirmed_layer import ConfirmedFile, Lapsed, unknown_sessions, with_confirmed
from afschrift.inventory.document import Document
from afschrift.inventory.draft_layer import additions, with_additions
from afschrift.inventory.faults import Fault


class _Loose(BaseModel):
    """What else stands there is judged with the whole file."""

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
