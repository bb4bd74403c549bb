"""Tells roles that questions are open: each once to each notifier, and again where it is assigned."""

from __future__ import annotations

from collections.abc import Callable, Collection

from afschrift.casework.notices.notified import note_told, was_told
from afschrift.casework.notices.report import Message, as_message
from afschrift.questions.assignment import assigned_to
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

_COLUMNS = ("Question", "Request", "Kind", "Role", "For", "Asked")


def untold(
    register: Register, notifier: str, roles: Collection[str] = ()
) -> list[tuple[QuestionRow, str | None]]:
    """Open questions that a notifier was not told of, with the name of the one that each is assigned to.

    Args:
        register: of the installation.
        notifier: its name.
        roles: whose questions it tells of; empty: of all.
    """
    found = []
    for question in register.questions.all():
        if roles and question.role not in roles:
            continue
        timeline = register.facts.timeline(question.request)
        to = assigned_to(timeline, question.id)
        told = {"question": question.id, "notifier": notifier, "to": to}
        if not was_told(timeline, told):
            found.append((question, to))
    return found


def tell(
    register: Register, notifier: str, send: Callable[[Message], None], by: str, roles: Collection[str] = ()
) -> int:
    """Give a notifier what it was not told of, in one message; how many questions it held.

    What `send` raises passes; then nothing was recorded, and the next time tells it again.
    """
    found = untold(register, notifier, roles)
    if not found:
        return 0
    send(message(found))
    for question, to in found:
        note_told(register, question.request, {"question": question.id, "notifier": notifier, "to": to}, by)
    return len(found)


def message(found: list[tuple[QuestionRow, str | None]]) -> Message:
    """Ids, kinds and roles; nothing of what a question is about."""
    rows = tuple(
        dict(zip(_COLUMNS, (q.id, q.request, q.kind, q.role, to or "", q.asked_at[:16]), strict=True))
        for q, to in found
    )
    plural = "s" * (len(rows) != 1)
    roles = ", ".join(sorted({row["Role"] for row in rows}))
    subject = f"Afschrift: {len(rows)} question{plural} open for {roles}"
    lines = [
        f"{r['Question']}  {r['Request']}  {r['Kind']}  role {r['Role']}{r['For'] and ' for ' + r['For']}"
        for r in rows
    ]
    what = "Runs do not wait, people do: afschrift questions, then afschrift answer QUESTION."
    return as_message(subject, _COLUMNS, [tuple(r.values()) for r in rows], lines, what)
