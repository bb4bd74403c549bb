"""Whether the person is under age: one field of one source, read after the identity is confirmed (R16).

Neither date nor age is kept, logged or handed on. What the register gets is `yes`, `no` or `unknown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from afschrift.casework.identity.confirmed import person_digest
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.keys import Key
from afschrift.domain.request import Request
from afschrift.law.clock.deadline import local_date
from afschrift.law.person import Minor, minor
from afschrift.questions.ask import asking
from afschrift.selection.identity_graph import Expansion
from afschrift.selection.statements import Statements
from afschrift.services import Services

STEP = "age"


def minority(services: Services, request: Request) -> Minor:
    """Whether the person was under age on the local day of receipt; read once, then kept.

    `UNKNOWN` where the inventory names no column, or the column does not tell; and instead of `NO` where only
    a program says what the column holds or whose it is: that a proposal makes somebody an adult, nobody
    confirmed. A source that is down is not left for later (`casework/partial_response/source_for_later.py`).

    Raises:
        RetriableError: the source does not answer.
        NeedsPersonError: the connection may not read the table; the question is in the register.
    """
    column_path = services.inventory.identity.age_column
    if column_path is None:
        return Minor.UNKNOWN
    register = services.register
    inputs = digest(
        {
            "keys": person_digest(register, request.id),
            "column": column_path,
            "inventory": services.inventory.digest,
            "received_at": request.received_at,
            "limit": services.age_of_consent,
        }
    )
    source, table, column = column_path.split(".")
    sure = services.inventory.sources[source].may_follow(table, column)
    done = register.steps.result(request.id, STEP, inputs)
    if done is None:
        with asking(register, request.id, KINDS):
            values = _values(services, request, column_path)
        found = minor(
            values,
            born=services.inventory.identity.birth_date is not None,
            day=local_date(request.received_at, request.zone),
            limit=services.age_of_consent,
        )
        found = Minor.UNKNOWN if found is Minor.NO and not sure else found
        result = {"minor": found.value, "limit": services.age_of_consent}
        event = NewEvent("age_read", payload={"rules": ["R16"], "column": column_path, **result})
        done = register.steps.finish(request.id, STEP, inputs, result, event)
    return Minor(done["minor"])


def known_minority(services: Services, request_id: str) -> Minor:
    """The same as far as it was read before; nothing is read."""
    done = services.register.steps.latest(request_id, STEP)
    named = services.inventory.identity.age_column is not None
    return Minor(done["minor"]) if done is not None and named else Minor.UNKNOWN


def _values(services: Services, request: Request, column_path: str) -> tuple[str, ...]:
    source, table, column = column_path.split(".")
    declared = services.inventory.sources[source]
    with services.open_source(source, tag=request.id) as session:
        statements = Statements(
            services.sql, declared, services.inventory.identity, session.dialect, session.catalogue()
        )
        session.bind(_keys(services, request), request.received_at)
        _, statement = statements.names(table, column)
        return tuple(str(row[0]) for row in session.rows(statement))


def _keys(services: Services, request: Request) -> Sequence[Key]:
    """The person's own key where it was given; else what the given keys lead to."""
    given = services.register.identities.of(request.id)
    own = [key for key in given if key.name == services.inventory.identity.person]
    if own:
        return own
    open_source = partial(services.open_source, tag=request.id)
    return Expansion(services.inventory, open_source, services.sql, request.received_at).run(given).keys
