"""States of fact that an ordinary shop and its club can have, drawn by a seed, and what a person then reads."""

from __future__ import annotations

import io
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from testbed import small
from testbed.running import drive, hand_in, members
from tests.support import letter_samples
from tests.support.claim_homes import Map, fill
from tests.support.days import days_away, local_today
from tests.support.deciding import Bureau
from tests.support.ground_forms import complete
from tests.support.in_parts import Club, run_to_its_end, says
from tests.support.restricted import restrict, set_evasive
from tests.support.reviewing import BALANCE, CODES

from afschrift.casework.answer import answer_question
from afschrift.casework.decision.denial import evasive_sources
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.intake.referral import record_handed_over
from afschrift.casework.letters.make import make
from afschrift.casework.manual.scan import scan
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, NeedsPersonError
from afschrift.law.grounds import Outcome
from afschrift.law.roles import Person, Role, Roles
from afschrift.letters.kinds import kind_named
from afschrift.letters.mail_message import parts
from afschrift.register.trail.evidence import Evidence

KEEPER = Roles((Person("Bea", frozenset({"cli:bea"}), frozenset({Role.SOURCE_OWNER, Role.OFFICER})),))
SOON = str(days_away(9).date())
PERSON, OTHER = {"name": "Zeynep T."}, {"name": "Aysel Tuncay", "address": "Lindelaan 3, 1234 AB Ons Dorp"}
MANDATE = {"kind": "written_mandate", "checked_on": str(days_away(-2).date()), "scope": "both"}
MANDATE |= {"identity_checked": "eid", "answer_by": "post"}
EXCESSIVE = complete("manifestly_excessive", Outcome.REFUSE, first_request=True)


@dataclass
class State:
    """A request in its home, with what the person read of it.

    Attributes:
        person: number of the customer.
        story: what became of the request, besides its answer.
        party: who asked; `answer_to`: to whom the answer goes.
        away: the club could not be reached at first.
        kept_back: place that a restriction keeps back; `existence` says whether the person may know.
        limit: table that the person asked for alone.
        mail: what the keeper of the mailbox answers; empty where there is none.
        redacted: numbers of messages in which a reviewer made something unreadable.
        read: kind of document -> what was rendered; `known`: how many facts there were then.
        files: part of the answer -> files in its bundle.
    """

    map: Map
    person: int
    right: str
    language: str
    days: int
    story: str = ""
    party: str = "self"
    answer_to: str = "person"
    formats: tuple[str, ...] = ("csv",)
    away: bool = False
    kept_back: str = ""
    existence: str = ""
    limit: str = ""
    mail: str = ""
    request: str = ""
    redacted: list[int] = field(default_factory=list)
    read: dict[str, str] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    shop: Path = Path()
    club: Path = Path()
    register: Path = Path()
    inventory: Path = Path()

    def __str__(self) -> str:
        return repr(replace(self, read={}, files={}, known={}))


def states(seed: int, count: int, folder: Path, patch: pytest.MonkeyPatch, homes: int = 6) -> Iterator[State]:
    """So many states; a home has so many of them, as setting it up takes as long as several requests."""
    dice = random.Random(seed)
    made = 0
    # Whether rows follow from the trail is compared at each gate, takes an eighth of the time, and is no sentence.
    patch.setattr(Evidence, "must_follow", lambda *_: None)
    while made < count:
        home = folder / f"home{made}"
        home.mkdir()
        of_home = Map.sampled(dice)
        bureau, club = of_home.open(home, patch)
        if dice.random() < 0.5:
            set_evasive(bureau, "shop", "club", *(["mail"] if of_home.mailbox else []))
        numbers = range(1001, 1001 + homes)
        people = {person: dice.choice(["access", "access", "portability"]) for person in numbers}
        for person, right in people.items():
            for place, sql in fill(dice, person, right):
                file = club.path if place == "club" else home / small.FILE
                with closing(sqlite3.connect(file)) as connection, connection:
                    connection.execute(sql)
        for person, right in list(people.items())[: count - made]:
            state = State(
                of_home,
                person,
                right,
                dice.choice(["nl", "en"]),
                dice.choice([1, 1, 60]),
                shop=home / small.FILE,
                club=club.path,
                register=home / "home" / "register.db",
                inventory=home / "inventory",
            )
            yield reach(Reader(bureau, club, state), dice)
            made += 1
        shutil.rmtree(home)


@dataclass
class Reader:
    """Takes a request as far as it goes, and reads what the person is sent."""

    bureau: Bureau
    club: Club
    state: State

    def store(self, **more: Any) -> str:
        state = self.state
        keys = {} if state.party == "heir" else {"customer_id": str(state.person)}
        given = {"language": state.language, "formats": list(state.formats), **more}
        return self.bureau.store(state.right, keys, days=state.days, **given)

    def letter(self, kind: str, send: bool = False, **given: Any) -> None:
        """Make a letter of what the register knows and an officer gives, and read it."""
        asked = letter_samples.given(kind_named(kind), self.state.language)
        known = kind_named(kind).required
        elements = {name: value for name, value in asked.items() if name in known} | given
        elements = {name: value for name, value in elements.items() if value is not None}
        made = make(self.bureau.officer(), self.state.request, kind, elements, keep=send)
        self.keep(f"letter {kind}", made.text.html)
        if made.letter:
            self.bureau.send(made.letter.id)

    def decided(self) -> None:
        """Read the letter that a decision made."""
        for row in self.bureau.register.letters.all(request_id=self.state.request):
            content = b"".join(self.bureau.register.documents.read(row.document, "cli:anna"))
            if f"letter {row.kind}" not in self.state.read:
                self.keep(f"letter {row.kind}", parts(content)[2])

    def keep(self, document: str, text: str) -> None:
        self.state.read[document] = text
        self.state.known[document] = len(self.bureau.register.facts.timeline(self.state.request).facts)

    def decide(self, choice: str, ground: str, **given: Any) -> None:
        asked = open_decision(self.bureau.services.grounds, self.bureau.register, self.state.request)
        self.bureau.answer(asked, choice, ground, **given)
        if any(q.kind == "decision_signed" for q in self.bureau.questions(self.state.request)):
            self.bureau.sign(self.state.request)
        self.decided()


def _withdrawn(reader: Reader) -> None:
    reader.bureau.clocks().withdraw(reader.state.request, "email")
    reader.letter("withdrawal_confirmed", withdrawn_on=local_today().isoformat())


def _extended(reader: Reader) -> None:
    if reader.state.days == 1:
        reader.bureau.clocks().extend(reader.state.request, ["amount_of_data"])
        reader.letter("extension", send=True)


def _late(reader: Reader) -> None:
    if reader.state.days == 60:
        reader.letter("late", expected_on=SOON)


def _asked(reader: Reader, kind: str, **why: Any) -> None:
    """Ask the person something that stops the clock, be answered too little, and go on."""
    if reader.state.days != 1:
        return
    clocks, request = reader.bureau.clocks(), reader.state.request
    term = local_today() + timedelta(days=9) if reader.state.person % 2 else None
    clocks.suspend(request, term=term, **why)
    reader.letter(kind, send=True)
    reader.letter("reminder", asked_on=local_today())
    clocks.insufficient(request)
    reader.letter("answer_insufficient", send=True, answered_on=local_today().isoformat())
    clocks.resume(request)
    reader.letter("resumed", answered_on=local_today().isoformat())


def _identity(reader: Reader) -> None:
    _asked(reader, "identity_request", ground="identity", doubt="unknown_sender")
    sure, decisions = {"method": "eid", "level": "high"}, reader.bureau.register.decisions
    decisions.take(reader.state.request, "identity", "confirmed", "cli:anna", detail=sure)


def _specify(reader: Reader) -> None:
    if reader.state.right == "access":
        _asked(reader, "specify_request", ground="specification", overview=True)


def _merged(reader: Reader) -> None:
    earlier = reader.store()
    with suppress(AfschriftError):  # too late to be answered together
        reader.bureau.clocks().merge(reader.state.request, earlier, ("customer_id",))
        reader.letter("merged")


def _dead(reader: Reader) -> None:
    [question] = [q for q in [_next(reader)] if q.kind == "deceased"]
    reader.bureau.reply(question, "deceased", rests_on="civil_register")
    reader.letter("person_deceased")


def _next(reader: Reader) -> Any:
    run_to_its_end(reader.bureau.services, reader.state.request)
    return reader.bureau.questions(reader.state.request)[-1]


def _handed_over(reader: Reader) -> None:
    register = reader.bureau.register
    case = register.requests.get(reader.state.request).case
    roles = reader.bureau.officer().roles
    record_handed_over(register, roles, case, "erasure", "Klantenservice", "KS-104388", "cli:ivo")
    reader.letter("handed_over", passed_on=None, passed_to=None, passed_because=None, passed_contact=None)


def _transferred(reader: Reader) -> None:
    if reader.state.right == "portability":
        reader.letter("confirm_transfer")
        reader.letter("transfer_not_feasible")


def _refused(ground: str, choice: str = "refuse") -> Callable[[Reader], None]:
    return lambda reader: reader.decide(choice, ground)


ENDS: dict[str, Callable[[Reader], None]] = {
    "withdrawn": _withdrawn,
    "merged": _merged,
    "deceased": _dead,
    **{name: _refused(name) for name in ("manifestly_unfounded", "malicious_intent")},
    "manifestly_excessive": lambda reader: reader.decide("refuse", "manifestly_excessive", **EXCESSIVE),
    **{name: _refused(name) for name in ("identity_failure", "cannot_identify", "no_mandate")},
}
"""Stories after which there is no answer."""
BETWEEN: dict[str, Callable[[Reader], None]] = {
    "extended": _extended,
    "late": _late,
    "identity": _identity,
    "specify": _specify,
    "handed_over": _handed_over,
    "transferred": _transferred,
    "charged": _refused("manifestly_unfounded", "charge"),
}
WITHOUT_IDENTITY = ("identity", "identity_failure", "cannot_identify", "no_mandate")


def reach(reader: Reader, dice: random.Random) -> State:
    """Take the request as far as it goes, and read what the person is sent."""
    state, bureau = reader.state, reader.bureau
    state.story = dice.choice(["", "", "", *BETWEEN, *ENDS] if dice.random() < 0.6 else [""])
    state.formats = dice.choice([("csv",), ("json",), ("csv", "json")])
    more: dict[str, Any] = {"authenticated": None} if state.story in WITHOUT_IDENTITY else {}
    more |= {"other_rights": ["erasure"]} if state.story == "handed_over" or dice.random() < 0.1 else {}
    if state.story == "deceased":
        state.party = "heir"
        more |= {"made_by": "heir", "person": PERSON, "heir": OTHER, "authenticated": None}
    elif state.story == "no_mandate" or (dice.random() < 0.2 and state.story not in WITHOUT_IDENTITY):
        state.party, state.answer_to = "proxy", dice.choice(["person", "representative"])
        more |= {"made_by": "proxy", "person": PERSON, "representative": OTHER}
    if dice.random() < 0.1 and not state.story:
        state.limit = dice.choice(["shop.orders", "shop.customer", "club.card"])
        more["limits"] = {"quote": "Please send me my data.", "tables": [state.limit]}
    state.request = reader.store(**more)
    if state.party == "proxy" and state.story != "no_mandate":
        bureau.reply(bureau.asked(state.request), "proven", **MANDATE, answer_to=state.answer_to)
    reader.letter("acknowledgement")
    if dice.random() < 0.3:
        reader.letter("right_question")
    if state.party == "proxy" and state.story == "no_mandate":
        reader.letter("mandate_request")
    if state.story:
        (BETWEEN | ENDS)[state.story](reader)
    if state.story not in ENDS:
        _answer(reader, dice)
    return state


def _answer(reader: Reader, dice: random.Random) -> None:
    state, bureau, club = reader.state, reader.bureau, reader.club
    if state.map.mailbox and not state.limit:
        state.mail = dice.choice(["given", "nothing_held", "not_searched"])
    if dice.random() < 0.25 and not state.limit and state.story != "charged":
        state.kept_back = dice.choice(["shop.ticket_message", "shop.orders", "club.card", "club.visit"])
        evasive = evasive_sources(bureau.register, bureau.register.requests.get(state.request))
        state.existence = dice.choice(["open", "hidden"]) if evasive else "open"
        decision = open_decision(bureau.services.grounds, bureau.register, state.request)
        restrict(bureau, state.request, decision, [state.kept_back], state.existence)
        reader.decided()
    state.away = dice.random() < 0.15
    if state.away:
        with club.away():
            run_to_its_end(bureau.services, state.request)
            if not any(q.kind == "source_down" for q in bureau.questions(state.request)):
                state.away = False
            else:
                says(bureau.services, state.request, "partial", SOON)
                if not _drive(reader, "part", dice):
                    return  # nothing to give in a part: an officer is asked for more
    if not state.away or dice.random() < 0.8:
        _drive(reader, "rest" if state.away else "whole", dice)


def _drive(reader: Reader, which: str, dice: random.Random) -> bool:
    state, bureau = reader.state, reader.bureau
    steps = drive
    for _ in range(5):
        try:
            bundle = members(steps(bureau.services, state.request))
        except NeedsPersonError as needed:
            asked = [q for q in bureau.questions(state.request) if q.kind == needed.question][-1:]
            if not asked or asked[0].kind not in ANSWERED:
                break
            if needed.question == "manual":
                _search_mailbox(reader, asked[0].id)
            elif needed.question == "review":
                steps = drive if _review(reader, asked[0], which, dice) else hand_in
            elif needed.question == "past_period":
                bureau.register.questions.answer(asked[0].id, "remove", "officer", {"removed_by": SOON})
            else:
                bureau.register.questions.answer(asked[0].id, asked[0].options[0], "officer")
            continue
        state.files[which] = bundle
        reader.keep(f"{which} page", bundle["index.html"].decode())
        reader.keep(f"{which} readme", bundle["README.txt"].decode())
        if "data/information.html" in bundle:
            reader.keep(f"{which} sheet", bundle["data/information.html"].decode())
        break
    files = {"where": "https://portal.example", "available_until": "2030-01-01"}
    last = bureau.register.facts.timeline(state.request)
    ready = [fact for fact in last.facts if fact.detail.get("letter")]
    if which == "part" and "part page" in state.read:
        reader.letter("partial_delivery", missing=None, rest_by=None, **files)
    elif ready:
        kind = str(ready[-1].detail["letter"])
        reader.letter(kind, **(dict.fromkeys(kind_named(kind).required) | _LEAVES.get(kind, files)))
    return any(name.startswith(which) for name in state.read)


ANSWERED = ("manual", "review", "past_period", "nothing_held", "nothing_in_limits", "residual_rows")
"""Questions that are answered, and a run goes on."""
_LEAVES: dict[str, Any] = {
    "nothing_portable": {"reasons": "Zie boven."},
    "nothing_held": {},
    "nothing_in_limits": {},
}


def _review(reader: Reader, asked: Any, which: str, dice: random.Random) -> bool:
    """Approve the bundle, or make the first letters of a message unreadable, which changes it."""
    state = reader.state
    sql = "SELECT id, body FROM ticket_message JOIN ticket USING (ticket_id) WHERE customer_id = ?"
    with closing(sqlite3.connect(state.shop)) as connection:
        messages = [number for number, _ in connection.execute(sql, (state.person,))]
    able = messages and state.right == "access" and state.limit in ("", "shop.ticket_message")
    able = able and state.kept_back != "shop.ticket_message" and which != "rest" and not state.redacted
    if not able or dice.random() < 0.3:
        answer_question(reader.bureau.officer(), asked.id, "approved")
        return False
    lines = [f"shop.ticket_message id={messages[0]} body 0:2 rights_of_others"]
    texts = {"redactions": lines, **BALANCE}
    answer_question(reader.bureau.officer(), asked.id, "redact", detail=CODES, texts=texts)
    state.redacted = messages[:1]
    return True


def _search_mailbox(reader: Reader, question: str) -> None:
    """Answer as its keeper; a file is of text."""
    mail = reader.state.mail
    files = [scan("brief.txt", io.BytesIO(b"dag"), 3, 1_000)] if mail == "given" else []
    detail = {"reason": "unavailable"} if mail == "not_searched" else {}
    keeper = Officer(reader.bureau.register, KEEPER, "cli:bea")
    answer_question(keeper, question, mail, detail=detail, files=files)
