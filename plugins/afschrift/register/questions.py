"""Questions at which runs end, and the decisions that people take."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.engine import Row

from afschrift.domain.errors import RefusedError, TooLateError, UnknownQuestionError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.request import is_id, new_id
from afschrift.domain.state import State
from afschrift.law.manual import NewFile
from afschrift.register.documents import Documents
from afschrift.register.facts import Facts, Make, Pair
from afschrift.register.faults import as_written
from afschrift.register.port import DecisionRow, QuestionRow
from afschrift.register.tables import decision, message, question, request


class Questions(Documents, Facts):
    """Asks, decides and answers."""

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
        overtakes: Collection[str] = (),
    ) -> QuestionRow:
        """Ask a person and move to `needs_person`.

        While the same question (kind, about, detail) of the request is open, asking it again returns it
        and writes nothing. After its answer it may be asked anew.

        `overtakes`: kinds of which the other open questions of the request are closed, as nobody needs
        their answer any more; each is an event `question_overtaken`, and no decision.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request is closed.
        """
        fingerprint = digest({"kind": kind, "about": about, "detail": dict(detail)})
        same = (question.c.request_id == request_id) & (question.c.fingerprint == fingerprint)
        with self._db.write() as tx:
            row = self._request_row(tx, request_id)
            asked = tx.execute(select(question).where(same & question.c.answered_at.is_(None))).first()
            if asked is None:
                asked = self._new_question(
                    tx,
                    request_id=request_id,
                    kind=kind,
                    role=role,
                    options=list(options),
                    form=dict(form) if form is not None else None,
                    detail=dict(detail),
                    about=about,
                    fingerprint=fingerprint,
                )
            self._overtake(tx, asked, overtakes)
            self._set_state(tx, row, State.NEEDS_PERSON)
            return _question(asked)

    def question(self, question_id: str) -> QuestionRow:
        """One question, answered or not.

        Raises:
            UnknownQuestionError: no such question.
        """
        with self._db.read() as tx:
            return _question(self._question_row(tx, question_id))

    def questions(self, *, open_only: bool = True, request_id: str | None = None) -> tuple[QuestionRow, ...]:
        """Questions, oldest first; open ones are those without an answer on a request that is open."""
        wanted = select(question).join(request).order_by(question.c.asked_at, question.c.id)
        if open_only:
            still_open = request.c.state.in_([s for s in State if s.open])
            wanted = wanted.where(question.c.answered_at.is_(None) & still_open)
        if request_id is not None:
            wanted = wanted.where(question.c.request_id == request_id)
        with self._db.read() as tx:
            return tuple(_question(row) for row in tx.execute(wanted))

    def answer(
        self,
        question_id: str,
        choice: str,
        by: str,
        detail: Mapping[str, Any] | None = None,
        text: str | None = None,
        *,
        held: Mapping[str, str] | None = None,
        rules: Sequence[str] = (),
        facts: Make | None = None,
        pair: tuple[str, Pair, Collection[str]] | None = None,
        files: Sequence[NewFile] = (),
    ) -> DecisionRow:
        """Answer a question: a decision of its kind about what it asked, and the facts that follow from it.

        All of it is one transaction. The state stays as it is, unless a fact moves it.

        Who may answer, and what the form asks for, is checked before (`pipeline/answer.py`).

        Args:
            question_id: the question.
            choice: one of its options.
            by: who answers, as Airflow names them.
            detail: codes only.
            text: free text; kept encrypted, the trail holds its HMAC.
            held: the role in which they answer, and what says that they hold it; recorded.
            rules: ids of the rules by which it was held against its form; recorded.
            facts: gives facts to append, as for `record_facts`.
            pair: another request, what gives facts to append to both, and key names: as for `record_pair`.
            files: kept as documents of the request, encrypted under its key; id, digest, size and type of
                each stand under `files` in the decision. Other writers wait meanwhile.

        Raises:
            UnknownQuestionError: no such question.
            RefusedError: no such option.
            TooLateError: answered already, or the request is closed.
        """
        with self._db.write() as tx:
            row = self._question_row(tx, question_id)
            self._check_answer(tx, row, choice)
            if files:
                detail = {**(detail or {}), "files": [self._keep(tx, row, one, by) for one in files]}
            decided = self._decide(
                tx,
                row.request_id,
                row.kind,
                choice,
                by,
                row.about,
                detail,
                text,
                held,
                asked=row,
                rules=rules,
            )
            tx.execute(update(question).where(question.c.id == row.id).values(answered_at=decided.at))
            if facts is not None:
                self._add(tx, self._timeline(tx, row.request_id), facts, by, held, None)
            if pair is not None:
                other, make, names = pair
                self._add_pair(tx, row.request_id, other, make, by, names, held)
            return decided

    def _keep(self, tx: Connection, asked: Row[Any], file: NewFile, by: str) -> dict[str, Any]:
        text_id = self._keep_document(
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

    def decision_text(self, request_id: str, text_id: str) -> str | None:
        """The words of a decision, for what must go on with them; None once their key was destroyed.

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

    def decide(
        self,
        request_id: str,
        kind: str,
        choice: str,
        by: str,
        about: str | None = None,
        detail: Mapping[str, Any] | None = None,
        text: str | None = None,
        held: Mapping[str, str] | None = None,
    ) -> DecisionRow:
        """Record a decision that answers no question, for example the identity decision at intake.

        Args and text as for `answer`; `about` is the digest that was decided on.

        Raises:
            UnknownRequestError: no such request.
            TooLateError: the request is closed.
            RefusedError: a text was given, and the request's data key was destroyed.
        """
        with self._db.write() as tx:
            _check_open(self._request_row(tx, request_id))
            return self._decide(tx, request_id, kind, choice, by, about, detail, text, held)

    def decisions(self, request_id: str) -> tuple[DecisionRow, ...]:
        """All decisions of the request, oldest first.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            of_request = select(decision).where(decision.c.request_id == request_id).order_by(decision.c.id)
            return tuple(
                DecisionRow(r.kind, r.choice, r.by, r.at, r.about, r.detail, r.question_id, r.message_id)
                for r in tx.execute(of_request)
            )

    def decided_on(self, choice: str) -> tuple[str, ...]:
        """Requests on which something was decided, open ones and closed ones; by id."""
        with self._db.read() as tx:
            taken = select(decision.c.request_id).where(decision.c.choice == choice).distinct()
            return tuple(tx.scalars(taken.order_by(decision.c.request_id)))

    def _new_question(self, tx: Connection, **values: Any) -> Row[Any]:
        question_id = new_id("q")
        tx.execute(insert(question).values(id=question_id, asked_at=self._now(), **values))
        told = {name: values[name] for name in ("kind", "role", "options", "detail", "about")}
        self._append(
            tx, values["request_id"], NewEvent("question_asked", "system", {"question": question_id, **told})
        )
        return tx.execute(select(question).where(question.c.id == question_id)).one()

    def _overtake(self, tx: Connection, by: Row[Any], kinds: Collection[str]) -> None:
        older = (question.c.request_id == by.request_id) & question.c.kind.in_(kinds)
        still_open = question.c.answered_at.is_(None) & (question.c.id != by.id)
        for id_ in list(tx.scalars(select(question.c.id).where(older & still_open).order_by(question.c.id))):
            tx.execute(update(question).where(question.c.id == id_).values(answered_at=self._now()))
            told = {"question": id_, "overtaken_by": by.id}
            self._append(tx, by.request_id, NewEvent("question_overtaken", "system", told))

    def _question_row(self, tx: Connection, question_id: str) -> Row[Any]:
        row = None
        if is_id(question_id):
            row = tx.execute(select(question).where(question.c.id == question_id)).first()
        if row is None:
            raise UnknownQuestionError(
                "The register knows no question with this id.",
                way_out="list them with `afschrift questions`.",
            )
        return row

    def _check_answer(self, tx: Connection, row: Row[Any], choice: str) -> None:
        taken = select(decision.c.id).where(decision.c.question_id == row.id)
        if row.answered_at is not None and tx.execute(taken).first() is None:
            raise TooLateError(
                f"Question {row.id} was overtaken at {row.answered_at}: what it asked about has changed.",
                way_out="`afschrift questions` lists what stands in its place. Nothing was changed.",
            )
        if row.answered_at is not None:
            raise TooLateError(
                f"Question {row.id} was answered already, at {row.answered_at}.",
                way_out="look at the decision that was taken; only a new question can change it.",
            )
        if choice not in row.options:
            raise RefusedError(
                f"This choice is no option of question {row.id}.",
                way_out=f"choose {' | '.join(row.options)}.",
            )
        _check_open(self._request_row(tx, row.request_id))

    def _decide(
        self,
        tx: Connection,
        request_id: str,
        kind: str,
        choice: str,
        by: str,
        about: str | None,
        detail: Mapping[str, Any] | None,
        text: str | None,
        held: Mapping[str, str] | None,
        *,
        asked: Row[Any] | None = None,
        rules: Sequence[str] = (),
    ) -> DecisionRow:
        question_id = asked.id if asked is not None else None
        codes, now, message_id, mac = dict(detail or {}), self._now(), None, None
        if kind == "identity" and about is None:
            about = self._identity_fingerprint(tx, request_id)
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
        told = {"kind": kind, "choice": choice, "about": about, "detail": codes}
        columns = {**told, "by": by, "at": now, "question_id": question_id, "message_id": message_id}
        tx.execute(insert(decision).values(request_id=request_id, **columns))
        payload = {**told, "question": question_id, "text_hmac": mac}
        if asked is not None:
            payload["options"] = list(asked.options)
        if rules:
            payload["rules"] = list(rules)
        if held is not None:
            payload["held"] = dict(held)
        self._append(tx, request_id, NewEvent("decision_taken", by, payload))
        return DecisionRow(kind, choice, by, now, about, codes, question_id, message_id)


def _check_open(row: Row[Any]) -> None:
    state = as_written(State, row.state)
    if not state.open:
        raise TooLateError(
            f"Request {row.id} is {state}: it is closed, and nothing is decided on it any more.",
            way_out="open a new request, or a complaint, in the same case.",
        )


def _question(row: Row[Any]) -> QuestionRow:
    return QuestionRow(
        id=row.id,
        request=row.request_id,
        kind=row.kind,
        role=row.role,
        options=tuple(row.options),
        detail=row.detail,
        about=row.about,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        form=row.form,
    )
