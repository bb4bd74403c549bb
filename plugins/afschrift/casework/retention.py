"""Rows that are held after their period: an officer decides by which day they are removed (R75).

They are given all the same: nothing is deleted to avoid giving it (R07). The person reads how many they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from afschrift.casework.columns.meaning import described, table_words
from afschrift.casework.officer import Officer
from afschrift.domain.errors import FormError
from afschrift.domain.extracted import SourceExtract
from afschrift.domain.plan import Plan
from afschrift.law.clock.deadline import local_date
from afschrift.questions.ask import ask, put
from afschrift.questions.forms import form
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion, QuestionKind
from afschrift.questions.view import Line, Section
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register
from afschrift.services import Services

REMOVE, GONE = "remove", "removed"
MOST_DAYS = 366
"""A day further ahead is a slip of the pen, or a new period."""

_REMOVED_BY = {"title": "By when the rows are removed", "type": "string", "format": "date"}

PAST_PERIOD = QuestionKind(
    "past_period",
    "Rows that should have been removed",
    "These rows are held after the period of every purpose that they serve (R75). By which day are they "
    "removed?",
    {
        "remove": "The answer goes with these rows, and says how many they are and by which day they are "
        "removed.",
    },
    form=form(
        (REMOVE,),
        {"removed_by": _REMOVED_BY},
        {REMOVE: ("removed_by",)},
    ),
    hint="answer with `afschrift answer {id} --choice remove --set removed_by=YYYY-MM-DD`.",
    note="`tables` counts, by table, the rows that are given (`of`) and those that are past every period "
    "(`rows`). If they are rightly kept, the inventory lacks the purpose or the period that says so: correct "
    "it, and run again. `removed_by` is a day within a year. `lapsed` is such a day that passed before the "
    "bundle was packed.",
)

REMOVAL_DUE = QuestionKind(
    "removal_due",
    "Rows whose day of removal has passed",
    "The person read by which day these rows are removed (R75). That day is over. Are they gone?",
    {
        GONE: "They are removed, in back-ups too as far as that can be done.",
        REMOVE: "They are not. The person hears why, and by which day they are.",
    },
    form=form((GONE, REMOVE), {"removed_by": _REMOVED_BY}, {REMOVE: ("removed_by",)}),
    runs=False,
    in_words=(REMOVE,),
    note="`check_deadlines` asks it on the day after `removed_by`, also of a closed request, and again after "
    "another such day. `tables` are those of `past_period`.",
)

KINDS = (PAST_PERIOD, REMOVAL_DUE)


def require_removal(services: Services, plan: Plan, records: Sequence[SourceExtract]) -> date | None:
    """Return the day by which rows that are held too long are removed; None: there are none.

    Raises:
        NeedsPersonError: the question is in the register.
    """
    rows = {f"{t.source}.{t.table}": t.rows for record in records for t in record.tables}
    late = {
        f"{record.source}.{name}": {"rows": overdue.rows, "of": rows[f"{record.source}.{name}"]}
        for record in records
        for name, overdue in record.overdue.items()
    }
    if not late or not services.delivers:  # the canary's answer reaches no person
        return None
    register = services.register
    detail: dict[str, Any] = {"tables": late}
    today = local_date(services.now(), register.requests.get(plan.request).zone)
    decided = {
        row.about: row.detail for row in register.decisions.of(plan.request) if row.kind == PAST_PERIOD.name
    }
    while True:
        number = sum(table["rows"] for table in late.values())
        words = f"{number} row(s) are held after their period: {', '.join(late)}."
        asked = OpenQuestion(PAST_PERIOD, PAST_PERIOD.options, words, detail)
        if asked.about not in decided:
            raise ask(register, plan.request, [asked])
        day = date.fromisoformat(decided[asked.about]["removed_by"])
        if day >= today:
            return day
        detail = {**detail, "lapsed": day.isoformat()}


def ask_removals(register: Register, now: datetime) -> tuple[str, ...]:
    """Ask whether rows are gone that the person read would be removed by a day that has passed.

    Args:
        register: of the installation.
        now: the present instant, aware.

    Returns:
        The requests, also closed ones, until an officer says that the rows are gone.
    """
    asked = []
    for request in register.decisions.requests_with(REMOVE):
        taken = [row for row in register.decisions.of(request) if row.kind in (k.name for k in KINDS)]
        if not taken or taken[-1].choice != REMOVE or not register.deliveries.of(request):
            continue
        day = date.fromisoformat(taken[-1].detail["removed_by"])
        if day < local_date(now, register.requests.get(request).zone):
            all_ = register.questions.all(open_only=False, request_id=request)
            tables = [row.detail["tables"] for row in all_ if row.kind == PAST_PERIOD.name][-1]
            detail = {"tables": tables, "lapsed": day.isoformat()}
            words = f"Rows that were to be removed by {day}: {', '.join(tables)}."
            put(register, request, OpenQuestion(REMOVAL_DUE, REMOVAL_DUE.options, words, detail))
            asked.append(request)
    return tuple(asked)


def answer_past_period(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer to `past_period` or `removal_due`.

    Raises:
        FormError: the day is over, or more than a year ahead.
    """
    if given.choice == GONE:
        return officer.record_answer(question, given, ("R75",))
    day = date.fromisoformat(given.detail["removed_by"])
    today = officer.today(officer.register.requests.get(question.request).zone)
    if not today < day <= today + timedelta(days=MOST_DAYS):
        why = {"removed_by": f"is not after {today}, or more than a year ahead"}
        raise FormError.listing("The answer does not fit its question.", why, remedy="Nothing was recorded.")
    return officer.record_answer(question, given, ("R75",))


def past_period_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """How many rows of which table are past their period."""
    tables: Mapping[str, Any] = question.detail["tables"]
    lines = []
    for place, found in tables.items():
        _, table, _ = described(officer.inventory, f"{place}.")
        lines.append(Line(table_words(place, table), f"{found['rows']} of {found['of']}"))
    if lapsed := question.detail.get("lapsed"):
        lines.append(Line("The day that was decided on has passed", str(lapsed)))
    return (Section("Rows past their period", tuple(lines)),)
