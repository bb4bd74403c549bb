"""Scenarios in which others appear: agents and neighbours in a ticket, a system that is down, a parent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
from demo.people import REISSUED, TABLET_A
from tests.e2e.opened import Opened
from tests.e2e.scenarios.with_people import ScenarioWithPeople

PARTED, CHILD = 100_008, 100_009
GROUND = "rights_of_others"
Rows = list[dict[str, str | None]]


def tickets(scenario: ScenarioWithPeople) -> None:
    """Scenario 3: one ticket table, split by author for both rights; a neighbour in one cell (R18, R31, R32)."""
    scenario.begin("3. One ticket table for both rights; agents masked, a neighbour redacted (R18, R31, R32)")
    scenario.tell("One letter asks for both: a copy of everything, and the files to take along.")
    requests = scenario.submits(REISSUED.number, ["portability", "access"])
    given: dict[str, Rows] = {}
    for request, right in zip(requests, ("portability", "access"), strict=True):
        scenario.tell(
            f"{right.title()}: the finder points at a neighbour in one message, so an officer looks."
        )
        scenario.goes(request, "needs_person")
        _redact(scenario, request)
        bundle = scenario.bundle(request)
        given[right] = list(bundle.csv("ticket_message"))
        _neighbour_is_gone(scenario, bundle, given[right])
    _agents_are_masked(scenario, given["access"])
    counted = _authors(given["access"])
    scenario.write(f"   the warehouse, asked by hand: {counted}")
    scenario.must(len(given["access"]) == sum(counted.values()), "access gives what everybody wrote")
    scenario.must(
        len(given["portability"]) == counted["customer"], "portability gives what she wrote herself"
    )


def _authors(rows: Rows) -> dict[str, int]:
    """How many messages of each author the tickets of these rows have, by SQL of our own."""
    tickets = sorted({int(row["ticket_id"] or 0) for row in rows})
    with duckdb.connect(str(_shop()), read_only=True) as shop:
        found = shop.execute(
            "SELECT author_type, count(*) FROM ticket_message WHERE list_contains(?, ticket_id) GROUP BY 1",
            [tickets],
        ).fetchall()
    return dict(found)


def _redact(scenario: ScenarioWithPeople, request: str) -> None:
    """Redact everything that was pointed at in the one message, and approve what is packed anew."""
    question = scenario.asked("anna", request, "review")
    output = scenario.types("review", "show", request, "--table", "shop.ticket_message")
    lines = list(dict.fromkeys(_lines(output)))
    scenario.must(
        len(lines) >= 3, "a name, an address and a phone number are pointed at, none of them decided"
    )
    scenario.tell("A text that is not there cannot be redacted; the line is named.")
    outside = lines[0].split()
    outside[3] = "0:9000"
    form = _balance()
    answer = scenario.answers(
        *("anna", question, "redact"),
        turned_down=422,
        detail=form["detail"],
        texts={**form["texts"], "redactions": [" ".join(outside)]},
    )
    scenario.must("redactions" in answer["fields"], "the field is named")
    scenario.tell("She redacts what was pointed at, with the three answers of the balance (R32).")
    answer = scenario.answers(
        "anna", question, "redact", detail=form["detail"], texts={**form["texts"], "redactions": lines}
    )
    scenario.waits(answer["run"], request, "needs_person")
    scenario.tell("What was packed anew is looked at anew, and sent.")
    answer = scenario.answers("anna", scenario.asked("anna", request, "review"), "approved")
    scenario.waits(answer["run"], request, "ready")


def _lines(output: str) -> Iterator[str]:
    """The lines that `review show` gives to copy, with a ground."""
    for line in output.splitlines():
        reference, pointed, _ = line.strip().partition(" GROUND")
        if pointed and reference.startswith("shop.ticket_message "):
            yield f"{reference} {GROUND}"


def _balance() -> dict[str, dict[str, Any]]:
    ground = GROUND
    return {
        "detail": {f"{ground}.right_of_others": "privacy"},
        "texts": {
            f"{ground}.effect": "A message has a neighbour's name, address and number.",
            f"{ground}.mitigation": "Masking these three spans is enough.",
            f"{ground}.prevails": "The neighbour does not know of the message.",
        },
    }


def _neighbour_is_gone(scenario: ScenarioWithPeople, bundle: Opened, rows: Rows) -> None:
    name = f"{TABLET_A.first_name} {TABLET_A.last_name}"
    scenario.must(
        any("[masked]" in (row["body"] or "") for row in rows), "the message leaves with [masked] in it"
    )
    for text in (name, str(TABLET_A.email), "06-12345678"):
        scenario.must(bundle.holds(text) == [], "what was redacted is in no file of the bundle")
    counted = sum(mask["count"] for mask in bundle.document("redactions")["masked"])
    scenario.must(counted >= 3, "redactions.json counts them")


def _agents_are_masked(scenario: ScenarioWithPeople, rows: Rows) -> None:
    names = {str(row["agent_name"]) for row in rows if row["author_type"] == "agent"}
    scenario.write(f"   agents: {', '.join(sorted(names))}")
    scenario.must(
        bool(names) and all(name.startswith("[masked ") for name in names),
        "each agent is a token, the same in all of their messages",
    )


def partly(scenario: ScenarioWithPeople) -> None:
    """Scenario 4: a source is down; a partial delivery, and its supplement closes the request (R44, R54)."""
    scenario.begin("4. A source is down: a part now, the rest later, one request (R44, R54)")
    [request] = scenario.submits(PARTED, "portability")
    with _away(scenario):
        scenario.goes(request, "needs_person")
        question = scenario.asked("anna", request, "source_down")
        by = date.fromisoformat(scenario.clock(request)["due"])
        scenario.tell("The rest cannot be promised for after the last day: it is one request with one clock.")
        late = {"rest_by": str(by + timedelta(1))}
        scenario.answers("anna", question, "partial", detail=late, turned_down=422)
        rest_by = min(by, scenario.today + timedelta(7))
        scenario.tell("The officer sends what there is.")
        answer = scenario.answers(
            *("anna", question, "partial"),
            detail={"rest_by": str(rest_by)},
            text="The lake is being moved; it is back next week.",
        )
        scenario.waits(answer["run"], request, "accepted")
        part = scenario.bundle(request)
        scenario.must(part.path.name.endswith("-partial.zip"), "its name says that it is a part")
        failed = {t["source"] for t in part.coverage.values() if t["status"] == "failed"}
        scenario.must(failed == {"app"}, "its coverage says what is missing")
        letter = scenario.make(
            request,
            "partial_delivery",
            "customer@example.org",
            missing=["What you did in the app."],
            rest_by=str(rest_by),
            where="In your account, under My data.",
            available_until=str(scenario.today + timedelta(30)),
        )
        with scenario.post():
            scenario.types("letter", "send", letter)
    scenario.tell("The source is back. The next run gives the rest, and closes the same request.")
    scenario.goes(request, "ready")
    rest = scenario.bundle(request)
    scenario.must(rest.path.name.endswith("-supplement.zip"), "the supplement arrived")
    both = {*part.tables, *rest.tables}
    scenario.must(part.tables.keys().isdisjoint(rest.tables), "no table is in both")
    [whole] = scenario.submits(PARTED, "portability", days=1)
    scenario.goes(whole, "ready")
    scenario.must(both == scenario.bundle(whole).tables.keys(), "both together hold what one answer holds")


@contextmanager
def _away(scenario: ScenarioWithPeople) -> Iterator[None]:
    """The app's lake is moved away."""
    lake = Path(os.environ["AFSCHRIFT_DEMO_DATA"]) / "lake"
    scenario.tell("The app's lake cannot be reached.")
    lake.rename(lake.with_name("moved"))
    try:
        yield
    finally:
        if not lake.exists():
            lake.with_name("moved").rename(lake)


def parent(scenario: ScenarioWithPeople) -> None:
    """Scenario 5: a parent asks for a child of twelve, whose parents are in conflict (R15, R16)."""
    scenario.begin("5. A parent asks for a child, and something must stay secret (R15, R16)")
    _is_twelve()
    [request] = scenario.submits(
        CHILD,
        "access",
        message="Graag alles wat u over mijn dochter hebt.",
        made_by="parent",
        representative={"name": "P. Ouder", "email": "p.ouder@example.org"},
    )
    scenario.goes(request, "needs_person")
    question = scenario.asked("anna", request, "identity")
    scenario.tell(
        "A person asks for another one: a log-in alone is not enough, and the check must be surer (R12)."
    )
    checked = {"method": "call_back", "level": "substantial"}
    scenario.answers("anna", question, "confirmed", detail=checked, turned_down=409)
    answer = scenario.answers("anna", question, "confirmed", detail={"method": "counter", "level": "high"})
    scenario.waits(answer["run"], request, "needs_person")
    question = scenario.asked("anna", request, "mandate")
    scenario.must(question["detail"]["minor"] == "yes", "of the date of birth only `minor: yes` is kept")
    proven = {
        "kind": "parental_authority",
        "checked_on": str(scenario.today),
        "scope": "access",
        "identity_checked": "counter",
        "answer_to": "representative",
        "answer_by": "post",
        "secrecy": "parents_in_conflict",
    }
    scenario.tell("Authority by law without a word on what is best for the child is turned down.")
    scenario.answers("anna", question, "proven", detail=proven, turned_down=422)
    scenario.tell("So is an answer by a portal that was found insecure.")
    note = "The child lives with this parent; the other parent's address stays out of the answer."
    insecure = proven | {"answer_by": "insecure_portal"}
    scenario.answers("anna", question, "proven", detail=insecure, text=note, turned_down=422)
    scenario.tell("With both, and because the parents are in conflict, a second person signs.")
    answer = scenario.answers("anna", question, "proven", detail=proven, text=note)
    scenario.must(answer["run"] is None, "no run starts before that")
    answer = scenario.answers("sam", scenario.asked("sam", request, "mandate_signed"), "agree")
    scenario.waits(answer["run"], request, "ready")
    year_of_birth = f"{scenario.today.year - 12}-"
    scenario.must(year_of_birth not in str(scenario.trail(request)), "the trail has no date of birth")


def _is_twelve() -> None:
    """The demo's customers are of age; this one becomes a child."""
    with duckdb.connect(str(_shop())) as shop:
        born = "CAST(current_date - INTERVAL 12 YEAR AS DATE)"
        shop.execute(f"UPDATE customer SET date_of_birth = {born} WHERE customer_id = ?", [CHILD])


def _shop() -> Path:
    return Path(os.environ["AFSCHRIFT_DEMO_DATA"]) / "shop.duckdb"
