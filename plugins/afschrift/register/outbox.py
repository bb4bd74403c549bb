"""The outbox: sends letters to the person, and never sends one a second time by itself.

A letter is claimed before it is sent and settled afterwards, both by compare-and-swap of its state. A process
that dies in between leaves a claim, which becomes `unknown` after a while: then a person must find out
whether the letter was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, or_, select
from sqlalchemy.engine import Row

from afschrift.domain.errors import RefusedError
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import WITH_LETTER
from afschrift.law.letter import SMTP, Bounce, Discard, LetterRow, LetterState, SendingChannel
from afschrift.register.base import RegisterStore, Repository
from afschrift.register.database.tables import fact, letter
from afschrift.register.documents import Documents
from afschrift.register.letters import Letters, Sendings, not_so


@dataclass(frozen=True)
class Proof:
    """A document that shows that a letter was sent; never a copy of an identity document (R11)."""

    name: str = field(repr=False)
    media_type: str
    parts: Iterable[bytes] = field(repr=False)


@dataclass(frozen=True)
class Claimed:
    """A letter claimed by one process, which must settle it."""

    row: LetterRow
    to: str = field(repr=False)
    content: bytes = field(repr=False)


class Outbox(Repository):
    """Claims letters and records whether they were sent, not sent, or came back."""

    def __init__(
        self, store: RegisterStore, letters: Letters, sendings: Sendings, documents: Documents
    ) -> None:
        super().__init__(store)
        self._letters = letters
        self._sendings = sendings
        self._documents = documents

    def claim(self, letter_id: str, by: str) -> Claimed:
        """Claim a letter to send it; `settle` must follow.

        Raises:
            UnknownRequestError: no such letter.
            TooLateError: it is not waiting to be sent; names its state.
            RefusedError: it has no e-mail address, or the request's data key was destroyed.
            ConfigurationError: its text was altered.
        """
        with self._db.write() as tx:
            row = self._letters.row(tx, letter_id)
            now = self._letters.as_row(row)
            if now.state is not LetterState.PRODUCED:
                raise not_so(now, "sent")
            if row.recipient is None:
                raise RefusedError(
                    f"Letter {letter_id} has no e-mail address.",
                    remedy="send it another way and enter that with `afschrift letter sent`, or make it "
                    "anew with an address (`to`).",
                )
            key = self._key(tx, row.request_id)
            to = key.decrypt(row.recipient, "letter", "recipient", row.id).decode()
            claimed = Claimed(
                self._letters.move(tx, row, LetterState.SENDING, claimed_at=self._now()),
                to,
                self._letters.text_of(tx, row),
            )
            self._letters.record(tx, row.request_id, row.id, "letter_sending", by, {})
            return claimed

    def settle(
        self,
        claimed: Claimed,
        to: LetterState,
        by: str,
        *,
        zone: str,
        reference: str | None = None,
        bounce: Bounce | None = None,
        reason: str | None = None,
    ) -> LetterRow:
        """Record the outcome of a claimed letter: sent, not sent (`produced` again), bounced or `unknown`.

        Args:
            claimed: as `claim` returned it.
            to: the new state.
            by: account that sent it.
            zone: IANA time zone of the establishment that must act.
            reference: the mail server's id of the message.
            bounce: for `bounced`.
            reason: a code, where it was not sent.

        Raises:
            TooLateError: a person settled it meanwhile; nothing was written.
        """
        with self._db.write() as tx:
            row = self._letters.row(tx, claimed.row.id)
            if row.state != LetterState.SENDING or row.claimed_at != claimed.row.claimed_at:
                raise not_so(self._letters.as_row(row), "settled")
            moment = self._now()
            day = local_date(moment, zone)
            if to is LetterState.SENT:
                return self._sent(tx, row, day, SMTP, by, moment=moment, more={"reference": reference})
            if to is LetterState.BOUNCED:
                return self._bounced(tx, row, day, bounce or Bounce.REFUSED, by)
            payload = {"reason": reason}
            if to is LetterState.PRODUCED:
                settled = self._letters.move(tx, row, to, claimed_at=None)
                self._letters.record(tx, row.request_id, row.id, "letter_not_sent", by, payload)
            else:
                settled = self._letters.move(tx, row, to)
                self._letters.record(tx, row.request_id, row.id, "letter_unknown", by, payload)
            return settled

    def enter_sending(
        self,
        letter_id: str,
        on: date,
        channel: SendingChannel,
        proof: Proof,
        by: str,
        *,
        authority: Mapping[str, str] | None = None,
    ) -> LetterRow:
        """Record that a person sent a letter, with the proof, which goes into the case file.

        Raises:
            UnknownRequestError: no such letter.
            TooLateError: it was sent already, or is being sent now.
            RefusedError: the day lies before the letter or in the future, the proof is refused, or the data
                key was destroyed.
        """
        with self._db.write() as tx:
            row = self._letters.row(tx, letter_id)
            now = self._letters.as_row(row)
            if now.state not in (LetterState.PRODUCED, LetterState.UNKNOWN):
                raise not_so(now, "entered as sent")
            self._must_be_between(tx, row, on, row.produced_at)
            document = self._documents.keep(
                tx,
                row.request_id,
                proof.parts,
                by,
                name=proof.name,
                media_type=proof.media_type,
                detail={"letter": row.id, "id_copy": False},
            )
            return self._sent(tx, row, on, channel, by, proof=document, authority=authority)

    def enter_bounce(
        self, letter_id: str, on: date, bounce: Bounce, by: str, *, authority: Mapping[str, str] | None = None
    ) -> LetterRow:
        """Record that a letter came back: it no longer counts as sent.

        Raises:
            UnknownRequestError: no such letter.
            TooLateError: it was not sent, or bounced already.
            RefusedError: the day lies before the sending or in the future.
        """
        with self._db.write() as tx:
            row = self._letters.row(tx, letter_id)
            now = self._letters.as_row(row)
            if now.state not in (LetterState.SENT, LetterState.UNKNOWN):
                raise not_so(now, "entered as come back")
            self._must_be_between(tx, row, on, row.sent_on or row.produced_at)
            return self._bounced(tx, row, on, bounce, by, authority)

    def release(self, letter_id: str, by: str, *, authority: Mapping[str, str] | None = None) -> LetterRow:
        """Record that an `unknown` letter was not sent, as a person found out: it may be sent again.

        Raises:
            UnknownRequestError: no such letter.
            TooLateError: it is not `unknown`.
        """
        with self._db.write() as tx:
            row = self._letters.row(tx, letter_id)
            now = self._letters.as_row(row)
            if now.state is not LetterState.UNKNOWN:
                raise not_so(now, "released")
            released = self._letters.move(tx, row, LetterState.PRODUCED, claimed_at=None)
            self._letters.record(tx, row.request_id, row.id, "letter_released", by, {}, authority)
            return released

    def discard(
        self, letter_id: str, why: Discard, by: str, *, authority: Mapping[str, str] | None = None
    ) -> LetterRow:
        """Record that a letter that was made will not be sent; its text stays in the case file.

        Raises:
            UnknownRequestError: no such letter.
            TooLateError: it is being sent, or was.
        """
        with self._db.write() as tx:
            row = self._letters.row(tx, letter_id)
            discarded = self._letters.move(tx, row, LetterState.DISCARDED)
            payload = {"reason": why.value}
            self._letters.record(tx, row.request_id, row.id, "letter_discarded", by, payload, authority)
            return discarded

    def _sent(
        self,
        tx: Connection,
        row: Row[Any],
        on: date,
        channel: str,
        by: str,
        *,
        moment: str | None = None,
        proof: str | None = None,
        more: Mapping[str, Any] | None = None,
        authority: Mapping[str, str] | None = None,
    ) -> LetterRow:
        """Move a letter to `sent`; the facts that it announces count from that day on."""
        how = {"sent_on": on.isoformat(), "channel": str(channel), "proof_id": proof}
        moved = self._letters.move(tx, row, LetterState.SENT, sent_at=moment, sent_by=by, **how)
        payload = {"on": how["sent_on"], "channel": how["channel"], "proof": proof, **(more or {})}
        self._letters.record(tx, row.request_id, row.id, "letter_sent", by, payload, authority)
        for about in self._lettered_facts(tx, row):
            self._sendings.append_sent(
                tx, about, on, str(channel), proof=proof or row.id, letter=row.id, by=by
            )
        return moved

    def _bounced(
        self,
        tx: Connection,
        row: Row[Any],
        on: date,
        bounce: Bounce,
        by: str,
        authority: Mapping[str, str] | None = None,
    ) -> LetterRow:
        moved = self._letters.move(tx, row, LetterState.BOUNCED, bounced_on=on.isoformat(), bounce=bounce)
        payload = {"on": on.isoformat(), "reason": bounce.value}
        self._letters.record(tx, row.request_id, row.id, "letter_bounced", by, payload, authority)
        for about in self._lettered_facts(tx, row):
            if self._sendings.append_bounced(tx, about, letter=row.id, by=by):
                self._still_on_record(tx, row, about, by)
        return moved

    def _still_on_record(self, tx: Connection, row: Row[Any], about: str, by: str) -> None:
        """Let the fact count from another letter about it that did not come back."""
        same = (letter.c.fact_id == about) & (letter.c.id != row.id) & (letter.c.state == LetterState.SENT)
        other = tx.execute(select(letter).where(same).order_by(letter.c.sent_on, letter.c.id)).first()
        if other is not None:
            on, proof = date.fromisoformat(other.sent_on), other.proof_id or other.id
            self._sendings.append_sent(tx, about, on, other.channel, proof=proof, letter=other.id, by=by)

    def _lettered_facts(self, tx: Connection, row: Row[Any]) -> Sequence[str]:
        """Ids of the facts that count from this letter: the fact it was made for, and those that name it."""
        named = or_(fact.c.letter == row.id, fact.c.id == row.fact_id)
        mine = select(fact.c.id).where(fact.c.request_id == row.request_id, named)
        found = tx.scalars(mine.where(fact.c.kind.in_(WITH_LETTER)).order_by(fact.c.number)).all()
        return [*found, *filter(None, self._letters.as_row(row).also.values())]

    def _must_be_between(self, tx: Connection, row: Row[Any], on: date, since: str) -> None:
        zone = self._request_row(tx, row.request_id).zone
        first = date.fromisoformat(since) if len(since) == 10 else local_date(since, zone)
        today = local_date(self._clock(), zone)
        if not first <= on <= today:
            raise RefusedError(
                f"This day cannot be: letter {row.id} was there on {first}, and today is {today}.",
                remedy="give the day on which it happened, as 2026-03-05.",
            )
