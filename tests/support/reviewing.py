"""A request of the small shop whose bundle is reviewed, with people of each role."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from testbed.mini import POLICY
from testbed.running import run
from tests.support.deciding import ANN, Bureau
from tests.support.kept import Kept

from afschrift.casework.answer import answer_question
from afschrift.domain.errors import NeedsPersonError
from afschrift.questions.kind import Answered
from afschrift.register.records import QuestionRow
from afschrift.services import Services
from afschrift.wiring.build_services import build

NEIGHBOUR = "Grietje Zuiderwijk-Canarie"
BODY = f"Mijn buurvrouw {NEIGHBOUR} zag het pakket 📦 liggen."
SPAN = (BODY.index(NEIGHBOUR), BODY.index(NEIGHBOUR) + len(NEIGHBOUR))
LINE = f"shop.ticket_message id=1 body {SPAN[0]}:{SPAN[1]} rights_of_others"
BALANCE = {"effect": "Haar naam staat erin.", "mitigation": "De naam weg.", "prevails": "Zij weet van niets."}
CODES = {"right_of_others": "privacy"}
FORMATS = ["csv", "json", "ndjson", "xml", "parquet"]


def policy(choice: str) -> str:
    return f"review: {{choice: {choice}, approved_by: board, on: 2026-01-05, dpo_advice: in favour}}\n"


@dataclass
class Reviewers:
    bureau: Bureau
    folder: Path
    kept: Kept | None = None

    @classmethod
    def set_up(
        cls,
        folder: Path,
        patch: pytest.MonkeyPatch,
        choice: str = "always",
        kept: Kept | None = None,
        *,
        all_tables: bool = False,
    ) -> Reviewers:
        """Set up below a folder; Ann wrote of her neighbour in one ticket."""
        reviewers = cls(Bureau.open(folder, patch, all_tables=all_tables), folder, kept)
        reviewers.bureau.execute(f"UPDATE ticket_message SET body = '{BODY}' WHERE id = 1")
        reviewers.decide_policy(choice)
        return reviewers

    @property
    def services(self) -> Services:
        return self.bureau.services

    def decide_policy(self, choice: str) -> None:
        (self.folder / "inventory" / "policy.yml").write_text(POLICY + policy(choice), encoding="utf-8")
        self.bureau.services = build(lambda _line: None, self.bureau.settings)

    def require_readable(self, least: int) -> None:
        """Set the least share of an answer that must be readable."""
        path = self.folder / "inventory" / "policy.yml"
        kept = path.read_text(encoding="utf-8").partition("readable:")[0]
        words = f"readable: {{least: {least}, approved_by: Board, on: 2026-11-28, dpo_advice: In favour.}}\n"
        path.write_text(kept + words, encoding="utf-8")
        self.bureau.services = build(lambda _line: None, self.bureau.settings)

    def describe(self, old: str, new: str) -> None:
        """Change the data map, once in its text."""
        shop = self.folder / "inventory" / "shop.yml"
        text = shop.read_text(encoding="utf-8")
        assert old in text
        shop.write_text(text.replace(old, new, 1), encoding="utf-8")
        self.bureau.services = build(lambda _line: None, self.bureau.settings)

    def store(self, right: str = "access", **more: Any) -> str:
        return self.bureau.store(right, ANN, **more)

    def at_review(self) -> tuple[str, QuestionRow]:
        """Ann's request and the question about its bundle, in an installation that was empty."""

        def reach() -> tuple[str, QuestionRow]:
            request = self.store()
            return request, self.asked(request)

        assert self.kept is not None
        state = ("review", (self.folder / "inventory/shop.yml").read_text(encoding="utf-8"))
        request, question = self.kept.reached(state, self.folder / "home", reach)
        self.bureau.services = build(lambda _line: None, self.bureau.settings)
        return request, question

    def asked(self, request: str, kind: str = "review") -> QuestionRow:
        """The question at which the next run ends."""
        with pytest.raises(NeedsPersonError) as caught:
            run(self.services, request)
        assert caught.value.question == kind
        return self.open(request, kind)

    def open(self, request: str, kind: str = "review") -> QuestionRow:
        return [q for q in self.bureau.register.questions.all(request_id=request) if q.kind == kind][-1]

    def answer(self, question: QuestionRow, choice: str, by: str = "cli:anna", **more: Any) -> Answered:
        return answer_question(self.bureau.officer(by), question.id, choice, **more)

    def redact(self, question: QuestionRow, *lines: str, by: str = "cli:anna", **more: Any) -> Answered:
        """Redact on rights of others, with the three answers of R32."""
        texts = {"redactions": list(lines), **BALANCE}
        given = {"detail": CODES, "texts": texts, **more}
        return self.answer(question, "redact", by, **given)

    def deliver(self, request: str) -> Path:
        return run(self.services, request)
