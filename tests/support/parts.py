"""Sources beside the mini shop that can be taken away: an answer comes in parts where one is down."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from testbed.running import run
from tests.support import maps

from afschrift.casework.partial_response.question import ask_about
from afschrift.domain.errors import NeedsPersonError, SourceDownError
from afschrift.services import Services

TABLES = """
CREATE TABLE card (card_id INTEGER, customer_id INTEGER, note TEXT);
CREATE TABLE visit (visit_id INTEGER, card_id INTEGER, place TEXT);
INSERT INTO card VALUES (1, 1, 'gold'), (2, 2, 'blue'), (3, 1, 'spare');
INSERT INTO visit VALUES (1, 1, 'Delft'), (2, 2, 'Gouda'), (3, 3, 'Breda'), (4, 1, 'Delft');
"""


class Club:
    """A source in a SQLite file, to be taken away and put back.

    Attributes:
        place: of that file, as the inventory has it.
    """

    def __init__(self, folder: Path, name: str = "club") -> None:
        self.name = name
        self.path = folder / f"{name}.sqlite"
        self.place = str(self.path)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(TABLES)

    def declare(
        self,
        inventory: Path,
        *,
        origin: str = "provided",
        seen: str = "observed",
        key: str = "",
        more: str = "",
    ) -> None:
        words = {
            "name": self.name,
            "path": self.place,
            "origin": origin,
            "seen": seen,
            "key": key,
            "more": more,
        }
        text = maps.text("club.yml", **words)
        (inventory / f"{self.name}.yml").write_text(text, encoding="utf-8")

    @contextmanager
    def away(self) -> Iterator[None]:
        """While open, it cannot be opened."""
        self.take()
        try:
            yield
        finally:
            self.put_back()

    def take(self) -> None:
        self.path.rename(self.path.with_suffix(".gone"))

    def put_back(self) -> None:
        self.path.with_suffix(".gone").rename(self.path)


def run_to_its_end(services: Services, request: str) -> Path | None:
    """A run as the tasks make it, at their last try: a source that is down becomes a question.

    Returns:
        the delivered bundle; None where the run ended at a question.
    """
    try:
        return run(services, request)
    except SourceDownError as error:
        ask_about(services, request, error)
    except NeedsPersonError:
        pass
    return None


def tables_of(coverage: dict[str, Any], *status: str) -> set[str]:
    """Tables of a coverage with one of some statuses."""
    return {
        f"{table['source']}.{table['table']}" for table in coverage["tables"] if table["status"] in status
    }
