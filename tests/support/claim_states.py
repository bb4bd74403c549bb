"""States of fact that an ordinary shop and its club can have, drawn by a seed, and what a person then reads."""

from __future__ import annotations

import io
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from testbed import small
from testbed.claims.printed import PAGE, README, SHEET, letter_places
from testbed.running import drive, members
from tests.support.days import days_away
from tests.support.deciding import Bureau
from tests.support.in_parts import Club, run_to_its_end, says
from tests.support.manual import add_systems, system
from tests.support.restricted import open_bureau, restrict

from afschrift.casework.answer import answer_question
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.letters.make import make
from afschrift.casework.manual.scan import scan
from afschrift.casework.officer import Officer
from afschrift.domain.errors import NeedsPersonError
from afschrift.law.roles import Person, Role, Roles

KEEPER = Roles((Person("Bea", frozenset({"cli:bea"}), frozenset({Role.SOURCE_OWNER, Role.OFFICER})),))
STAFF = """
  staff:
    personal: false
    key: [id]
    columns: {id: {origin: not_personal}, mail: {origin: not_personal}}
"""
SOON = str(days_away(9).date())


@dataclass(frozen=True)
class Map:
    """What the map and the policy of a home say; codes of the law as in a map."""

    observed: bool
    interest: bool
    basis: dict[str, str]
    origins: dict[str, str]
    masked: bool
    mailbox: bool

    @classmethod
    def sampled(cls, dice: random.Random) -> Map:
        return cls(
            dice.random() < 0.6,
            dice.random() < 0.2,
            {
                "shop": dice.choice(["A6-1-b", "A6-1-b", "A6-1-f", "A6-1-c"]),
                "club": dice.choice(["A6-1-b", "A6-1-f"]),
            },
            {
                "shop.customer.name": dice.choice(["provided", "observed", "assigned"]),
                "shop.customer.email": dice.choice(["provided", "provided", "assigned"]),
                "shop.customer.score": dice.choice(["inferred", "derived"]),
                "shop.orders.ordered_at": dice.choice(["observed", "observed", "assigned"]),
                "club.card.note": dice.choice(["provided", "observed", "assigned"]),
                "club.visit.place": dice.choice(["observed", "provided", "assigned"]),
                "said": dice.choice(["provided", "provided", "observed"]),
            },
            dice.random() < 0.7,
            dice.random() < 0.4,
        )

    def write(self, bureau: Bureau, club: Club) -> None:
        folder = bureau.settings.inventory
        if self.mailbox:
            add_systems(folder, system("mail", "mailbox"))
        bureau.execute("CREATE TABLE staff (id INTEGER, mail TEXT)")
        policy = (folder / "policy.yml").read_text(encoding="utf-8")
        for name, choice in (("observed", self.observed), ("legitimate_interest", self.interest)):
            policy = re.sub(rf"{name}: {{choice: \w+", f"{name}: {{choice: {str(choice).lower()}", policy)
        (folder / "policy.yml").write_text(policy, encoding="utf-8")
        club.declare(folder, self.origins["club.card.note"], self.origins["club.visit.place"])
        file = folder / "club.yml"
        file.write_text(file.read_text().replace("A6-1-b", self.basis["club"]), encoding="utf-8")
        shop = small.SHOP.replace("A6-1-b", self.basis["shop"]).replace(
            "customer: provided", f"customer: {self.origins['said']}"
        )
        shop = shop.replace("source: shop", "source: shop\ntitle: {nl: De winkel, en: The shop}")
        for name in ("email", "name", "score"):
            shop = re.sub(
                rf"(      {name}: {{origin: )\w+", rf"\g<1>{self.origins[f'shop.customer.{name}']}", shop
            )
        shop = re.sub(
            r"(      ordered_at: {origin: )\w+", rf"\g<1>{self.origins['shop.orders.ordered_at']}", shop
        )
        bureau.describe(
            STAFF.join((shop, ""))
            if self.masked
            else STAFF.join(
                (
                    shop.replace(
                        "author: {about: third_party, third_party: mask, when: [agent]}", "author: {}"
                    ),
                    "",
                )
            )
        )


@dataclass
class State:
    """A request in its home, with what the person read of it.

    Attributes:
        person: number of the customer.
        away: the club could not be reached at first.
        kept_back: place that a restriction keeps back; `existence` says whether the person may know.
        mail: what the keeper of the mailbox answers; empty where there is none.
        read: kind of document -> what was rendered.
        files: part of the answer -> paths in its bundle.
    """

    map: Map
    person: int
    right: str
    language: str
    days: int
    away: bool = False
    kept_back: str = ""
    existence: str = ""
    mail: str = ""
    request: str = ""
    read: dict[str, str] = field(default_factory=dict)
    files: dict[str, set[str]] = field(default_factory=dict)
    shop: Path = Path()
    club: Path = Path()
    register: Path = Path()

    def __str__(self) -> str:
        return repr(replace(self, read={}, files={}))


def fill(dice: random.Random, person: int) -> Iterator[tuple[str, str]]:
    """SQL for the shop or the club: the rows of a person."""
    if dice.random() < 0.85:
        email = f"'p{person}@example.net'" if dice.random() < 0.8 else "NULL"
        name, secret = (f"'{text}{person}'" if dice.random() < 0.8 else "NULL" for text in ("Name", "hash"))
        if dice.random() < 0.15:
            yield "shop", f"INSERT INTO staff VALUES ({person}, 'p{person}@example.net')"
        yield (
            "shop",
            f"INSERT INTO customer VALUES ({person}, {email}, {name}, {secret}, {dice.choice([1, 'NULL'])})",
        )
    for n in range(dice.choice([0, 0, 1, 2])):
        at = dice.choice(["NULL", "'2024-01-01 10:00:00'"])
        yield "shop", f"INSERT INTO orders VALUES ({person * 10 + n}, {person}, {at})"
    if dice.random() < 0.5:
        yield "shop", f"INSERT INTO ticket VALUES ({person}, {person})"
        for n in range(dice.choice([0, 1, 3])):
            by = dice.choice(["customer", "agent", "bot"])
            author = dice.choice(["'Zed'", "NULL"])
            yield (
                "shop",
                f"INSERT INTO ticket_message VALUES ({person * 10 + n}, {person}, '{by}', {author}, 'text')",
            )
    for n in range(dice.choice([0, 0, 1, 2])):
        note = dice.choice(["'gold'", "NULL"])
        yield "club", f"INSERT INTO card VALUES ({person * 10 + n}, {person}, {note})"
        if dice.random() < 0.6:
            yield "club", f"INSERT INTO visit VALUES ({person * 10 + n}, {person * 10 + n}, 'Delft')"


def states(
    seed: int, number: int, folder: Path, patch: pytest.MonkeyPatch, homes: int = 6
) -> Iterator[State]:
    """So many states; a home has so many of them, as setting it up takes as long as several requests."""
    dice = random.Random(seed)
    made = 0
    while made < number:
        home = folder / f"home{made}"
        home.mkdir()
        bureau = open_bureau(home, patch)
        club, of_home = Club(home), Map.sampled(dice)
        of_home.write(bureau, club)
        here = min(homes, number - made)
        people = range(1001, 1001 + here)
        for person in people:
            for place, sql in fill(dice, person):
                with closing(
                    sqlite3.connect(club.path if place == "club" else home / small.FILE)
                ) as connection:
                    connection.execute(sql)
                    connection.commit()
        for person in people:
            state = State(
                of_home,
                person,
                dice.choice(["access", "portability"]),
                dice.choice(["nl", "en"]),
                dice.choice([1, 1, 60]),
                shop=home / small.FILE,
                club=club.path,
                register=home / "home" / "register.db",
            )
            yield reach(bureau, club, state, dice)
            made += 1


def reach(bureau: Bureau, club: Club, state: State, dice: random.Random) -> State:
    """Take the request as far as it goes, and read what the person is sent."""
    keys = {"customer_id": str(state.person)}
    state.request = request = bureau.store(
        state.right, keys, days=state.days, language=state.language, formats=["csv"]
    )
    _letter(bureau, state, "acknowledgement")
    if dice.random() < 0.3:
        _letter(bureau, state, "right_question")
    if state.map.mailbox:
        state.mail = dice.choice(["given", "nothing_held", "not_searched"])
    if dice.random() < 0.25:
        state.kept_back = dice.choice(["shop.ticket_message", "shop.orders", "club.card", "club.visit"])
        state.existence = dice.choice(["open", "hidden"])
        decision = open_decision(bureau.services.grounds, bureau.register, request)
        restrict(bureau, request, decision, [state.kept_back], state.existence)
    state.away = dice.random() < 0.15
    if state.away:
        with club.away():
            run_to_its_end(bureau.services, request)
            if not any(q.kind == "source_down" for q in bureau.questions(request)):
                state.away = False
            else:
                says(bureau.services, request, "partial", SOON)
                if not _drive(bureau, state, "part"):
                    return state  # nothing to give in a part: an officer is asked for more
    if not state.away or dice.random() < 0.8:
        _drive(bureau, state, "rest" if state.away else "whole")
    return state


LETTERS = {
    "delivery": {"where": "https://portal.example", "available_until": "2030-01-01"},
    "nothing_portable": {"reasons": "Zie boven."},
}


def _drive(bureau: Bureau, state: State, which: str) -> bool:
    for _ in range(4):
        try:
            bundle = members(drive(bureau.services, state.request))
        except NeedsPersonError as needed:
            if needed.question not in ("nothing_held", "residual_rows", "manual"):
                break
            [*_, asked] = bureau.questions(state.request)
            if needed.question == "manual":
                _search_mailbox(bureau, state, asked.id)
            else:
                bureau.register.questions.answer(asked.id, asked.options[0], "officer")
            continue
        state.files[which] = set(bundle)
        state.read |= {
            f"{which} page": bundle["index.html"].decode(),
            f"{which} readme": bundle["README.txt"].decode(),
        }
        if "data/information.html" in bundle:
            state.read[f"{which} sheet"] = bundle["data/information.html"].decode()
        break
    files = LETTERS["delivery"]
    last = bureau.register.facts.timeline(state.request)
    ready = [fact for fact in last.facts if fact.detail.get("letter")]
    if which == "part" and "part page" in state.read:
        _letter(bureau, state, "partial_delivery", **files)
    elif ready:
        kind = str(ready[-1].detail["letter"])
        _letter(bureau, state, kind, **(LETTERS.get(kind) or (files if kind == "supplement" else {})))
    return any(name.startswith(which) for name in state.read)


def _search_mailbox(bureau: Bureau, state: State, question: str) -> None:
    """Answer as its keeper; a file is of text."""
    files = [scan("brief.txt", io.BytesIO(b"dag"), 3, 1_000)] if state.mail == "given" else []
    detail = {"reason": "not_feasible"} if state.mail == "not_searched" else {}
    keeper = Officer(bureau.register, KEEPER, "cli:bea")
    answer_question(keeper, question, state.mail, detail=detail, files=files)


def _letter(bureau: Bureau, state: State, kind: str, **given: Any) -> None:
    state.read[f"letter {kind}"] = make(bureau.officer(), state.request, kind, given, keep=False).text.html


def places(document: str) -> tuple[str, ...]:
    """The places of the sentences in a kind of document."""
    kind = document.rpartition(" ")[2]
    return {"page": PAGE, "sheet": SHEET, "readme": README}.get(kind) or letter_places(kind)
