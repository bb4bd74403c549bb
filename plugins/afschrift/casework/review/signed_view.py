"""What is shown to a second signer of a redaction: each line, on which ground, and what was said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from afschrift.casework.columns.meaning import column_words, described
from afschrift.casework.officer import Officer
from afschrift.casework.review.redactions_in_force import RedactionWords
from afschrift.casework.second_signature import decided_lines
from afschrift.questions.view import NOTHING_KEPT, Kept, Line, Section
from afschrift.questions.words import inline, said
from afschrift.register.records import QuestionRow


def review_signed(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """Who redacted what, on which grounds with which words, and in which columns."""
    taken = officer.register.decisions.of(question.request)
    decision = next((d for d in taken if d.question == question.detail["question"]), None)
    if decision is None:
        return (NOTHING_KEPT,)
    text = officer.register.decisions.text(question.request, decision.text) if decision.text else None
    words = msgspec.json.decode(text, type=RedactionWords) if text else None
    lines = [*decided_lines(officer, question, decision)]
    if words is not None:
        lines.append(Line("Lines", "\n".join(words.lines), Kept.ROLE))
    else:
        lines.append(Line("Lines", "gone with the key of the request"))
    rows = tuple(
        (path, column_words(described(officer.inventory, path)[2]), number)
        for path, number in decision.detail["columns"].items()
    )
    masked = Section("What would be masked", (), ("Column", "What it holds", "Places"), rows)
    grounds = decision.detail["grounds"]
    forms = (_ground(officer, code, grounds[code], words) for code in grounds)
    return (Section("What was decided", tuple(lines)), masked, *forms)


def _ground(officer: Officer, code: str, codes: Mapping[str, Any], words: RedactionWords | None) -> Section:
    ground = officer.grounds.grounds.get(code)
    form = {**codes, **(words.forms.get(code, {}) if words is not None else {})}
    title = ground.title["en"] if ground is not None else said(code)
    return Section(f"Ground: {title}", tuple(_fields(officer, form, codes)))


def _fields(officer: Officer, form: Mapping[str, Any], codes: Mapping[str, Any]) -> Iterator[Line]:
    for name, value in form.items():
        field = officer.grounds.fields.get(name)
        kept = Kept.OPEN if name in codes else Kept.ROLE
        text = "\n".join(map(str, value)) if kept is Kept.ROLE and isinstance(value, list) else None
        title = field.title["en"] if field is not None else said(name)
        yield Line(title, text or (str(value) if kept is Kept.ROLE else inline(value, name)), kept)
