"""A data map under review: what its tests write, answer and read."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from testbed.mini import write_inventory

from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.inventory.column import Column
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile

HEAD = """\
source: shop
kind: duckdb
purposes:
  sale: {basis: A6-1-b, title: {nl: Verkoop, en: Sale}, retention: P2Y, recipients: []}
"""
ANSWER = Answer("cli:anna", date(2026, 11, 28), "Looked at with the shop: it is so.", date(2027, 11, 28))


def answer(**words: Any) -> Answer:
    """The answer, with words that the question does not propose."""
    return replace(ANSWER, words=words)


def map_folder(folder: Path, text: str) -> Path:
    """The folder of a map whose source is described so."""
    return write_inventory(folder / "map", text)


def shop(folder: Path) -> SourceFile:
    """What the map says of the shop by now."""
    return load(folder).sources["shop"]


def columns(folder: Path) -> dict[str, Column]:
    """The same, by `table.column`."""
    tables = shop(folder).tables
    return {f"{name}.{column}": known for name, t in tables.items() for column, known in t.columns.items()}


def group(review: Review, name: str, words: str = "") -> Group:
    """The first open question of a name, in whose proposal there are words."""
    return next(found for found in review.waiting() if found.name == name and words in str(found.proposed))


def names(review: Review) -> list[str]:
    """What is asked, in its order."""
    return [question.name for question in review.waiting()]
