"""What is shown to whoever decides on a flagged request: each flag in a sentence, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from afschrift.casework.columns.meaning import column_lines
from afschrift.casework.decision.in_force import request_decisions
from afschrift.casework.officer import Officer
from afschrift.questions.view import Line, Section
from afschrift.questions.words import inline, said
from afschrift.register.records import QuestionRow

_FLAGS = {
    "repetition": "This person asked for the same {count} times before within {within_days} days.",
    "overlap": "An earlier request of this person for the same is still open.",
    "contact_changed": "Contact details are others than shortly before.",
    "many_kinds_of_processing": "The request names nothing in particular, and there are {purposes} purposes.",
    "case_column": "A person decides on this column in each case, and it holds something here.",
    "restricted_before": "Something was kept back from this person before, and that is not lifted.",
    "asked_by_officer": "An officer put the request before an officer; nothing else was flagged.",
}
_SHOWN = frozenset({"flag", "rules", "earlier", "column", "count", "received_on"})


def decision(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """Each flag with the earlier requests or the column that it rests on; what changed since."""
    return (*flag_sections(officer, question.detail["flags"]), *_since(question.detail))


def flag_sections(officer: Officer, flags: Sequence[Mapping[str, Any]]) -> Iterator[Section]:
    """A section for each flag."""
    for flag in flags:
        sentence = _FLAGS.get(flag["flag"], "").format_map({"count": "", "within_days": "", **flag})
        lines = [Line("What was seen", sentence)] if sentence else []
        lines += [Line(said(n), inline(v, n)) for n, v in flag.items() if n not in _SHOWN and n != "number"]
        lines += _earlier(officer, flag.get("earlier", ()))
        if "column" in flag:
            lines += column_lines(officer.inventory, flag["column"])
        lines.append(Line("Rules", ", ".join(flag.get("rules", ()))))
        yield Section(said(flag["flag"]), tuple(lines))


def _earlier(officer: Officer, found: str | Sequence[Mapping[str, Any]]) -> list[Line]:
    ids = [found] if isinstance(found, str) else [one["request"] for one in found]
    return [request_line(officer, one, "Earlier request") for one in ids]


def request_line(officer: Officer, request_id: str, label: str) -> Line:
    """A request: its right, receipt, state, what was decided on it, and when it was closed."""
    register = officer.register
    request, timeline = register.requests.get(request_id), register.facts.timeline(request_id)
    words = f"{request_id}: {request.right}, received on {timeline.received}, "
    words += said(request.state).lower() if request.state.open else f"ended as {said(request.state).lower()}"
    words += f" on {timeline.local(timeline.closed_at)}" if timeline.closed_at else ""
    decided = [said(one.outcome).lower() for one in request_decisions(register, request_id) if one.in_force]
    words += f"; decided: {', '.join(decided)}" if decided else ""
    return Line(label, words, request=request_id)


def _since(detail: Mapping[str, Any]) -> Iterator[Section]:
    if since := detail.get("since"):
        lines = tuple(Line("Answer", one["words"], request=one["request"]) for one in since)
        yield Section("What changed since the earlier answers", lines)
