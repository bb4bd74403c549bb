"""The status of a question for the caller: whether they may answer it, and its times."""

from __future__ import annotations

from afschrift.app.settings import Settings
from afschrift.casework.answer import visible
from afschrift.casework.answer_form import takes_files
from afschrift.domain.errors import NotAllowedError, UnknownQuestionError
from afschrift.domain.language import gettext, ngettext, say, say_day
from afschrift.law.clock.clock import Clock
from afschrift.law.clock.facts import Timeline
from afschrift.law.roles import Role
from afschrift.questions.ask import assigned_to
from afschrift.questions.view import in_words
from afschrift.register.open import open_register
from afschrift.register.records import AFTER_THE_END, QuestionRow
from afschrift.register.register import Register
from afschrift.web.caller import Caller, Known


def last_day(found: Clock) -> str:
    """The last day for an answer, with how far it is."""
    if found.closed_on is not None:
        return gettext("closed on {day}", day=say_day(found.closed_on))
    if found.due is None:
        return say(found.suspension)
    left, day = found.days_left or 0, say_day(found.due)
    if left == 0:
        return gettext("{day} (today)", day=day)
    if left < 0:
        return ngettext("{day} ({number} day late)", "{day} ({number} days late)", -left, day=day)
    return ngettext("{day} ({number} day left)", "{day} ({number} days left)", left, day=day)


def why_barred(register: Register, by: Caller, question: QuestionRow, timeline: Timeline) -> str:
    """Why the caller may not answer a question; empty: they may."""
    role = Role(question.role)
    if question.answered_at is not None:
        taken = any(d.question == question.id for d in register.decisions.of(question.request))
        return "It is answered." if taken else "It was overtaken: what it asked about has changed."
    if not timeline.state.open and question.kind not in AFTER_THE_END:
        return "Its request is closed."
    if not by.roles.holds(by.account, role):
        return f"Only the role {in_words(role).lower()} answers it; you may look."
    to = assigned_to(timeline, question.id)
    if to is not None and not by.roles.acts_for(by.account, to):
        return f"It is assigned to {to}."
    if role is Role.SECOND_SIGNER:
        decided = [d.by for d in register.decisions.of(question.request) if d.about == question.about]
        try:
            by.roles.need_another(by.account, decided)
        except NotAllowedError as error:
            return str(error.args[0])
    return ""


def visible_question(register: Register, by: Caller, question_id: str) -> QuestionRow:
    """A question that the caller may see.

    Raises:
        UnknownQuestionError: there is none for their roles.
    """
    found = register.questions.get(question_id)
    if not visible(by.roles, by.account, found):
        raise UnknownQuestionError("There is no question with this id for your roles.")
    return found


def upload_limit(by: Caller, question_id: str) -> tuple[int, bool]:
    """How much an answer may upload, checked before any of it is read.

    Returns:
        Bytes of one file, 0 where the form takes none; and whether nothing bars the caller from answering.
        A caller who is barred by now, such as by a faster answer, gets the page back with their words.

    Raises:
        UnknownQuestionError: there is none for their roles.
        NotAllowedError: they lack its role; the attempt is an event `answer_refused`.
    """
    register = open_register()
    asked = visible_question(register, by, question_id)
    if not by.roles.holds(by.account, Role(asked.role)):
        by.officer(register).answering(asked)
    file_bytes = Settings.from_environment().manual_bytes if takes_files(asked) else 0
    return file_bytes, not why_barred(register, by, asked, register.facts.timeline(asked.request))


def question_for_view(by: Known, question_id: str) -> tuple[Register, QuestionRow, Timeline]:
    """A question that the caller may answer, so that they may see texts and keys of its person.

    Raises:
        UnknownQuestionError: there is none for their roles.
        NotAllowedError: they may not answer it now; says why.
    """
    register = open_register()
    asked = visible_question(register, by, question_id)
    timeline = register.facts.timeline(asked.request)
    if why := why_barred(register, by, asked, timeline):
        raise NotAllowedError(why, remedy="ask a person who may answer the question.")
    return register, asked, timeline
