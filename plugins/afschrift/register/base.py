"""Base class of the repositories: database, keys and clock, and how a row, its key and its events are read.

A repository changes a request's state by `_set_state` and appends events by `_append`, so that both are in
the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, delete, insert, select, update
from sqlalchemy.engine import Row

from afschrift.domain.errors import RefusedError, RetriableError, TooLateError, UnknownRequestError
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import Clock, rfc3339
from afschrift.domain.request import is_id, new_id
from afschrift.domain.state import State, may_move
from afschrift.register.database.database import Database, cached
from afschrift.register.database.errors import as_written
from afschrift.register.database.tables import case_file, data_key, look_up, message, request
from afschrift.register.database.written import written_if_any
from afschrift.register.keys.crypto import DataKey
from afschrift.register.keys.store import KeyStore
from afschrift.register.trail import erasures, event_codes, segments, trail
from afschrift.register.trail.attested_rows import change_row, insert_row, written_request
from afschrift.register.trail.differences import Difference, ForgedError
from afschrift.register.trail.erasures import Erasure
from afschrift.register.trail.height import Height, HeightKeeper, set_back
from afschrift.register.trail.own_events import Acts

QUESTION_TEXT = "question"
"""Kind of a message that holds what a question shows. It is no text of the case file."""


@cache
def with_value(column: str, table: Table) -> Select[Any]:
    """SELECT of the rows with a `value` in a column. Building it takes four times as long as running it."""
    return select(table).where(table.c[column] == bindparam("value"))


@dataclass
class RegisterStore:
    """Database, key store and clock that all repositories of a register share."""

    database: Database
    keys: KeyStore
    clock: Clock

    def __post_init__(self) -> None:
        """Have each transaction code its events before its commit, and keep the trail's height after it."""
        # Not `self`: a cycle would keep the database and its connection open after their last user is gone.
        keys = self.keys
        self.height_keeper = keeper = HeightKeeper(keys.file)
        self.database.before_commit = lambda tx: event_codes.enter_codes(tx, keys, keeper)

    def set_back(self, tx: Connection, known: Acts | None = None) -> tuple[Difference, ...]:
        """A difference where the register lacks the event that the height next to the keys names."""
        height = self.kept_height(tx)
        if height is None or not set_back(tx, height, self.keys.trail_keys(), known):
            return ()
        # A snapshot may be older than the height, which other processes move on: only what is committed by
        # now shows that the register was set back.
        with self.database.latest() as latest:
            return set_back(latest, height, self.keys.trail_keys())

    def kept_height(self, tx: Connection) -> Height | None:
        """How far the trail came by the file next to the keys; None: there is no such file."""
        kept = self.height_keeper.of(tx)
        return kept.read() if kept else None

    def must_not_be_set_back(self, tx: Connection) -> None:
        """Refuse to destroy anything in a register that may lack a hold or a decision.

        Raises:
            ForgedError: the register was set back.
        """
        if found := self.set_back(tx):
            raise ForgedError("The register", found)


class Repository:
    """One part of `Register`. A method that takes a connection `tx` joins its transaction."""

    def __init__(self, store: RegisterStore) -> None:
        self._store = store
        self._db = store.database
        self._keys = store.keys

    def _clock(self) -> datetime:
        return self._store.clock()

    def _now(self) -> str:
        return rfc3339(self._clock())

    def _append(self, tx: Connection, request_id: str | None, *events: NewEvent) -> None:
        trail.append(tx, self._now(), [(request_id, new) for new in events])

    def _row(self, tx: Connection, table: Table, row_id: str) -> Row[Any] | None:
        """The row with an id; None: there is no such row, or the text is no id."""
        if not is_id(row_id):
            return None
        if table is request and written_if_any(tx):
            found: Row[Any] | None = written_request(tx, row_id)
            return found
        asked = partial(tx.execute, with_value("id", table), {"value": row_id})
        return cached(tx, (table.name, row_id), lambda: asked().first())

    def _request_row(self, tx: Connection, request_id: str) -> Row[Any]:
        row = self._row(tx, request, request_id)
        if row is None:
            raise UnknownRequestError(
                "The register knows no request with this id.", remedy="list them with `afschrift requests`."
            )
        return row

    def _case_row(self, tx: Connection, case_id: str) -> Row[Any]:
        row = self._row(tx, case_file, case_id)
        if row is None:
            raise UnknownRequestError("The register knows no case with this id.")
        return row

    def _set_state(self, tx: Connection, row: Row[Any], event: str, to: State, actor: str = "system") -> None:
        """Change the state with its event, if the row was not changed since it was read.

        The same state changes nothing. `event`: type of the event that moves it, by the table of transitions.
        """
        now = as_written(State, row.state)
        if not may_move(event, now, to):
            raise RefusedError(f"Request {row.id} is {now} and cannot become {to} by {event}.")
        if now is to:
            return
        current = self._request_row(tx, row.id)
        if current.version != row.version:
            raise changed_meanwhile(row.id)
        values = {"state": to, "version": row.version + 1, "changed_at": self._now()}
        change_row(tx, request, current, values)
        payload = {"from": now.value, "to": to.value, "by": event, "version": row.version + 1}
        self._append(tx, row.id, NewEvent("state_changed", actor, payload))
        if not to.open:
            self._end_look_up(tx, row.id, "request_ended")

    def _end_look_up(self, tx: Connection, request_id: str, why: str) -> None:
        """Destroy what was looked up before the identity was confirmed; `why`: a code for the trail."""
        going = (look_up.c.request_id == request_id) & look_up.c.ended_at.is_(None)
        for row in tx.execute(select(look_up.c.id, look_up.c.served_at).where(going)).all():
            ended = {"ciphertext": None, "ended_at": self._now()}
            tx.execute(update(look_up).where(look_up.c.id == row.id).values(**ended))
            payload = {"look_up": row.id, "why": why, "served": row.served_at is not None}
            self._append(tx, request_id, NewEvent("identity_look_up_destroyed", payload=payload))

    def _new_key(self, tx: Connection, owner: str) -> DataKey:
        key = DataKey.fresh(owner)
        kek_id, wrapped = self._keys.wrap(key.raw, owner)
        values = {"owner": owner, "wrapped": wrapped, "kek_id": kek_id, "created_at": self._now()}
        tx.execute(insert(data_key).values(values))
        return key

    def _find_key(self, tx: Connection, owner: str) -> DataKey | None:
        def unwrapped() -> DataKey | None:
            asked = partial(tx.execute, with_value("owner", data_key), {"value": owner})
            row = cached(tx, ("wrapped", owner), lambda: asked().first())
            return DataKey(self._keys.unwrap(row.kek_id, row.wrapped, owner), owner) if row else None

        return cached(tx, (data_key.name, owner), unwrapped)

    def _key(self, tx: Connection, owner: str) -> DataKey:
        key = self._find_key(tx, owner)
        if key is None:
            raise RefusedError(
                f"The data key of {owner} was destroyed: what it protected is gone for good.",
                remedy="nothing; the trail says when and by which rule.",
            )
        return key

    def _destroy_key(self, tx: Connection, owner: str) -> bool:
        return tx.execute(delete(data_key).where(data_key.c.owner == owner)).rowcount == 1

    def _erase(self, tx: Connection, request_id: str, rule: str, by: str, case: str | None = None) -> int:
        """Erase the payloads of a request's events, and of its case's; returns how many of the request's.

        Signed events record both, or the verification reports the erasure.
        """
        now, key = self._now(), self._keys.signing_key()
        erased = trail.erase(tx, now, request_id, rule)
        of_case = trail.erase_of_case(tx, now, case, rule) if case else 0
        for whose, count in ((request_id, erased), (None, of_case)):
            if count:
                register = segments.register_id(tx)
                erasure = Erasure(erasures.FORMAT, register, whose, rule, count, now, key.id)
                self._append(tx, None, erasures.event_of(erasure, key, by))
        return erased

    def _keep_text(
        self,
        tx: Connection,
        key: DataKey,
        text: bytes,
        *,
        case: str,
        request_id: str | None,
        kind: str,
        by: str,
        text_id: str | None = None,
    ) -> tuple[str, str]:
        """Encrypt a text into the case file; returns its id and its HMAC, which is all the trail may hold."""
        text_id, mac = text_id or new_id("txt"), key.hmac(text)
        values = {
            "id": text_id,
            "case_id": case,
            "request_id": request_id,
            "kind": kind,
            "ciphertext": key.encrypt(text, "message", "ciphertext", text_id),
            "hmac": mac,
            "by": by,
            "created_at": self._now(),
        }
        insert_row(tx, message, values)
        return text_id, mac

    def _add_text(
        self,
        tx: Connection,
        key: DataKey,
        text: bytes,
        *,
        case: str,
        request_id: str | None,
        kind: str,
        by: str,
    ) -> str:
        """As `_keep_text`, with the event `case_text_added`; returns the id of the text."""
        text_id, mac = self._keep_text(tx, key, text, case=case, request_id=request_id, kind=kind, by=by)
        payload = {"case": case, "id": text_id, "kind": kind, "hmac": mac, "size": len(text)}
        self._append(tx, request_id, NewEvent("case_text_added", by, payload))
        return text_id


def changed_meanwhile(request_id: str) -> RetriableError:
    """The error where the request was changed between reading and writing."""
    return RetriableError(
        f"Request {request_id} was changed by someone else meanwhile.", remedy="look at it again and repeat."
    )


def must_be_open(row: Row[Any]) -> None:
    """Refuse a decision on a closed request.

    Raises:
        TooLateError: it is closed.
    """
    state = as_written(State, row.state)
    if not state.open:
        raise TooLateError(
            f"Request {row.id} is {state}: it is closed, and nothing is decided on it any more.",
            remedy="open a new request, or a complaint, in the same case.",
        )


def case_of(tx: Connection, owner: str) -> tuple[str, str | None]:
    """The case of an owner, and the request where the owner is one.

    Raises:
        UnknownRequestError: no such case or request.
    """
    if is_id(owner):
        case_id: str | None = tx.scalar(select(request.c.case_id).where(request.c.id == owner))
        if case_id is not None:
            return case_id, owner
        if tx.execute(select(case_file.c.id).where(case_file.c.id == owner)).first():
            return owner, None
    raise UnknownRequestError(
        "The register knows no case and no request with this id.",
        remedy="list them with `afschrift case list` or `afschrift requests`.",
    )
