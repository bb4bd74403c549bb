"""Whether somebody may ask for another person: their authority, held against what is asked (R15, R16).

A pure check of a form of codes. It says by which rule a form is turned down and what to do instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, assert_never

from afschrift.domain.right import Right
from afschrift.law.person.age import Minor

KINDS = (
    "written_mandate",
    "notarial",
    "court_order",
    "parental_authority",
    "guardianship_register",
    "lawyer",
)
"""What gives the authority."""
BY_LAW = ("court_order", "parental_authority", "guardianship_register")
"""Authority over somebody who does not act for themselves: a child, or an adult under guardianship."""
SCOPES = ("both", *(right.value for right in Right))
CHECKED_BY = ("login", "eid", "call_back", "known_address", "counter", "video", "bar_register")
"""How the representative's own identity was checked; never by a copy of a document (R11)."""
ANSWER_TO = ("person", "representative")
ANSWER_BY = ("post", "email", "counter", "portal", "insecure_portal")
"""How the answer goes there; `insecure_portal` is there to be turned down."""
SECRECY = ("none", "care", "parents_in_conflict", "safety")
"""Whether something must stay between the person and the controller."""


@dataclass(frozen=True)
class Proven:
    """The authority is proven.

    Attributes:
        rules: that it was held against.
        second_signer: somebody else signs before it counts.
    """

    rules: tuple[str, ...]
    second_signer: bool


@dataclass(frozen=True)
class NotEnough:
    """The form does not carry it.

    Attributes:
        field: of the form, where one is to be mended.
        instead: the remedy.
    """

    rule: str
    because: str
    instead: str
    field: str = ""


def covers(scope: str, right: Right) -> bool:
    """Whether a mandate of one of the `SCOPES` covers a right; `both` are access and portability."""
    match right:
        case Right.ACCESS | Right.PORTABILITY:
            return scope in ("both", right.value)
        case _:
            assert_never(right)


def check_mandate(
    form: Mapping[str, Any], right: Right, today: date, minor: Minor, *, note: bool
) -> Proven | NotEnough:
    """Hold the form of a proven mandate against the rules.

    Args:
        form: complete, each field one of its codes; days as text.
        right: that the request exercises.
        today: local date.
        minor: what the source says of the person's age.
        note: a text says what is best for the person.
    """
    by_law = form["kind"] in BY_LAW
    if not covers(form["scope"], right):
        return NotEnough(
            "R15",
            f"the mandate covers {form['scope']} alone, and this is a request for {right.value}",
            "ask for a mandate that covers it, and answer not_proven meanwhile",
            "scope",
        )
    if date.fromisoformat(form["checked_on"]) > today:
        return NotEnough("R15", "the check lies in the future", "give the day of the check", "checked_on")
    until = form.get("valid_until")
    if until is not None and date.fromisoformat(until) < today:
        return NotEnough(
            "R15",
            f"the mandate ran out on {until}",
            "ask for one that is in force, and answer not_proven meanwhile",
            "valid_until",
        )
    if form["answer_by"] == "insecure_portal":
        return NotEnough(
            "R15",
            "an answer never goes to a portal that was found insecure",
            "send it to the person, or to the representative another way",
            "answer_by",
        )
    if form["kind"] == "parental_authority" and minor is Minor.NO:
        return NotEnough(
            "R16",
            "the person is old enough to ask alone, so parental authority does not reach this",
            "ask for the person's own mandate, or let the person ask; answer not_proven meanwhile",
            "kind",
        )
    if by_law and not note:
        return NotEnough(
            "R16",
            "the person's own interest leads, and nothing is said of it",
            "write into the text what is best for the person and why; it is kept encrypted",
            "text",
        )
    if by_law and "secrecy" not in form:
        return NotEnough(
            "R16",
            "it is not said whether something must stay secret from the representative",
            f"choose {' | '.join(SECRECY)}",
            "secrecy",
        )
    secret = form.get("secrecy", "none") != "none"
    return Proven(("R15", "R16") if by_law else ("R15",), secret)
