"""The form of a question on its page: what was typed, the ticks of a review, and uploaded files."""

from __future__ import annotations

from collections.abc import Mapping

from afschrift.app.jurisdiction import load_grounds
from afschrift.app.settings import Settings
from afschrift.casework.answer_form import AnswerForm, answer_form
from afschrift.casework.manual.scan import scan, too_large
from afschrift.casework.review.question import REDACTIONS, REVIEW
from afschrift.domain.errors import FormError, RefusedError
from afschrift.law.manual_search import NewFile
from afschrift.questions.kind import GivenAnswer
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register
from afschrift.web.multipart import Sent

LINES = f"f.{REDACTIONS}"
TICKED, ON_GROUND = f"{LINES}.line", f"{LINES}.ground"
"""Names under which the review page sends lines: as written, and as ticked next to what was pointed out.
Ticked lines have no ground yet; the last name holds the ground for them."""


OPEN_GROUND = "GROUND"
"""Placeholder in a line that has no ground yet."""


def form_for(register: Register, question: QuestionRow, given: Mapping[str, str], sent: Sent) -> AnswerForm:
    """The form of a question. Lines that were ticked on the page of a review are added to those typed."""
    if question.kind == REVIEW:
        _with_ticks(sent)
    return answer_form(load_grounds, register.requests.get(question.request).right, question, given)


def _with_ticks(sent: Sent) -> None:
    """Add the ticked lines to the written ones, so that none is lost when the page shows a fault."""
    written, ground = sent.value(LINES), sent.value(ON_GROUND) or OPEN_GROUND
    ticked, known = sent.all(TICKED), set(written.splitlines())
    lines = [line.removesuffix(OPEN_GROUND) + ground for line in ticked]
    if new := [line for line in lines if line not in known]:
        sent.fields = [pair for pair in sent.fields if pair[0] not in (LINES, TICKED)]
        sent.fields.append((LINES, "\n".join(filter(None, (written.strip(), *new)))))


def read_form(form: AnswerForm, sent: Sent) -> GivenAnswer:
    """The answer that was filled in.

    Raises:
        FormError: a file cannot be taken, or the reason is too long.
    """
    return form.read(sent.value("choice"), sent.typed, sent.value("text"), _files(sent) if form.files else ())


def _files(sent: Sent) -> list[NewFile]:
    """The uploaded files, each checked by its content."""
    at_most = Settings.from_environment().manual_bytes
    found = []
    for number, file in enumerate(sent.files, 1):
        try:
            if file.too_large:
                raise too_large(at_most)
            found.append(scan(file.name, file.content, file.content.size, at_most))  # type: ignore[arg-type]
        except RefusedError as error:
            raise FormError("A file is not taken.", {"files": f"no. {number}: {error}"}) from None
    return found
