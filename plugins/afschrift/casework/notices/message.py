"""The message that a notifier carries: the same rows as text, as HTML and by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Message:
    """What a notifier's templates may use, as `notices`: ids, codes, dates and counts.

    Attributes:
        subject: one line.
        text: plain text.
        html: the same as HTML.
        rows: name of a column -> text, one mapping each.
    """

    subject: str
    text: str
    html: str
    rows: tuple[Mapping[str, str], ...]


def as_message(
    subject: str, columns: Sequence[str], cells: Sequence[Sequence[str]], lines: Sequence[str], what: str
) -> Message:
    """A message of some rows.

    Args:
        subject: one line.
        columns: names of the cells.
        cells: a row each.
        lines: the same rows in plain text.
        what: how to read them and where there is more.
    """
    head = "".join(f'<th align="left">{escape(name)}</th>' for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
    html = f'<p>{subject}.</p><table cellpadding="4"><tr>{head}</tr>{body}</table><p>{what}</p>'
    rows = tuple(dict(zip(columns, row, strict=True)) for row in cells)
    return Message(subject, "\n".join([f"{subject}.", *lines, what]), html, rows)
