"""Scenes in which others appear: agents and neighbours in a ticket, a system that is down, a parent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
from demo.people import REISSUED, TABLET_A

from plays.office import Bundle, Office

PARTED, CHILD = 100_008, 100_009
GROUND = "rights_of_others"
TICKETS, MESSAGES = "shop/ticket.csv", "shop/ticket_message.csv"


def tickets(stage: Office) -> None:
    """Scene 3: one ticket table, split by author for both rights; a neighbour in one cell (R18, R31, R32)."""
    stage.begin("3. One ticket table for both rights; agents masked, a neighbour redacted (R18, R31, R32)")
    stage.tell("One letter asks for both: a copy of everything, and the files to take along.")
    requests = stage.submits(REISSUED.number, ["portability", "access"])
    given: dict[str, list[dict[str, str]]] = {}
    for request, right in zip(requests, ("portability", "access"), strict=True):
        stage.tell(f"{right.title()}: the finder points at a neighbour in one message, so an officer looks.")
        stage.goes(request, "needs_person")
        _redact(stage, request)
        bundle = stage.bundle(request)
        given[right] = bundle.rows(MESSAGES)
        _neighbour_is_gone(stage, bundle, given[right])
    _agents_are_masked(stage, given["access"])
    counted = _authors(given["access"])
    stage.write(f"   the warehouse, asked by hand: {counted}")
    stage.must(len(given["access"]) == sum(counted.values()), "access gives what everybody wrote")
    stage.must(len(given["portability"]) == counted["customer"], "portability gives what she wrote herself")


def _authors(rows: list[dict[str, str]]) -> dict[str, int]:
    """How many messages of each author the tickets of these rows have, by SQL of our own."""
    tickets = sorted({int(row["ticket_id"]) for row in rows})
    with duckdb.connect(str(_shop()), read_only=True) as shop:
        found = shop.execute(
            "SELECT author_type, count(*) FROM ticket_message WHERE list_contains(?, ticket_id) GROUP BY 1",
            [tickets],
        ).fetchall()
    return dict(found)


def _redact(stage: Office, request: str) -> None:
    """Redact everything that was pointed at in the one message, and approve what is packed anew."""
    question = stage.asked("anna", request, "review")
    said = stage.types("review", "show", request, "--table", "shop.ticket_message")
    lines = list(dict.fromkeys(_lines(said)))
    stage.must(len(lines) >= 3, "a name, an address and a phone number are pointed at, none of them decided")
    stage.tell("A text that is not there cannot be redacted; the line is named.")
    outside = lines[0].split()
    outside[3] = "0:9000"
    form = _balance()
    told = stage.answers(
        *("anna", question, "redact"),
        turned_down=422,
        detail=form["detail"],
        texts={**form["texts"], "redactions": [" ".join(outside)]},
    )
    stage.must("redactions" in told["fields"], "the field is named")
    stage.tell("She redacts what was pointed at, with the three answers of the balance (R32).")
    told = stage.answers(
        "anna", question, "redact", detail=form["detail"], texts={**form["texts"], "redactions": lines}
    )
    stage.waits(told["run"], request, "needs_person")
    stage.tell("What was packed anew is looked at anew, and sent.")
    told = stage.answers("anna", stage.asked("anna", request, "review"), "approved")
    stage.waits(told["run"], request, "delivered")


def _lines(said: str) -> Iterator[str]:
    """The lines that `review show` gives to copy, with a ground."""
    for line in said.splitlines():
        reference, pointed, _ = line.strip().partition(" GROUND")
        if pointed and reference.startswith("shop.ticket_message "):
            yield f"{reference} {GROUND}"


def _balance() -> dict[str, dict[str, Any]]:
    ground = GROUND
    return {
        "detail": {f"{ground}.right_of_others": "privacy"},
        "texts": {
            f"{ground}.effect": "A neighbour's name, address and number stand in a message.",
            f"{ground}.mitigation": "Masking these three spans is enough.",
            f"{ground}.prevails": "The neighbour does not know of the message.",
        },
    }


def _neighbour_is_gone(stage: Office, bundle: Bundle, rows: list[dict[str, str]]) -> None:
    name = f"{TABLET_A.first_name} {TABLET_A.last_name}"
    stage.must(any("[masked]" in row["body"] for row in rows), "the message leaves with [masked] in it")
    for text in (name, str(TABLET_A.email), "06-12345678"):
        stage.must(bundle.holds(text) == [], "what was redacted stands in no file of the bundle")
    counted = sum(one["count"] for one in bundle.document("redactions.json")["masked"])
    stage.must(counted >= 3, "redactions.json counts them")


def _agents_are_masked(stage: Office, rows: list[dict[str, str]]) -> None:
    names = {row["agent_name"] for row in rows if row["author_type"] == "agent"}
    stage.write(f"   agents: {', '.join(sorted(names))}")
    stage.must(
        bool(names) and all(name.startswith("[masked ") for name in names),
        "each agent is a token, the same in all of their messages",
    )


def partly(stage: Office) -> None:
    """Scene 4: a source is down; a partial delivery, and its supplement closes the request (R44, R54)."""
    stage.begin("4. A source is down: a part now, the rest later, one request (R44, R54)")
    [request] = stage.submits(PARTED, "portability")
    with _away(stage):
        stage.goes(request, "needs_person")
        question = stage.asked("anna", request, "source_down")
        by = date.fromisoformat(stage.clock(request)["due"])
        stage.tell("The rest cannot be promised for after the last day: it is one request with one clock.")
        late = {"rest_by": str(by + timedelta(1))}
        stage.answers("anna", question, "partial", detail=late, turned_down=422)
        rest_by = min(by, stage.today + timedelta(7))
        stage.tell("The officer sends what there is.")
        told = stage.answers(
            *("anna", question, "partial"),
            detail={"rest_by": str(rest_by)},
            text="The lake is being moved; it is back next week.",
        )
        stage.waits(told["run"], request, "accepted")
        part = stage.bundle(request)
        stage.must(part.file.name.endswith("-partial.zip"), "its name says that it is a part")
        failed = {t["source"] for t in part.document("coverage.json")["tables"] if t["status"] == "failed"}
        stage.must(failed == {"app"}, "its coverage says what is missing")
        letter = stage.make(
            request,
            "partial_delivery",
            "customer@example.org",
            missing=["What you did in the app."],
            rest_by=str(rest_by),
            where="In your account, under My data.",
            available_until=str(stage.today + timedelta(30)),
        )
        with stage.post():
            stage.types("letter", "send", letter)
    stage.tell("The source is back. The next run gives the rest, and closes the same request.")
    stage.goes(request, "delivered")
    rest = stage.bundle(request)
    stage.must(rest.file.name.endswith("-supplement.zip"), "the supplement arrived")
    both = {name for one in (part, rest) for name in one.tables()}
    stage.must(part.tables().isdisjoint(rest.tables()), "no table stands in both")
    [whole] = stage.submits(PARTED, "portability", days=1)
    stage.goes(whole, "delivered")
    stage.must(both == stage.bundle(whole).tables(), "both together hold what one answer holds")


@contextmanager
def _away(stage: Office) -> Iterator[None]:
    """The app's lake is moved away."""
    lake = Path(os.environ["AFSCHRIFT_DEMO_DATA"]) / "lake"
    stage.tell("The app's lake cannot be reached.")
    lake.rename(lake.with_name("moved"))
    try:
        yield
    finally:
        if not lake.exists():
            lake.with_name("moved").rename(lake)


def parent(stage: Office) -> None:
    """Scene 5: a parent asks for a child of twelve, whose parents are in conflict (R15, R16)."""
    stage.begin("5. A parent asks for a child, and something must stay secret (R15, R16)")
    _is_twelve()
    [request] = stage.submits(
        CHILD,
        "access",
        message="Graag alles wat u over mijn dochter hebt.",
        made_by="parent",
        representative={"name": "P. Ouder", "email": "p.ouder@example.org"},
    )
    stage.goes(request, "needs_person")
    question = stage.asked("anna", request, "identity")
    stage.tell("Somebody asks for another: a log-in alone is not enough, and the check must be surer (R12).")
    checked = {"method": "call_back", "level": "substantial"}
    stage.answers("anna", question, "confirmed", detail=checked, turned_down=409)
    told = stage.answers("anna", question, "confirmed", detail={"method": "counter", "level": "high"})
    stage.waits(told["run"], request, "needs_person")
    question = stage.asked("anna", request, "mandate")
    stage.must(question["detail"]["minor"] == "yes", "of the date of birth only `minor: yes` is kept")
    proven = {
        "kind": "parental_authority",
        "checked_on": str(stage.today),
        "scope": "access",
        "identity_checked": "counter",
        "answer_to": "representative",
        "answer_by": "post",
        "secrecy": "parents_in_conflict",
    }
    stage.tell("Authority by law without a word on what is best for the child is turned down.")
    stage.answers("anna", question, "proven", detail=proven, turned_down=422)
    stage.tell("So is an answer by a portal that was found insecure.")
    note = "The child lives with this parent; the other parent's address stays out of the answer."
    insecure = proven | {"answer_by": "insecure_portal"}
    stage.answers("anna", question, "proven", detail=insecure, text=note, turned_down=422)
    stage.tell("With both, and because the parents are in conflict, a second person signs.")
    told = stage.answers("anna", question, "proven", detail=proven, text=note)
    stage.must(told["run"] is None, "no run starts before that")
    told = stage.answers("sam", stage.asked("sam", request, "mandate_signed"), "agree")
    stage.waits(told["run"], request, "delivered")
    stage.must("2014-05" not in str(stage.trail(request)), "no date of birth stands in the trail")


def _is_twelve() -> None:
    """The demo's customers are of age; this one becomes a child."""
    with duckdb.connect(str(_shop())) as shop:
        shop.execute("UPDATE customer SET date_of_birth = '2014-05-01' WHERE customer_id = ?", [CHILD])


def _shop() -> Path:
    return Path(os.environ["AFSCHRIFT_DEMO_DATA"]) / "shop.duckdb"
