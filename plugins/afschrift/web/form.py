"""The form of a question on its page: what was typed, and uploaded files."""

from __future__ import annotations

from collections.abc import Mapping

from afschrift.app.jurisdiction import load_grounds
from afschrift.app.settings import Settings
from afschrift.casework.answer_form import AnswerForm, answer_form
from afschrift.casework.manual.scan import scan, too_large
from afschrift.casework.review.question import REDACTIONS
from afschrift.domain.errors import FormError, RefusedError
from afschrift.law.manual_search import NewFile
from afschrift.questions.kind import GivenAnswer
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register
from afschrift.web.multipart import Sent

LINES = f"f.{REDACTIONS}"
"""Name under which the page of a question sends the lines of what is masked."""


def form_for(register: Register, question: QuestionRow, given: Mapping[str, str]) -> AnswerForm:
    """The form of a question."""
    return answer_form(load_grounds, register.requests.get(question.request).right, question, given)


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
