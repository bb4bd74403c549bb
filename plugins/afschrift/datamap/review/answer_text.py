"""Confirmations as text: the lines that change are those that say them, and every other byte stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from afschrift.datamap.review.confirmed_list import add_confirmed
from afschrift.datamap.review.nodes import Edit, FileMap, changed, pairs_of, without
from afschrift.datamap.review.yaml_insert import end_of, insert
from afschrift.datamap.review.yaml_lines import flow, lines
from afschrift.domain.decision import About
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.defaults import OF_OTHERS


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


ByColumn = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Table -> column -> what a person said of it otherwise than was proposed."""


def with_answer(words: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a column once a person answered.

    Args:
        words: what was proposed.
        said: otherwise; with `about: subject` it loses what goes by data about others.
    """
    gone = OF_OTHERS if said.get("about") == About.SUBJECT else ()
    return {word: value for word, value in {**words, **said}.items() if word not in gone}


def confirm(text: str, columns: ByColumn, tables: Sequence[str], answer: Answer) -> str:
    """The text of a source's file with columns, and whole tables, confirmed.

    Args:
        text: as it is.
        columns: those that are confirmed.
        tables: tables that hold nothing of their own.
        answer: who, when and why, of all of them; its words are not looked at.

    Raises:
        ConfigurationError: something there is written once and used in several places, or a table says
            already who decided.
    """
    text = text if text.endswith("\n") else text + "\n"
    described, name = FileMap(text), ""
    if columns:
        text, described = _without_others(text, described, columns)
        name, with_occasion = _occasion(described, text, answer)
        if with_occasion != text:
            text, described = with_occasion, FileMap(with_occasion)
    missing = list(_missing(described, columns, tables, answer))
    edits = list(_settled(described, text, columns, tables))
    if missing:  # they stand in mappings from which words go
        text, edits = insert(changed(text, edits), missing), []
        described = FileMap(text) if columns else described
    edits += [
        add_confirmed(described, text, described.at("tables", table), list(names), name)
        for table, names in columns.items()
    ]
    return changed(text, edits)


def _without_others(text: str, described: FileMap, columns: ByColumn) -> tuple[str, FileMap]:
    """The text without what goes by data about others, where a person says that a column has none.

    One word after the other, as two that stand side by side share the comma between them.
    """
    own = [
        (table, column)
        for table, names in columns.items()
        for column, words in names.items()
        if words.get("about") == About.SUBJECT
    ]
    for word in OF_OTHERS if own else ():
        nodes = [described.at("tables", table, "columns", column) for table, column in own]
        if edits := [edit for node in nodes for edit in without(described, text, node, word)]:
            text = changed(text, edits)
            described = FileMap(text)
    return text, described


def _settled(described: FileMap, text: str, columns: ByColumn, tables: Sequence[str]) -> Iterator[Edit]:
    """`review: needed` goes, and words that a person says otherwise are theirs."""
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
        for column, words in names.items():
            node = described.at("tables", table, "columns", column)
            if any(key.value == "review" and value.value == "needed" for key, value in pairs_of(node)):
                yield from without(described, text, node, "review")
            for key, value in pairs_of(node):
                if key.value in words:
                    described.alone(key, value)
                    yield value.start_mark.index, end_of(value), flow(words[key.value])


def _missing(
    described: FileMap, columns: ByColumn, tables: Sequence[str], answer: Answer
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for table, names in columns.items():
        for column, words in names.items():
            said = {key.value for key, _ in pairs_of(described.at("tables", table, "columns", column))}
            for word, value in words.items():
                if word not in said:
                    yield ("tables", table, "columns", column, word), value
    for table in tables:
        if "copy_of" not in {key.value for key, _ in pairs_of(described.at("tables", table))}:
            yield ("tables", table, "decided"), answer.record()


def _occasion(described: FileMap, text: str, answer: Answer) -> tuple[str, str]:
    """The name under `confirmations` of this answer, and the text that has it."""
    known = {key.value: node for key, node in pairs_of(described.find("confirmations"))}
    wanted = {word: str(value) for word, value in answer.record().items()}
    number = 1
    while True:
        name = f"review-{answer.on}" + (f"-{number}" if number > 1 else "")
        if name not in known:
            added: Any = answer.record()
            if known:
                return name, insert(text, [(("confirmations", name), added)])
            return name, _above_tables(described, text, {name: added})
        if {key.value: value.value for key, value in pairs_of(known[name])} == wanted:
            return name, text
        number += 1


def _above_tables(described: FileMap, text: str, occasions: Mapping[str, Any]) -> str:
    """The text with `confirmations` before the tables, where a reader meets it first."""
    written = "".join(f"  {line}\n" for line in lines(occasions, ("confirmations",)))
    for key, _ in pairs_of(described.root):
        if key.value == "tables" and key.start_mark.column == 0:
            at = key.start_mark.index
            return f"{text[:at]}confirmations:\n{written}\n{text[at:]}"
    return insert(text, [(("confirmations",), dict(occasions))])
