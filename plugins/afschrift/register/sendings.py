"""That the letter of a fact was sent or came back, as the outbox says it (R39, R42)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from afschrift.domain.errors import RefusedError
from afschrift.law.clock.facts import WITH_LETTER, FactKind, FactRow, NewFact, Timeline
from afschrift.register.base import RegisterStore, Repository
from afschrift.register.timelines import Timelines


class Sendings(Repository):
    """Called by the outbox in its own transaction."""

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
        """Record that the letter of a fact was really sent; whether that was new.

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
        """Record that the letter of a fact came back, so that it counts as not sent; whether that was new.

        A request that it had closed is open again, and its clock goes on: nobody was told (R45). One whose
        data key was destroyed stays closed, since no letter about it can be made any more; so does one whose
        answer was handed over.

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
        of = next(one for one in timeline.facts if one.id == fact_id)
        if of.kind not in WITH_LETTER:
            raise RefusedError(f"Fact {fact_id} ({of.kind}) goes with no letter.")
        return of, timeline
