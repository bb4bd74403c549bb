"""The question whether a flagged request is fulfilled, its second signature, and what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from afschrift.casework.columns.meaning import column_lines
from afschrift.casework.decision.advice import advice_sections
from afschrift.casework.decision.in_force import request_decisions
from afschrift.casework.officer import Officer
from afschrift.domain.language import gettext
from afschrift.law.roles import SIGNS, Role
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.questions.view import Line, Section, in_words, inline
from afschrift.register.records import DecisionRow, QuestionRow


def signature(decision: DecisionRow, question: QuestionRow) -> OpenQuestion:
    """The question whether a second person signs; `about` is what the decision was about."""
    words = f"A second person signs: {decision.choice} on {decision.detail.get('ground')}."
    detail = {
        "decision": decision.choice,
        "form": {n: v for n, v in decision.detail.items() if n != "second_signer"},
        "flags": question.detail["flags"],
        "words": decision.text,
        "question": question.id,
    }
    return OpenQuestion(DECISION_SIGNED_KIND, SIGNS, words, detail, bound=decision.about)


DECISION_KIND = QuestionKind(
    "decision",
    "Decision on the request",
    "The request was flagged. Is it fulfilled? A flag refuses and charges nothing: a person decides (R48).",
    {
        "fulfil": "The next run goes on.",
        "extend": "The extension is recorded and its letter made (R39). The question comes back without this "
        "choice.",
        "specify": "The letter that asks is made; the clock is suspended from its sending (R42).",
        "charge": "The letter with the costs is made. No clock is suspended.",
        "refuse": "The letter is made. The request is refused once it is sent (R45).",
        "refuse_part": "These tables and columns are not read, or leave masked. The rest is given.",
        "restrict": "The same on a restriction by law. Where it stays hidden, no letter goes out.",
        "merge": "The request goes on in the earlier one, whose receipt counts (R55).",
    },
    reason=False,
    on_grounds=True,
    note="Each choice but `fulfil` rests on a ground with a form of its own ([grounds.md](grounds.md)). It "
    "shows each flag in a sentence, and the earlier requests that it rests on: right, receipt, outcome, day.",
)

DECISION_SIGNED_KIND = QuestionKind(
    "decision_signed",
    "Second signature",
    "A decision takes a second person. Do you sign it?",
    {
        "agree": "It counts, and its letter is made.",
        "disagree": "It does not count, and is asked for again.",
    },
    Role.SECOND_SIGNER,
    note="It shows who decided what and when, each field of the form with its words, and the letter.",
)

KINDS = (DECISION_KIND, DECISION_SIGNED_KIND)


_FLAGS = {
    "repetition": "This person asked for the same {count} times before within {within_days} days.",
    "overlap": "An earlier request of this person for the same is still open.",
    "contact_changed": "Contact details are others than shortly before.",
    "many_kinds_of_processing": "The request names nothing in particular, and there are {purposes} purposes.",
    "case_column": "A person decides on this column in each case, and it holds something here.",
    "restricted_before": "Something was kept back from this person before, and that is not lifted.",
    "asked_by_officer": "An officer put the request before an officer; nothing else was flagged.",
}
_SHOWN = frozenset({"flag", "rules", "earlier", "column", "count", "within_days", "received_on"})


def decision_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The advice, each flag with the earlier requests or the column behind it, and what changed since."""
    advice = advice_sections(officer, question.request)
    return (*advice, *flag_sections(officer, question.detail["flags"]), *_since(question.detail))


def flag_sections(officer: Officer, flags: Sequence[Mapping[str, Any]]) -> Iterator[Section]:
    """A section for each flag."""
    for flag in flags:
        sentence = gettext(_FLAGS.get(flag["flag"], "")).format_map({"count": "", "within_days": "", **flag})
        lines = [Line("What was seen", sentence)] if sentence else []
        lines += [
            Line(in_words(n), inline(v, n)) for n, v in flag.items() if n not in _SHOWN and n != "number"
        ]
        lines += _earlier(officer, flag.get("earlier", ()))
        if "column" in flag:
            lines += column_lines(officer.inventory, flag["column"])
        yield Section(in_words(flag["flag"]), tuple(lines))


def _earlier(officer: Officer, found: str | Sequence[Mapping[str, Any]]) -> list[Line]:
    ids = [found] if isinstance(found, str) else [past["request"] for past in found]
    return [request_line(officer, request_id, "Earlier request") for request_id in ids]


def request_line(officer: Officer, request_id: str, label: str) -> Line:
    """A request: its right, receipt, state, what was decided on it, and when it was closed."""
    register = officer.register
    request, timeline = register.requests.get(request_id), register.facts.timeline(request_id)
    words = gettext(
        "{request}: {right}, received on {day}, {state}",
        request=request_id,
        right=in_words(request.right).lower(),
        day=timeline.received,
        state=in_words(request.state).lower(),
    )
    words += gettext(" on {day}", day=timeline.local(timeline.closed_at)) if timeline.closed_at else ""
    decided = [
        in_words(row.outcome).lower() for row in request_decisions(register, request_id) if row.in_force
    ]
    words += gettext("; decided: {outcomes}", outcomes=", ".join(decided)) if decided else ""
    return Line(label, words, request=request_id)


def _since(detail: Mapping[str, Any]) -> Iterator[Section]:
    if since := detail.get("since"):
        lines = tuple(Line("Answer", change["words"], request=change["request"]) for change in since)
        yield Section("What changed since the earlier answers", lines)
