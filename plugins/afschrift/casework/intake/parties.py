"""The parties of a case as officers record and see them: who they are, and how to reach them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from afschrift.casework.intake.message import Party
from afschrift.casework.intake.store_request import parties_text
from afschrift.casework.officer import Officer
from afschrift.domain.errors import FormError
from afschrift.inventory.document import in_words
from afschrift.law.person import PARTIES
from afschrift.questions.view import Kept, Line
from afschrift.questions.view import in_words as said
from afschrift.register.cases import PARTIES as KIND
from afschrift.register.register import Register

_PARTIES = TypeAdapter(dict[str, Party | None])


def record_parties(officer: Officer, owner: str, given: Mapping[str, Any]) -> None:
    """Record parties of a case; the others stay as they are, and null takes a party out.

    Raises:
        UnknownRequestError: no such case or request.
        NotAllowedError: they lack the role.
        FormError: a field is wrong; names it, and no value.
        RefusedError: the key of the case was destroyed.
    """
    cases = officer.register.cases
    case = cases.get(owner)
    officer.deciding(case.requests[0] if case.requests else None, KIND)
    languages = officer.inventory.controller.languages
    faults = {name: f"choose among {', '.join(PARTIES)}" for name in given if name not in PARTIES}
    new: dict[str, Party | None] = {}
    try:
        new = _PARTIES.validate_json(json.dumps({**cases.parties(case.id), **given}, default=str))
    except ValidationError as error:
        faults |= {".".join(map(str, item["loc"][:2])): in_words(item) for item in error.errors()}
    known = {role: party for role, party in new.items() if party is not None}
    for role, party in known.items():
        if not party.reachable:
            faults[role] = "give name, organisation, email, phone or address"
        if party.language is not None and party.language not in languages:
            faults[f"{role}.language"] = f"choose among {', '.join(languages)}"
    if faults:
        raise FormError.listing(
            "The parties were not recorded.", faults, remedy="correct them and give them again."
        )
    cases.add_text(case.id, KIND, parties_text(known), officer.by)


def party_lines(register: Register, owner: str) -> Iterator[Line]:
    """The parties of a case, a line each."""
    for role, party in register.cases.parties(owner).items():
        words = "\n".join(f"{said(name)}: {value}" for name, value in party.items())
        yield Line(said(role), words, Kept.MASKED)
