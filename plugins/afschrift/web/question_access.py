"""Who comes to a question: held before anything is read of what they send."""

from __future__ import annotations

from afschrift.app.settings import Settings
from afschrift.casework.answer import visible
from afschrift.casework.officer import Officer
from afschrift.domain.errors import NotAllowedError, UnknownQuestionError
from afschrift.law.clock.facts import Timeline
from afschrift.law.roles import Role
from afschrift.register.open import open_register
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register
from afschrift.web.caller import Caller
from afschrift.web.form import takes_files
from afschrift.web.question_status import barred


def seen(register: Register, by: Caller, question_id: str) -> QuestionRow:
    """A question that the caller gets to see.

    Raises:
        UnknownQuestionError: there is none for their roles.
    """
    found = register.questions.get(question_id)
    if not visible(by.roles, by.account, found):
        raise UnknownQuestionError("There is no question with this id for your roles.")
    return found


def upload_limit(by: Caller, question_id: str) -> tuple[int, bool]:
    """What an answer may bring, held before anything of it is read.

    Returns:
        Bytes of one file, 0 where the form takes none; and whether nothing bars the caller from answering.
        Whoever is barred by now, such as by a faster answer, gets the page back with their words.

    Raises:
        UnknownQuestionError: there is none for their roles.
        NotAllowedError: they lack its role; the attempt is an event `answer_refused`.
    """
    register = open_register()
    asked = seen(register, by, question_id)
    if not by.roles.holds(by.account, Role(asked.role)):
        Officer(register, by.roles, by.account).answering(asked)
    file_bytes = Settings.from_environment().manual_bytes if takes_files(asked) else 0
    return file_bytes, not barred(register, by, asked, register.facts.timeline(asked.request))


def question_for_view(by: Caller, question_id: str) -> tuple[Register, QuestionRow, Timeline]:
    """A question of whose person the caller may see what is kept apart, as they may answer it.

    Raises:
        UnknownQuestionError: there is none for their roles.
        NotAllowedError: they may not answer it now; says why.
    """
    register = open_register()
    asked = seen(register, by, question_id)
    timeline = register.facts.timeline(asked.request)
    if why := barred(register, by, asked, timeline):
        raise NotAllowedError(why, remedy="ask somebody who may answer the question.")
    return register, asked, timeline
