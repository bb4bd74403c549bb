"""Repositories of letters to the person: their rows, texts and states, and the facts of their sending."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from afschrift.domain.errors import (
    ConfigurationError,
    FormError,
    RefusedError,
    TooLateError,
    UnknownRequestError,
)
from afschrift.domain.event import NewEvent
from afschrift.domain.language import gettext
from afschrift.law.clock.facts import WITH_LETTER, FactKind, FactRow, NewFact, Timeline
from afschrift.law.letter import (
    LETTER_MOVES,
    LOOK,
    NOT_TO_ARRIVE,
    PATIENCE,
    UNSETTLED,
    LetterRow,
    LetterState,
    NewLetter,
)
from afschrift.register.base import RegisterStore, Repository
from afschrift.register.database.errors import as_written
from afschrift.register.database.tables import letter, message, message_part
from afschrift.register.documents import Documents
from afschrift.register.timelines import Timelines
from afschrift.register.trail.attested_rows import change_rows, insert_row, rows_of_request

_MEDIA_TYPE = "message/rfc822"


class Letters(Repository):
    """Stores letters, reads them, and moves them from state to state."""

    def __init__(self, store: RegisterStore, documents: Documents) -> None:
        super().__init__(store)
        self._documents = documents

    def produce(
        self,
        new: NewLetter,
        by: str,
        *,
        fact_id: str | None = None,
        authority: Mapping[str, str] | None = None,
        second: bool = True,
    ) -> LetterRow:
        """Store a letter: its row, its text in the case file and the event, in one transaction.

        If the same letter (kind, language, address, elements, fact) is not settled yet, that one is returned
        and nothing is written.

        Args:
            new: the letter.
            by: account that makes it.
            fact_id: the question or extension that it announces, which counts from its sending.
            authority: its role, and the evidence of that role.
            second: it may be stored though another one of its kind about that waits or was sent.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request's data key was destroyed.
            FormError: another one waits or was sent, and this is not to be a second one.
        """
        with self._db.write() as tx:
            self._request_row(tx, new.request)
            key = self._key(tx, new.request)
            mark = key.hmac(new.same_as)
            if (found := self._unsettled(tx, new.request, mark, fact_id)) is not None:
                return self.as_row(found)
            if not second:
                self._must_be_first(tx, new, fact_id)
            document = self._keep_content(tx, new, by)
            sealed = key.encrypt(new.to.encode(), "letter", "recipient", new.id) if new.to else None
            values = {
                "id": new.id,
                "request_id": new.request,
                "kind": new.kind,
                "language": new.language,
                "state": LetterState.PRODUCED,
                "document_id": document,
                "fact_id": fact_id,
                "recipient": sealed,
                "same_as": mark,
                "produced_at": self._now(),
                "produced_by": by,
                "detail": new.detail,
            }
            insert_row(tx, letter, values)
            payload: dict[str, Any] = {name: values[name] for name in ("kind", "language", "detail")}
            payload |= {"document": document, "fact": fact_id, "mailed": sealed is not None}
            self.record(tx, new.request, new.id, "letter_produced", by, payload, authority)
            return self.as_row(self.row(tx, new.id))

    def _keep_content(self, tx: Connection, new: NewLetter, by: str) -> str:
        name, detail = f"{new.kind}.{new.language}.eml", {"letter": new.id}
        return self._documents.keep(
            tx, new.request, [new.content], by, name=name, media_type=_MEDIA_TYPE, detail=detail
        )

    def _must_be_first(self, tx: Connection, new: NewLetter, fact_id: str | None) -> None:
        rows = tx.execute(select(letter).where(letter.c.request_id == new.request, letter.c.kind == new.kind))
        live = [row for row in rows if row.state not in NOT_TO_ARRIVE and row.fact_id == fact_id]
        if live:
            waits = gettext("one of this kind waits to be sent; tick this where the person is to get two")
            sent = gettext("one of this kind was sent; tick this where the person is to get a second one")
            raise FormError(
                "A letter of this kind was made already.",
                {"again": waits if live[-1].sent_on is None else sent},
                remedy=f"see it: `afschrift letter show {live[-1].id}`. A second one is made with --again.",
            )

    def _unsettled(self, tx: Connection, request_id: str, mark: str, fact_id: str | None) -> Row[Any] | None:
        """A letter with the same content about the same fact that is not settled."""
        of = letter.c.fact_id.is_(None) if fact_id is None else letter.c.fact_id == fact_id
        same = (letter.c.request_id == request_id) & (letter.c.same_as == mark) & of
        return tx.execute(select(letter).where(same & letter.c.state.in_(UNSETTLED))).first()

    def get(self, letter_id: str) -> LetterRow:
        """A letter by id.

        Raises:
            UnknownRequestError: no such letter.
        """
        with self._db.read() as tx:
            return self.as_row(self.row(tx, letter_id))

    def all(
        self, *, request_id: str | None = None, states: Collection[LetterState] | None = None
    ) -> tuple[LetterRow, ...]:
        """Letters in the order in which they were produced, of one request or of all."""
        with self._db.read() as tx:
            if request_id is None:
                rows = tx.execute(select(letter)).all()
            else:
                rows = rows_of_request(tx, letter, request_id)
            found = [self.as_row(row) for row in sorted(rows, key=lambda row: (row.produced_at, row.id))]
        return tuple(row for row in found if states is None or row.state in states)

    def move(self, tx: Connection, row: Row[Any], to: LetterState, **columns: Any) -> LetterRow:
        """Move a letter to another state (compare-and-swap)."""
        if to not in LETTER_MOVES[as_written(LetterState, row.state)]:
            raise not_so(self.as_row(row), to)
        same = (letter.c.id == row.id) & (letter.c.state == row.state)
        if change_rows(tx, letter, same, {"state": to, **columns}) != 1:
            raise not_so(self.as_row(row), to)
        return self.as_row(self.row(tx, row.id))

    def text_of(self, tx: Connection, row: Row[Any]) -> bytes:
        """The stored message.

        Raises:
            ConfigurationError: it was altered.
        """
        sealed = tx.execute(
            select(message.c.ciphertext, message.c.hmac).where(message.c.id == row.document_id)
        )
        kept, key = sealed.one(), self._key(tx, row.request_id)
        content = key.decrypt(kept.ciphertext, "message", "ciphertext", row.document_id)
        more = select(message_part.c.number).where(message_part.c.message_id == row.document_id)
        if key.hmac(content) != kept.hmac or tx.execute(more).first() is not None:
            raise ConfigurationError(
                f"The text of letter {row.id} is not what was kept.",
                remedy="restore the register from a back-up and run `afschrift audit verify`.",
            )
        return content

    def row(self, tx: Connection, letter_id: str) -> Row[Any]:
        """The row of a letter.

        Raises:
            UnknownRequestError: no such letter.
        """
        row = self._row(tx, letter, letter_id)
        if row is None:
            raise UnknownRequestError(
                "The register knows no letter with this id.", remedy="list them with `afschrift letter list`."
            )
        return row

    def record(
        self,
        tx: Connection,
        request_id: str,
        letter_id: str,
        type_: str,
        by: str,
        more: Mapping[str, Any],
        authority: Mapping[str, str] | None = None,
    ) -> None:
        """Append an event of a letter."""
        payload = {"letter": letter_id, **more}
        if authority is not None:
            payload["held"] = dict(authority)
        self._append(tx, request_id, NewEvent(type_, by, payload))

    def as_row(self, row: Row[Any]) -> LetterRow:
        """Convert a row of the table to a letter; one that was claimed too long ago is `unknown`."""
        state = as_written(LetterState, row.state)
        claimed = row.claimed_at if state is LetterState.SENDING else None
        # `abs`: after the clock was set back the claim would lie in the future, and never end.
        if claimed and abs(self._clock() - as_written(datetime.fromisoformat, claimed)) > PATIENCE:
            state = LetterState.UNKNOWN
        return LetterRow(
            id=row.id,
            request=row.request_id,
            kind=row.kind,
            language=row.language,
            state=state,
            fact=row.fact_id,
            document=row.document_id,
            mailed=row.recipient is not None,
            produced_at=row.produced_at,
            produced_by=row.produced_by,
            claimed_at=row.claimed_at,
            sent_on=row.sent_on,
            sent_at=row.sent_at,
            sent_by=row.sent_by,
            channel=row.channel,
            proof=row.proof_id,
            bounced_on=row.bounced_on,
            bounce=row.bounce,
            detail=row.detail,
        )


_WAYS_OUT = {
    LetterState.PRODUCED: "send it, or enter its sending with `afschrift letter sent`.",
    LetterState.SENDING: "wait until it is done; after a quarter of an hour it reads as unknown.",
    LetterState.UNKNOWN: LOOK,
    LetterState.SENT: "nothing is to be done; write a new letter for anything further.",
    LetterState.BOUNCED: "make it anew, with the right address.",
    LetterState.DISCARDED: "make another one.",
}


def not_so(row: LetterRow, what: str) -> TooLateError:
    """The error for an act that does not fit the state of a letter."""
    return TooLateError(
        f"Letter {row.id} is {row.state} and cannot be {what}; nothing was changed.",
        remedy=_WAYS_OUT[row.state],
    )


class Sendings(Repository):
    """Appends the facts that letters were sent or came back, in the outbox's transactions."""

    def __init__(self, store: RegisterStore, facts: Timelines) -> None:
        super().__init__(store)
        self._facts = facts

    def append_sent(
        self,
        tx: Connection,
        fact_id: str,
        sent_on: date,
        channel: str,
        *,
        proof: str | None = None,
        letter: str | None = None,
        by: str = "system",
    ) -> bool:
        """Record that the letter of a fact was sent; returns whether that was new.

        Args:
            tx: transaction of the outbox.
            fact_id: a suspension, a further question, an extension or a decision. The letter of a refusal
                closes the request by its sending (R45).
            sent_on: local date of the sending, where the controller must act.
            channel: a code, such as `smtp` or `post`.
            proof: a reference, such as the queue id that the mail server gave.
            letter: id of the letter in the outbox.
            by: account of the sender.

        Raises:
            RefusedError: no such fact with a letter.
        """
        of, timeline = self._lettered(tx, fact_id)
        if of.sent_on is not None:
            return False
        new = NewFact(
            FactKind.LETTER_SENT,
            sent_on,
            about=of.id,
            letter=letter or of.letter,
            channel=channel,
            proof=proof,
            to=timeline.closed_by(of),
        )
        self._facts.append(tx, timeline, lambda _: [new], by, None, None)
        return True

    def append_bounced(
        self, tx: Connection, fact_id: str, *, letter: str | None = None, by: str = "system"
    ) -> bool:
        """Record that the letter of a fact came back, so that it counts as not sent.

        A request that the letter had closed is open again and its clock continues, since the person was not
        informed (R45). A request stays closed if its data key was destroyed, since no further letter can be
        made, or if its answer was handed over.

        Returns:
            Whether it was new.

        Raises:
            RefusedError: no such fact with a letter.
        """
        of, timeline = self._lettered(tx, fact_id)
        if of.sent_on is None or timeline.about(of, FactKind.HANDED_OVER):
            return False
        to = timeline.reopened_by(of) if self._find_key(tx, timeline.request) else None
        new = NewFact(FactKind.LETTER_BOUNCED, about=of.id, letter=letter or of.letter, to=to)
        self._facts.append(tx, timeline, lambda _: [new], by, None, None)
        return True

    def _lettered(self, tx: Connection, fact_id: str) -> tuple[FactRow, Timeline]:
        timeline = self._facts.read(tx, self._facts.row(tx, fact_id).request_id)
        of = next(fact for fact in timeline.facts if fact.id == fact_id)
        if of.kind not in WITH_LETTER:
            raise RefusedError(f"Fact {fact_id} ({of.kind}) goes with no letter.")
        return of, timeline
