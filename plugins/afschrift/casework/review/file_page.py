"""A file of an answer, opened by a reviewer; that it was opened is an event."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from afschrift.casework.officer import Officer
from afschrift.casework.review.draft import JudgedTable, read_draft
from afschrift.casework.review.look import Look, begin
from afschrift.casework.review.table_page import ReviewFile, read_table
from afschrift.domain.errors import RefusedError
from afschrift.extraction.file_texts import Texts, texts_of
from afschrift.extraction.uploads import open_inflated

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SHOWN_BYTES, SHOWN_TEXT = 12_000_000, 200_000
"""Of a longer file its name and kind are shown alone; of a longer text its beginning."""


@dataclass(frozen=True)
class OpenedFile:
    """A file with what can be shown of it.

    Attributes:
        texts: by the parts that hold them; empty: it has none.
        picture: its bytes; empty: it is none.
        judged: what officers kept of its table.
    """

    look: Look
    file: ReviewFile
    texts: Texts = field(repr=False)
    picture: bytes = field(repr=False)
    judged: JudgedTable = field(repr=False)


def open_file(officer: Officer, request_id: str, table: str, number: int, column: str) -> OpenedFile:
    """Open a file of a table's row, or one that a person found (its column is `WHOLE`).

    Raises:
        RefusedError: there is no such file in the answer.
        As `review_view`; NotAllowedError too where they may not see values.
    """
    look = begin(officer, request_id, table, file=f"#{number}")
    found = [f for f in read_table(look, table).files() if (f.number, f.column) == (number, column)]
    if not found:
        raise RefusedError("The answer has no such file.", remedy="open its table again.")
    file, content = found[0], b""
    if file.entry.bytes <= SHOWN_BYTES:
        with (
            look.staging.reader(f"data/{file.entry.path}") as staged,
            open_inflated(staged, file.entry) as stream,
        ):
            content = stream.read()
    ending = PurePosixPath(file.entry.path).suffix.lstrip(".")
    texts = texts_of(content, ending, file.media_type) if content else {}
    return OpenedFile(
        look,
        file,
        {part: text and text[:SHOWN_TEXT] for part, text in texts.items() if text},
        content if file.media_type in PICTURES else b"",
        read_draft(look).get(table, JudgedTable()),
    )
