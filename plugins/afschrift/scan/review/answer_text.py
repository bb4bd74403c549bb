"""Confirmations as text: the lines that change are those that say them, and every other byte stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from afschrift.domain.errors import ConfigurationError
from afschrift.scan.review.confirmed_list import add_confirmed
from afschrift.scan.review.nodes import Edit, FileMap, changed, pairs_of, without
from afschrift.scan.yaml_insert import end_of, insert
from afschrift.scan.yaml_lines import flow, lines


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
        """As `confirmations` or `decided` has it."""
        said = {"by": self.by, "on": self.on, "why": self.why}
        return said | ({"review": self.review} if self.review else {})


def confirm(text: str, columns: Mapping[str, Sequence[str]], tables: Sequence[str], answer: Answer) -> str:
    """The text of a source's file with columns, and whole tables, confirmed.

    Args:
        text: as it is.
        columns: table -> its columns that the answer is for.
        tables: tables that hold nothing of their own.
        answer: to all of them.

    Raises:
        ConfigurationError: something there is written once and used in several places, or a table says
            already who decided.
    """
    text = text if text.endswith("\n") else text + "\n"
    text = changed(text, list(_settled(text, columns, tables, answer)))
    if answer.words or tables:
        text = insert(text, list(_missing(text, columns, tables, answer)))
    if not columns:
        return text
    name, text = _occasion(text, answer)
    described = FileMap(text)
    added = [
        add_confirmed(described, text, described.at("tables", table), names, name)
        for table, names in columns.items()
    ]
    return changed(text, added)


def _settled(
    text: str, columns: Mapping[str, Sequence[str]], tables: Sequence[str], answer: Answer
) -> Iterator[Edit]:
    """`review: needed` goes, and words that a person says otherwise are theirs."""
    described = FileMap(text)
    for table in tables:
        said = {key.value for key, _ in pairs_of(described.at("tables", table))}
        if "decided" in said:
            raise ConfigurationError(
                f"Table {table} has `decided` already, so nobody's name would stand by this answer.",
                remedy="say in `decided` who confirms its way, and take `ways: guessed` out, by hand.",
            )
        yield from without(
            described, text, described.at("tables", table), "ways" if "ways" in said else "review"
        )
    for table, names in columns.items():
        for column in names:
            node = described.at("tables", table, "columns", column)
            if any(key.value == "review" and value.value == "needed" for key, value in pairs_of(node)):
                yield from without(described, text, node, "review")
            for key, value in pairs_of(node):
                if key.value in answer.words:
                    described.alone(key, value)
                    yield value.start_mark.index, end_of(value), flow(answer.words[key.value])


def _missing(
    text: str, columns: Mapping[str, Sequence[str]], tables: Sequence[str], answer: Answer
) -> Iterator[tuple[tuple[str, ...], Any]]:
    described = FileMap(text)
    for table, names in columns.items():
        for column in names:
            said = {key.value for key, _ in pairs_of(described.at("tables", table, "columns", column))}
            for word, value in answer.words.items():
                if word not in said:
                    yield ("tables", table, "columns", column, word), value
    for table in tables:
        if "copy_of" not in {key.value for key, _ in pairs_of(described.at("tables", table))}:
            yield ("tables", table, "decided"), answer.record()


def _occasion(text: str, answer: Answer) -> tuple[str, str]:
    """The name under `confirmations` of this answer, and the text that has it."""
    known = {key.value: node for key, node in pairs_of(FileMap(text).find("confirmations"))}
    wanted = {word: str(value) for word, value in answer.record().items()}
    number = 1
    while True:
        name = f"review-{answer.on}" + (f"-{number}" if number > 1 else "")
        if name not in known:
            added: Any = answer.record()
            path: tuple[str, ...] = ("confirmations", name)
            if not known:
                path, added = ("confirmations",), {name: added}
            return name, _above_tables(text, added) if not known else insert(text, [(path, added)])
        if {key.value: value.value for key, value in pairs_of(known[name])} == wanted:
            return name, text
        number += 1


def _above_tables(text: str, occasions: Mapping[str, Any]) -> str:
    """The text with `confirmations` before the tables, where a reader meets it first."""
    written = "".join(f"  {line}\n" for line in lines(occasions, ("confirmations",)))
    for key, _ in pairs_of(FileMap(text).root):
        if key.value == "tables" and key.start_mark.column == 0:
            at = key.start_mark.index
            return f"{text[:at]}confirmations:\n{written}\n{text[at:]}"
    return insert(text, [(("confirmations",), dict(occasions))])
