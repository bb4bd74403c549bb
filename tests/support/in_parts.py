"""An installation with a club next to the small shop, and officers who let an answer go in parts."""

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from testbed import small
from testbed.delivered import open_delivered
from testbed.running import installation, members, run, store
from tests.support import maps
from tests.support.days import days_away
from tests.support.deciding import ANN, ROLES
from tests.support.kept import Kept
from tests.support.reviewing import policy

from afschrift.app.jurisdiction import jurisdiction_of
from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.answer import PartialResponseService
from afschrift.casework.partial_response.question import ask_about
from afschrift.domain.errors import NeedsPersonError, SourceDownError
from afschrift.domain.instants import utc_now
from afschrift.register.records import QuestionRow
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
        self, inventory: Path, origin: str = "provided", seen: str = "observed", more: str = ""
    ) -> None:
        text = maps.text("club.yml", name=self.name, path=self.place, origin=origin, seen=seen, more=more)
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


WHY = "De server staat in reparatie; kwikstaart."
SOON = str(days_away(9).date())
RECEIVED = days_away(-2).isoformat()
Open = Callable[..., Services]


@dataclass(frozen=True)
class Part:
    """A request of which a part is delivered, and the rest not yet; the person knows of nothing."""

    services: Services
    request: str
    bundle: Path


@pytest.fixture
def club(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Club:
    made = Club(tmp_path)
    monkeypatch.setenv("CLUB", str(made.path))
    made.place = "${CLUB}"  # the same inventory wherever the club is
    return made


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, club: Club) -> Services:
    """The small shop, in which the keys are looked up, and a club that knows people by their number."""
    monkeypatch.setenv("MINI_SHOP", str(small.write_database(tmp_path / small.FILE)))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(tmp_path / "inventory"))
    club.declare(small.write_inventory(tmp_path / "inventory"))
    return installation(tmp_path / "home", tmp_path / "inventory")


@pytest.fixture
def part(services: Services, club: Club, kept: Kept, tmp_path: Path) -> Part:
    """The home is a copy of the first one in which this was reached; nothing happened here before."""

    def reach() -> str:
        request = asked(services)
        partly(services, request, club)
        return request

    request = kept.reached("a part is delivered", tmp_path / "home", reach)
    services = again(services, tmp_path)
    return Part(services, request, open_delivered(services, request))


def again(services: Services, tmp_path: Path) -> Services:
    """The same installation on the inventory as it is now."""
    from afschrift.app.settings import Settings
    from afschrift.wiring.build_services import build

    env = {"AFSCHRIFT_HOME": str(tmp_path / "home"), "AFSCHRIFT_INVENTORY": str(tmp_path / "inventory")}
    return build(services.log, Settings.from_environment(env))


def always_reviewed(services: Services, tmp_path: Path) -> Services:
    """The same installation, in which a person looks at each bundle."""
    with (tmp_path / "inventory" / "policy.yml").open("a", encoding="utf-8") as file:
        file.write(policy("always"))
    return again(services, tmp_path)


def approved(services: Services, request: str) -> Path:
    """The bundle that a person looked at and approved."""
    with pytest.raises(NeedsPersonError):
        run(services, request)
    [*_, review] = services.register.questions.all(request_id=request)
    assert review.kind == "review"
    services.register.questions.answer(review.id, "approved", "cli:anna")
    return run(services, request)


def asked(services: Services, right: str = "access", **more: Any) -> str:
    return store(services, ANN, right, received_at=RECEIVED, language="en", formats=["csv"], **more)


def partial_response_service(services: Services, by: str = "cli:anna") -> PartialResponseService:
    inventory = services.inventory
    return PartialResponseService(
        Officer(services.register, ROLES, by, now=utc_now()), inventory, jurisdiction_of(inventory.controller)
    )


def answered(
    services: Services,
    asked: QuestionRow,
    choice: str,
    detail: dict[str, str] | None = None,
    text: str | None = None,
    by: str = "cli:anna",
) -> None:
    answer_question(Officer(services.register, ROLES, by), asked.id, choice, detail=detail or {}, text=text)


def question(services: Services, request: str) -> QuestionRow:
    [found] = services.register.questions.all(request_id=request)
    assert found.kind == "source_down"
    return found


def says(services: Services, request: str, choice: str, rest_by: str = SOON, text: str | None = WHY) -> None:
    detail = {"rest_by": rest_by} if choice == "partial" else {}
    answered(services, question(services, request), choice, detail, text)


def partly(services: Services, request: str, club: Club) -> Path:
    with club.away():
        assert run_to_its_end(services, request) is None
        says(services, request, "partial")
        return run(services, request)


def coverage(bundle: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(members(bundle)["data/coverage.json"])
    return document


def rows(*bundles: Path) -> dict[str, list[list[str]]]:
    """Path of a CSV file -> its records; no file is in two bundles."""
    found: dict[str, list[list[str]]] = {}
    for bundle in bundles:
        for path, content in members(bundle).items():
            if path.endswith(".csv"):
                assert path not in found
                text = re.sub(r"\[masked \w+\]", "[masked]", content.decode())  # a token is a request's own
                found[path] = list(csv.reader(io.StringIO(text)))
    return found
