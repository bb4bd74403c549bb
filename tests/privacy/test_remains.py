"""After the key of a request is destroyed, nothing left in the register says whose request it was.

Six people of the small shop differ in how many orders, tickets and cards they have. The attacker puts the
same request for each of them in an installation of his own (`tests/support/remains.py`); the whole demo is
`python -m tests.support.remains_table`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from testbed import small
from testbed.mini import POLICY
from testbed.running import installation, run, store
from tests.support.in_parts import RECEIVED, ROLES, SOON, WHY
from tests.support.parts import Club, run_to_its_end
from tests.support.remains import Fit, Remains, fit, remains_of, rows_of

from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.domain.errors import NeedsPersonError
from afschrift.services import Services

pytestmark = pytest.mark.slow

PEOPLE = [str(number) for number in range(101, 107)]
TARGETS = PEOPLE[::4]
REVIEWED = "review: {choice: always, approved_by: board, on: 2026-01-05, dpo_advice: in favour}\n"
SHRED = ("retention_identity", "officer")


@dataclass
class Town:
    """Two installations on one warehouse: ours, and the attacker's.

    Attributes:
        everybody: what the attacker's register says of each person, by right.
        requests: right -> person -> our request.
    """

    ours: Services
    home: Path
    club: Club
    everybody: dict[str, dict[str, Remains]]
    requests: dict[str, dict[str, str]]

    def fits(self, right: str) -> dict[str, Fit]:
        """Person -> whom their request fits, by what our register says today."""
        rows = rows_of(self.home / "register.db")
        return {
            person: fit(remains_of(rows, request), person, self.everybody[right])
            for person, request in self.requests[right].items()
        }


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patch:
        shop = small.write_database(folder / small.FILE)
        patch.setenv("MINI_SHOP", str(shop))
        patch.setenv("AFSCHRIFT_INVENTORY", str(folder / "inventory"))
        club = Club(folder)
        club.declare(small.write_inventory(folder / "inventory"))
        (folder / "inventory" / "policy.yml").write_text(POLICY + REVIEWED, encoding="utf-8")
        _settle(shop, club)
        ours = installation(folder / "ours", folder / "inventory")
        his = installation(folder / "his", folder / "inventory")
        rights = ("access", "portability")
        known = {
            right: {person: _answered(his, person, right, club) for person in PEOPLE} for right in rights
        }
        asked = {
            right: {target: _answered(ours, target, right, club) for target in TARGETS} for right in rights
        }
        rows = rows_of(folder / "his" / "register.db")
        everybody = {
            right: {person: remains_of(rows, request) for person, request in of.items()}
            for right, of in known.items()
        }
    return Town(ours, folder / "ours", club, everybody, asked)


def _settle(shop: Path, club: Club) -> None:
    """Of each further person one row more than of the one before, in each table."""
    with closing(sqlite3.connect(shop)) as con, closing(sqlite3.connect(club.path)) as cards:
        for count, person in enumerate(map(int, PEOPLE), start=1):
            con.execute("INSERT INTO customer VALUES (?, NULL, ?, 'h', 1)", [person, f"P{'x' * count}"])
            for number in range(count):
                key = person * 100 + number
                con.execute("INSERT INTO orders VALUES (?, ?, '2024-01-01 10:00:00')", [key, person])
                con.execute("INSERT INTO ticket VALUES (?, ?)", [key, person])
                con.execute("INSERT INTO ticket_message VALUES (?, ?, 'customer', 'P', 'hi')", [key, key])
                cards.execute("INSERT INTO card VALUES (?, ?, 'gold')", [key, person])
        con.commit()
        cards.commit()


def _answered(services: Services, person: str, right: str, club: Club) -> str:
    """A request that was answered and reviewed, where it asks for access in two parts."""
    request = store(services, {"customer_id": person}, right, received_at=RECEIVED, formats=["csv"])
    if right == "access":
        with club.away():
            assert run_to_its_end(services, request) is None
            _answer(services, request, "partial")
            _reviewed(services, request)
    _reviewed(services, request)
    assert not services.register.requests.get(request).state.open
    return request


def _reviewed(services: Services, request: str) -> None:
    with suppress(NeedsPersonError):
        run(services, request)
    _answer(services, request, "approved")
    run(services, request)


def _answer(services: Services, request: str, choice: str) -> None:
    [question] = services.register.questions.all(request_id=request)
    detail = {"rest_by": SOON} if choice == "partial" else None
    text = WHY if choice == "partial" else None
    officer = Officer(services.register, ROLES, "cli:anna")
    answer_question(officer, question.id, choice, detail=detail, text=text)


def test_forgotten_requests_fit_every_person_equally(town: Town) -> None:
    before = {right: town.fits(right) for right in town.requests}
    for right, fits in before.items():  # the search finds, where there is something to find
        assert {person: found.by_all for person, found in fits.items()} == dict.fromkeys(TARGETS, 1), right
        assert all(found.by_types == len(PEOPLE) for found in fits.values())

    for requests in town.requests.values():
        for request in requests.values():
            assert town.ours.register.data_keys.shred(request, *SHRED)

    for right in town.requests:
        for person, found in town.fits(right).items():
            assert (found.by_all, found.places) == (len(PEOPLE), {}), f"{right} of {person}"
    assert town.ours.register.trail.verify() == []
    assert list(town.ours.register.evidence.differences()) == []
