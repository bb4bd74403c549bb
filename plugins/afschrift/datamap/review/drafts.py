"""What programs propose, in a file below the one that people write: nothing is changed in that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afschrift.datamap.review.yaml_lines import lines
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.document import Document
from afschrift.inventory.draft_layer import Words, additions, not_added, with_additions
from afschrift.inventory.layers import Form, draft_of, layered
from afschrift.outside.read_yaml import read_yaml


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
        return Drafted(path, _text(draft), added, (), draft)
    must_take_draft(path, files)
    here, below = layered(path, files).document.data, draft_of(path)
    more = additions(here, draft)
    known = read_yaml(files[below], below.name) if below in files else {}
    head = (
        f"# What programs propose beside {path.name} (docs/scan.md); written whole by Afschrift.\n"
        f"# To say it otherwise, say it in {path.name}: that counts before what is said here.\n"
    )
    text = head.encode() + _text(with_additions(known, more))
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


def _text(content: Words) -> bytes:
    return "".join(f"{line}\n" for line in lines(content, ())).encode()


def _paths(added: list[tuple[tuple[str, ...], Any]]) -> list[str]:
    """In words: each table of a list of them."""
    return [
        name
        for path, value in added
        for name in ([f"tables.{table}" for table in value] if path == ("tables",) else [".".join(path)])
    ]
