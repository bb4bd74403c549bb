"""Answers, and the file of a source's confirmations with them in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from afschrift.datamap.review.pointing import Place
from afschrift.datamap.review.yaml_lines import lines
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.confirmed_layer import Digests
from afschrift.inventory.layers import Layered


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
