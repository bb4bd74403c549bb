"""Repositories of questions, at which runs end, and of decisions, with which people answer them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from afschrift.domain.errors import RefusedError, TooLateError, UnknownQuestionError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.request import new_id
from afschrift.domain.state import State
from afschrift.law.manual_search import NewFile
from afschrift.register.base import QUESTION_TEXT, RegisterStore, Repository, must_be_open
from afschrift.register.database.errors import as_written
from afschrift.register.database.tables import decision, message, question, request
from afschrift.register.documents import Documents
from afschrift.register.identities import Identities
from afschrift.register.records import AFTER_THE_END, DecisionRow, QuestionRow
from afschrift.register.timelines import MakeFacts, MakePair, Timelines
from afschrift.register.trail.attested_rows import change_row, change_rows, insert_row, rows_of_request


class Decisions(Repository):
    """Records decisions and reads them."""

    def __init__(self, store: RegisterStore, identities: Identities) -> None:
        super().__init__(store)
        self._identities = identities

    def text(self, request_id: str, text_id: str) -> str | None:
        """The free text of a decision, for the steps that use it; None once its key was destroyed.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request has no such text.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            key = self._find_key(tx, request_id)
            mine = (message.c.id == text_id) & (message.c.request_id == request_id)
            sealed = tx.execute(select(message.c.ciphertext).where(mine)).scalar()
            if sealed is None:
                raise RefusedError(f"Request {request_id} has no such text.")
            return key.decrypt(sealed, "message", "ciphertext", text_id).decode() if key else None

    def take(
        self,
        request_id: str,
        kind: str,
        choice: str,
        by: str,
        about: str | None = None,
        detail: Mapping[str, Any] | None = None,
        text: str | None = None,
        authority: Mapping[str, str] | None = None,
        *,
        closed: bool = False,
    ) -> DecisionRow:
        """Record a decision that answers no question, for example the identity decision at intake.

        Args and text as for `Questions.answer`; `about` is the digest that was decided on. `closed`: also on
        a closed request.

        Raises:
            UnknownRequestError: no such request.
            TooLateError: the request is closed.
            RefusedError: a text was given, and the request's data key was destroyed.
        """
        with self._db.write() as tx:
            row = self._request_row(tx, request_id)
            if not closed:
                must_be_open(row)
            return self.append(tx, request_id, kind, choice, by, about, detail, text, authority)

    def restrictions(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Request and detail of every restriction that was decided on, in force or not."""
        restricts = (decision.c.kind == "decision") & (decision.c.choice == "restrict")
        taken = select(decision.c.request_id, decision.c.detail).where(restricts).order_by(decision.c.id)
        with self._db.read() as tx:
            return [(row.request_id, row.detail) for row in tx.execute(taken)]

    def of(self, request_id: str) -> tuple[DecisionRow, ...]:
        """All decisions of the request, oldest first.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            rows = sorted(rows_of_request(tx, decision, request_id), key=lambda row: row.id)
        fields = ("kind", "choice", "by", "at", "about", "detail", "question_id", "message_id")
        return tuple(DecisionRow(*(getattr(row, name) for name in fields)) for row in rows)

    def requests_with(self, choice: str) -> tuple[str, ...]:
        """Ids of the requests, open and closed, that have a decision with this choice; sorted."""
        with self._db.read() as tx:
            taken = select(decision.c.request_id).where(decision.c.choice == choice).distinct()
            return tuple(tx.scalars(taken.order_by(decision.c.request_id)))

    def append(
        self,
        tx: Connection,
        request_id: str,
        kind: str,
        choice: str,
        by: str,
        about: str | None,
        detail: Mapping[str, Any] | None,
        text: str | None,
        authority: Mapping[str, str] | None,
        *,
        asked: Row[Any] | None = None,
        rules: Sequence[str] = (),
    ) -> DecisionRow:
        """As `take`, in the caller's transaction; `asked`: the row of the question that it answers."""
        question_id = asked.id if asked is not None else None
        codes, now, message_id, mac = dict(detail or {}), self._now(), None, None
        if kind == "identity" and about is None:
            about = self._identities.fingerprint(tx, request_id)
        if text is not None:
            case = self._request_row(tx, request_id).case_id
            message_id, mac = self._keep_text(
                tx,
                self._key(tx, request_id),
                text.encode(),
                case=case,
                request_id=request_id,
                kind="decision",
                by=by,
            )
        values = {"kind": kind, "choice": choice, "about": about, "detail": codes}
        columns = {**values, "by": by, "at": now, "question_id": question_id, "message_id": message_id}
        insert_row(tx, decision, {"request_id": request_id, **columns})
        payload = {**values, "question": question_id, "text_hmac": mac}
        if asked is not None:
            payload["options"] = list(asked.options)
        if rules:
            payload["rules"] = list(rules)
        if authority is not None:
            payload["held"] = dict(authority)
        self._append(tx, request_id, NewEvent("decision_taken", by, payload))
        if kind == "identity":
            self._end_look_up(tx, request_id, "identity_decided")
        return DecisionRow(kind, choice, by, now, about, codes, question_id, message_id)


class Questions(Repository):
    """Asks questions and takes their answers."""

    def __init__(
        self, store: RegisterStore, decisions: Decisions, documents: Documents, facts: Timelines
    ) -> None:
        super().__init__(store)
        self._decisions = decisions
        self._documents = documents
        self._facts = facts

    def ask(
        self,
        request_id: str,
        kind: str,
        *,
        options: Sequence[str],
        detail: Mapping[str, Any],
        role: str = "officer",
        about: str | None = None,
        form: Mapping[str, Any] | None = None,
        kept: Mapping[str, Any] | None = None,
        overtakes: Collection[str] = (),
        stays: bool = False,
    ) -> QuestionRow:
        """Ask a person and move to `needs_person`; `stays`: the request keeps its state.

        While the same question (kind, about, detail) of the request is open, asking it again returns it
        and writes nothing. After its answer it may be asked again.

        `kept`: what the question shows in addition to its detail; encrypted under the request's key and bound
        to the id of the question, destroyed with that key. The trail holds its HMAC. An open question keeps
        what it has.

        `overtakes`: kinds of which the other open questions of the request are closed, since their answers
        are not needed any more; each is an event `question_overtaken`, and no decision.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request is closed.
        """
        fingerprint = digest({"kind": kind, "about": about, "detail": dict(detail)})
        with self._db.write() as tx:
            row = self._request_row(tx, request_id)
            same = (r for r in _still_open(tx, request_id) if r.fingerprint == fingerprint)
            asked = next(same, None)
            if asked is None:
                asked = self._new_question(
                    tx,
                    kept=kept,
                    request_id=request_id,
                    kind=kind,
                    role=role,
                    options=list(options),
                    form=dict(form) if form is not None else None,
                    detail=dict(detail),
                    about=about,
                    fingerprint=fingerprint,
                )
            if overtakes:
                self._overtake(tx, request_id, asked.id, overtakes)
            if not stays:
                self._set_state(tx, row, "question_asked", State.NEEDS_PERSON)
            return QuestionRow.of(asked)

    def get(self, question_id: str) -> QuestionRow:
        """A question by id, answered or not.

        Raises:
            UnknownQuestionError: no such question.
        """
        with self._db.read() as tx:
            return QuestionRow.of(self._question_row(tx, question_id))

    def kept(self, question_id: str) -> dict[str, Any]:
        """What a question shows in addition to its detail, decrypted; empty once its key was destroyed.

        Raises:
            UnknownQuestionError: no such question.
        """
        with self._db.read() as tx:
            row = self._question_row(tx, question_id)
            key, id_ = self._find_key(tx, row.request_id), _shown_id(question_id)
            sealed = tx.execute(select(message.c.ciphertext).where(message.c.id == id_)).scalar()
            if sealed is None or key is None:
                return {}
            found: dict[str, Any] = json.loads(key.decrypt(sealed, "message", "ciphertext", id_))
            return found

    def all(self, *, open_only: bool = True, request_id: str | None = None) -> tuple[QuestionRow, ...]:
        """Questions, oldest first; open while without an answer, on a request that is open or outlived."""
        with self._db.read() as tx:
            if request_id is not None:
                return self._of_request(tx, request_id, open_only)
            wanted = select(question).join(request).order_by(question.c.asked_at, question.c.id)
            if open_only:
                going = request.c.state.in_([s for s in State if s.open])
                still_open = going | question.c.kind.in_(AFTER_THE_END)
                wanted = wanted.where(question.c.answered_at.is_(None) & still_open)
            return tuple(QuestionRow.of(row) for row in tx.execute(wanted))

    def _of_request(self, tx: Connection, request_id: str, open_only: bool) -> tuple[QuestionRow, ...]:
        row = self._row(tx, request, request_id)
        if row is None:
            return ()
        rows = sorted(rows_of_request(tx, question, request_id), key=lambda row: (row.asked_at, row.id))
        if open_only:
            going = as_written(State, row.state).open
            rows = [row for row in rows if row.answered_at is None and (going or row.kind in AFTER_THE_END)]
        return tuple(QuestionRow.of(row) for row in rows)

    def answer(
        self,
        question_id: str,
        choice: str,
        by: str,
        detail: Mapping[str, Any] | None = None,
        text: str | None = None,
        *,
        authority: Mapping[str, str] | None = None,
        rules: Sequence[str] = (),
        facts: MakeFacts | None = None,
        pair: tuple[str, MakePair, Collection[str]] | None = None,
        files: Sequence[NewFile] = (),
    ) -> DecisionRow:
        """Answer a question: record a decision and the facts that follow from it, in one transaction.

        The state stays, unless a fact moves it. The caller has checked who may answer and what the form asks
        for (`casework/answer.py`).

        Args:
            question_id: the question.
            choice: one of its options.
            by: account that answers, as Airflow names it.
            detail: codes only.
            text: free text; kept encrypted, the trail holds its HMAC.
            authority: its role, and the evidence of that role; recorded.
            rules: ids of the rules by which the form was checked; recorded.
            facts: returns facts to append, as for `Timelines.record`.
            pair: another request, a function that returns facts for both, and key names: as for
                `Timelines.record_pair`.
            files: kept as documents of the request, encrypted under its key; `files` in the decision lists
                id, digest, size and type of each. Other writers wait meanwhile.

        Raises:
            UnknownQuestionError: no such question.
            RefusedError: no such option.
            TooLateError: answered already, or the request is closed.
        """
        with self._db.write() as tx:
            row = self._question_row(tx, question_id)
            self._check_answer(tx, row, choice)
            if files:
                detail = {**(detail or {}), "files": [self._keep(tx, row, file, by) for file in files]}
            given = (row.request_id, row.kind, choice, by, row.about, detail, text, authority)
            decided = self._decisions.append(tx, *given, asked=row, rules=rules)
            change_rows(tx, question, question.c.id == row.id, {"answered_at": decided.at})
            if facts is not None:
                self._facts.append(tx, self._facts.read(tx, row.request_id), facts, by, authority, None)
            if pair is not None:
                other, make, names = pair
                self._facts.append_pair(tx, row.request_id, other, make, by, names, authority)
            return decided

    def _keep(self, tx: Connection, asked: Row[Any], file: NewFile, by: str) -> dict[str, Any]:
        text_id = self._documents.keep(
            tx,
            asked.request_id,
            file.parts,
            by,
            name=file.name,
            media_type=file.media_type,
            detail={"question": asked.id},
        )
        of_file = {"bytes": file.size, "sha256": file.sha256, "media_type": file.media_type}
        return {"id": text_id, **of_file}

    def _new_question(self, tx: Connection, kept: Mapping[str, Any] | None, **values: Any) -> Row[Any]:
        question_id = new_id("q")
        insert_row(tx, question, {"id": question_id, "asked_at": self._now(), **values})
        payload = {name: values[name] for name in ("kind", "role", "options", "detail", "about")}
        if kept is not None:
            payload["kept_hmac"] = self._keep_shown(tx, question_id, values["request_id"], kept)
        self._append(
            tx,
            values["request_id"],
            NewEvent("question_asked", "system", {"question": question_id, **payload}),
        )
        return next(row for row in _still_open(tx, values["request_id"]) if row.id == question_id)

    def _keep_shown(self, tx: Connection, question_id: str, request_id: str, kept: Mapping[str, Any]) -> str:
        _, mac = self._keep_text(
            tx,
            self._key(tx, request_id),
            json.dumps(dict(kept), ensure_ascii=False).encode(),
            case=self._request_row(tx, request_id).case_id,
            request_id=request_id,
            kind=QUESTION_TEXT,
            by="system",
            text_id=_shown_id(question_id),
        )
        return mac

    def overtake(self, request_id: str, by: str, kinds: Collection[str]) -> None:
        """Close the open questions of some kinds, which a fact overtook; `by`: its id."""
        with self._db.write() as tx:
            self._overtake(tx, request_id, by, kinds)

    def _overtake(self, tx: Connection, request_id: str, by: str, kinds: Collection[str]) -> None:
        for row in sorted(_still_open(tx, request_id), key=lambda row: row.id):
            if row.kind in kinds and row.id != by:
                change_row(tx, question, row, {"answered_at": self._now()})
                payload = {"question": row.id, "overtaken_by": by}
                self._append(tx, request_id, NewEvent("question_overtaken", "system", payload))

    def _question_row(self, tx: Connection, question_id: str) -> Row[Any]:
        row = self._row(tx, question, question_id)
        if row is None:
            raise UnknownQuestionError(
                "The register knows no question with this id.", remedy="list them with `afschrift questions`."
            )
        return row

    def _check_answer(self, tx: Connection, row: Row[Any], choice: str) -> None:
        taken = select(decision.c.id).where(decision.c.question_id == row.id)
        if row.answered_at is not None and tx.execute(taken).first() is None:
            raise TooLateError(
                f"Question {row.id} was overtaken at {row.answered_at}: what it asked about has changed.",
                remedy="`afschrift questions` lists what took its place. Nothing was changed.",
            )
        if row.answered_at is not None:
            raise TooLateError(
                f"Question {row.id} was answered already, at {row.answered_at}.",
                remedy="look at the decision that was taken; only a new question can change it.",
            )
        if choice not in row.options:
            raise RefusedError(
                f"This choice is no option of question {row.id}.", remedy=f"choose {' | '.join(row.options)}."
            )
        if row.kind not in AFTER_THE_END:
            must_be_open(self._request_row(tx, row.request_id))


def _still_open(tx: Connection, request_id: str) -> list[Row[Any]]:
    return [row for row in rows_of_request(tx, question, request_id) if row.answered_at is None]


def _shown_id(question_id: str) -> str:
    """Id of the message that holds what a question shows."""
    return f"qtxt-{question_id.partition('-')[2]}"
