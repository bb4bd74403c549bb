"""Whose data the keys of a request reach, looked up for an officer before the identity is confirmed, masked.

The one exception to the rule that nothing is read before that (docs/gates.md). The keys may be those of
another person, so an officer who confirms them must see whose data they reach (R10, R12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from afschrift.casework.identity.confirmed import person_digest
from afschrift.casework.identity.question import IDENTITY_KIND
from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.law.roles import Act
from afschrift.questions.ask import Answers
from afschrift.register.identities import LookUpRow
from afschrift.register.register import Register
from afschrift.selection.identifying_rows import (
    DOWN,
    MOST,
    FoundTable,
    marks_any,
)


class LookUpResult(msgspec.Struct, frozen=True):
    """What a look-up found, as it is kept; `unknown`: keys by which no table with a mark knows people."""

    tables: list[FoundTable]
    unknown: list[str]


@dataclass(frozen=True)
class ShownTable:
    """A table as people see it; `rows`: which typed keys the row bears, then its values."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    said: str


@dataclass(frozen=True)
class IdentityView:
    """What an identity is confirmed on.

    Attributes:
        keys: name and value, as they were typed.
        ask: the ask that is open; None: it was not asked, or it ended.
        tables: what was found; empty before that.
        said: sentences about the whole.
    """

    keys: tuple[tuple[str, str], ...]
    ask: LookUpRow | None
    tables: tuple[ShownTable, ...]
    said: tuple[str, ...]


def is_decided(register: Register, request_id: str) -> bool:
    """Whether the identity is decided for the keys of today, and no question about it is open.

    Raises:
        UnknownRequestError: no such request.
    """
    about = person_digest(register, request_id)
    decision = Answers(register.decisions.of(request_id)).of_kind(IDENTITY_KIND.name)
    if decision is None or decision.about != about:
        return False
    asked = register.questions.all(request_id=request_id)
    return not any(row.kind == IDENTITY_KIND.name and row.about == about for row in asked)


def ask_look_up(officer: Officer, request_id: str) -> LookUpRow:
    """Ask what the sources hold under the present keys. A task then looks; nothing else can start it.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they are no officer; the attempt is an event `answer_refused`.
        TooLateError: the request is closed, or its identity is decided for these keys.
        RefusedError: the request has no key, or no confirmed column is marked.
    """
    register = officer.register
    authority = officer.acting(request_id, Act.DECIDE, "identity_look_up")
    if register.requests.get(request_id).state.open and is_decided(register, request_id):
        raise TooLateError(
            f"The identity behind request {request_id} is decided for the keys that it has.",
            remedy="nothing is looked up after that. Other keys: `afschrift request keys`.",
        )
    if not register.identities.of(request_id):
        raise RefusedError(
            f"Request {request_id} has no key to look up.",
            remedy="ask the person for one (`afschrift letter make ... identity_request`), then enter it: "
            "`afschrift request keys`.",
        )
    if not marks_any(officer.inventory):
        raise RefusedError(
            "No confirmed column of the data map identifies a person.",
            remedy="confirm what it proposes, or mark name, e-mail address and such by `identifies`.",
        )
    return register.look_ups.ask(request_id, officer.by, authority)


def identity_view(register: Register, request_id: str, *, masked: bool = True) -> IdentityView:
    """The keys and what was found; masked, a value is its first letter, and its length is hidden.

    Raises:
        UnknownRequestError: no such request.
        RefusedError: the request's data key was destroyed.
    """
    show: Callable[[str], str] = mask if masked else str
    keys = tuple((key.name, show(key.value)) for key in register.identities.of(request_id))
    ask, content = register.look_ups.going(request_id), register.look_ups.found(request_id)
    if content is None:
        return IdentityView(keys, ask, (), ())
    found = msgspec.json.decode(content, type=LookUpResult)
    tables = tuple(_shown(table, show) for table in found.tables)
    return IdentityView(keys, ask, tables, tuple(_said(found)))


def record_masked_look(officer: Officer, request_id: str, question: str | None = None) -> None:
    """Record that an officer sees keys and findings, masked, before they do.

    Raises:
        NotAllowedError: they are no officer; the attempt is an event `answer_refused`.
    """
    authority = officer.acting(request_id, Act.DECIDE, "question_viewed")
    payload = {
        "question": question,
        "kind": IDENTITY_KIND.name,
        "role": authority["role"],
        "values": "masked",
    }
    officer.register.trail.record(request_id, NewEvent("question_viewed", officer.by, payload))


def record_look(officer: Officer, request_id: str, question: str | None = None) -> None:
    """Record that an officer sees keys and findings unmasked, before they do.

    Raises:
        NotAllowedError: they are no officer; the attempt is an event `answer_refused`.
    """
    authority = officer.acting(request_id, Act.DECIDE, "identity_read")
    going = officer.register.look_ups.going(request_id)
    payload = {"question": question, "look_up": going.id if going else None, "held": authority}
    officer.register.trail.record(request_id, NewEvent("identity_read", officer.by, payload))


def mask(text: str) -> str:
    """The first letter, and always five dots, so that the length is not shown."""
    return f"{text[:1]}•••••" if text else ""


def _said(found: LookUpResult) -> Iterator[str]:
    read = [table for table in found.tables if not table.fault]
    if read and not any(table.count for table in read):
        yield "Not found under these keys: no row of the tables that were looked in has one of them."
    if found.unknown:
        names = ", ".join(found.unknown)
        yield f"No table that knows people by {names} has a marked column: nothing was looked up by it."
    if any(table.fault for table in found.tables):
        yield "Not everything could be read; ask again when it can."


def _shown(table: FoundTable, show: Callable[[str], str]) -> ShownTable:
    rows = tuple(
        (", ".join(row.by), tuple("" if value is None else show(value) for value in row.values))
        for row in table.rows
    )
    return ShownTable(table.title, tuple(table.columns), rows, _of_table(table))


def _of_table(table: FoundTable) -> str:
    place = f"{table.source}.{table.table}"
    if table.fault == DOWN:
        return f"Source {table.source} is down: {place} was not read."
    if table.fault:
        return f"{place} cannot be read as the inventory describes it, or the connection has no right to it."
    if table.count > MOST:
        return f"{table.count} rows bear these keys, more than {MOST}: these are {MOST} of them."
    return "" if table.count else f"{place} holds nothing under these keys."
