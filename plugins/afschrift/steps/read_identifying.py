"""The look-up before an identity is confirmed, and its gate: it reads only what an officer asked for."""

from __future__ import annotations

from typing import Any

import msgspec

from afschrift.casework.identity.confirmed import person_digest
from afschrift.casework.identity.look_up import LookUpResult, is_decided
from afschrift.domain.request import Request
from afschrift.law.roles import Act
from afschrift.register.identities import ASKED, LOOK_UP_EVENTS, LookUpRow
from afschrift.register.register import Register
from afschrift.selection.identifying_rows import find
from afschrift.services import Services
from afschrift.steps.gates import must_be_witnessed, open_request, refusal

STEP = "look_up"
ASK = "an officer asks on the page of the question who asks, or with `afschrift request look-up`."


def look_up(services: Services, request_id: str) -> dict[str, Any]:
    """Look in the sources for the keys as they were typed, and keep the result encrypted (R10, R12).

    Nothing else is read before the identity is confirmed. So a look-up needs an officer's request, serves it
    once, and reads only the columns that the inventory marks.

    Returns:
        `tables`: rows by table; `not_read`: tables that could not be read, with why. No value.

    Raises:
        GateError: the request is closed, its identity is decided for the current keys, or no officer asked
            about these keys; nothing is read, and the attempt is recorded in the trail.
        TooLateError: the officer's request ended while the sources were read: nothing is kept.
    """
    register = services.register
    with register.read_snapshot():
        request, ask = _asked(services, request_id)
    keys = register.identities.of(request_id)
    tables = find(
        services.inventory, services.open_source, services.sql, request_id, keys, request.received_at
    )
    unknown = [key.name for key in keys if not any(key.name in table.keys for table in tables)]
    read = {f"{table.source}.{table.table}": table.count for table in tables if not table.fault}
    counts = {
        "tables": read,
        "not_read": {f"{table.source}.{table.table}": table.fault for table in tables if table.fault},
    }
    content = msgspec.json.encode(LookUpResult(tables, unknown))
    register.look_ups.serve(ask.id, request_id, content, {**counts, "run": services.run})
    return counts


def _asked(services: Services, request_id: str) -> tuple[Request, LookUpRow]:
    """Return the request, and the officer's request that this look-up serves.

    Raises:
        GateError: there is no valid one.
    """
    register = services.register
    request = open_request(services, request_id, STEP)
    must_be_witnessed(services, request_id, STEP, first=True)
    if is_decided(register, request_id):
        message = f"The identity of request {request_id} is decided: nothing more is looked up."
        raise refusal(services, request_id, STEP, "identity_decided", message, ASK)
    ask = register.look_ups.going(request_id)
    if ask is None or not _is_attested(register, ask):
        message = f"No officer asked to look up the keys of request {request_id}."
        raise refusal(services, request_id, STEP, "not_asked", message, ASK)
    if ask.about != person_digest(register, request_id):
        message = f"The look-up for request {request_id} was asked for other keys than it has now."
        raise refusal(services, request_id, STEP, "asked_of_other_keys", message, ASK)
    if not services.roles().may(ask.by, Act.DECIDE):
        message = f"The account that asked to look up the keys of request {request_id} is no officer's."
        raise refusal(services, request_id, STEP, "asked_without_role", message, ASK)
    return request, ask


def _is_attested(register: Register, ask: LookUpRow) -> bool:
    """Whether the trail has this officer's request about these keys, and nothing after it.

    The row alone opens nothing: backups leave it out, so it is not compared with the trail as other rows are.
    """
    of_ask = [
        (header.type, header.actor, (payload or {}).get("about"))
        for header, payload in register.evidence.of_types(ask.request, *LOOK_UP_EVENTS)
        if payload is None or payload["look_up"] == ask.id
    ]
    return of_ask == [(ASKED, ask.by, ask.about)] and ask.served_at is None
