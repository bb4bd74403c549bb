"""Find requests by id, by a reference, or by what the person is known by. Each search is an event."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.app.jurisdiction import identity_keys
from afschrift.casework.desk.desk import DeskRow, read_rows
from afschrift.casework.desk.today import Viewer
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, FormError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import is_id

LONGEST = 320
MOST = 100
"""Requests that a search shows."""


def search(officer: Officer, viewer: Viewer, text: str) -> list[DeskRow]:
    """The requests of a viewer that a text finds, open and closed; the event of each holds no value.

    Args:
        officer: who searches.
        viewer: what they see.
        text: id of a request, case or letter, reference of a proof or complaint, or value of an identity key.

    Raises:
        FormError: there is no text, or a very long one.
    """
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise FormError("Nothing was searched.", {"text": f"write up to {LONGEST} characters"})
    register, found = officer.register, dict[str, str]()
    for way, ids in _ways(officer, text):
        found |= {id_: way for id_ in ids if id_ not in found}
    some = sorted(found)[:MOST]
    rows = [row for row, _ in read_rows(officer, some) if viewer.sees(row)]
    role = next(iter(sorted(viewer.held)), "")
    for row in rows:
        payload = {"role": role, "found_by": found[row.request]}
        register.trail.record(row.request, NewEvent("request_viewed", officer.by, payload))
    if not rows:
        register.trail.record(None, NewEvent("request_viewed", officer.by, {"role": role, "found": 0}))
    return rows


def _ways(officer: Officer, text: str) -> Iterator[tuple[str, set[str]]]:
    register = officer.register
    if is_id(text):
        yield "id", {text, *_of_owner(officer, text)}
        return
    if " " not in text:
        yield "reference", register.facts.with_proof(text)
    yield "key", set(register.identities.with_value(text, identity_keys(officer.settings)))


def _of_owner(officer: Officer, id_: str) -> set[str]:
    """The request of a letter, or those of a case."""
    register = officer.register
    try:
        if id_.startswith("let-"):
            return {register.letters.get(id_).request}
        return {timeline.request for timeline in register.facts.of_case(id_)}
    except AfschriftError:  # there is none
        return set()
