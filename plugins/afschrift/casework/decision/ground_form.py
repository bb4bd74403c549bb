"""The form of a decision on a ground: as JSON Schema, and checked against law and register."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from afschrift.casework.decision.denial import evasive_sources
from afschrift.casework.decision.in_force import keeping_back
from afschrift.casework.decision.triggers import own_keys
from afschrift.casework.identity.confirmed import lacks_mandate
from afschrift.casework.officer import Officer
from afschrift.domain.errors import FormError, RefusedError
from afschrift.domain.right import Right
from afschrift.inventory.model import Inventory
from afschrift.law.clock.clock import clock
from afschrift.law.clock.facts import FactKind, FactRow, Timeline
from afschrift.law.ground_check import Accepted, RequestFacts, check_ground
from afschrift.law.grounds import FieldStorage, Grounds, Outcome
from afschrift.law.roles import Role
from afschrift.questions.forms import form
from afschrift.register.records import QuestionRow


def request_facts(officer: Officer, request_id: str) -> RequestFacts:
    """The facts of a request today."""
    timeline = officer.register.facts.timeline(request_id)
    today = officer.today(timeline.zone)
    current = clock(timeline, officer.jurisdiction, today)
    extended = clock(_extended(timeline, today), officer.jurisdiction, today)
    earlier = {
        past.request: timeline.local(past.ended_at) if past.ended_at else None
        for past in officer.register.identities.history(request_id, own_keys(officer.inventory))
    }
    forms = keeping_back(officer.register, request_id)  # a value that is masked is given
    withheld = {place for form in forms if form.get("measure") != "mask" for place in form["places"]}
    tables, columns = _personal(officer.inventory)
    return RequestFacts(
        today=today,
        identified=timeline.identified_at is not None,
        lacks_mandate=lacks_mandate(officer.register, request_id, today),
        earlier=earlier,
        last_day=current.due,
        longest_day=extended.due,
        tables=tables,
        columns=columns,
        systems=frozenset(officer.inventory.manual),
        evasive=evasive_sources(officer.register, officer.register.requests.get(request_id)),
        withheld=frozenset(withheld),
        wrote=officer.register.cases.wrote(request_id),
    )


def _extended(timeline: Timeline, today: date) -> Timeline:
    """The timeline with an extension announced today."""
    if timeline.of(FactKind.EXTENDED):
        return timeline
    number = len(timeline.facts) + 1
    at = f"{today}T00:00:00Z"
    asked = FactRow("new-1", timeline.request, number, FactKind.EXTENDED, at, "", detail={"reasons": []})
    sent = FactRow(
        "new-2", timeline.request, number + 1, FactKind.LETTER_SENT, at, "", day=today, about="new-1"
    )
    return timeline.with_(asked, sent)


def _personal(inventory: Inventory) -> tuple[frozenset[str], frozenset[str]]:
    """Names of all personal tables as `source.table`, and of their columns as `source.table.column`."""
    tables = {
        f"{name}.{table_name}": table
        for name, source in inventory.sources.items()
        for table_name, table in source.tables.items()
        if table.personal
    }
    columns = frozenset(f"{path}.{column}" for path, table in tables.items() for column in table.columns)
    return frozenset(tables), columns


UNCHANGED = "Nothing was changed; the question is open."


def question_form(grounds: Grounds, right: Right, options: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of an answer: `choice`, `ground` and the grounds' fields. `x-kept` says where each goes."""
    pairs = [(Outcome(o), code) for o in options for code in grounds.offered(Outcome(o), right)]
    names = dict.fromkeys(name for _, code in pairs for name in grounds.grounds[code].fields)
    rules: list[dict[str, Any]] = []
    for outcome in dict.fromkeys(outcome for outcome, _ in pairs):
        codes = [code for offered, code in pairs if offered is outcome]
        then = {"required": ["ground"], "properties": {"ground": {"enum": codes}}}
        rules.append(_rule({"choice": outcome.value}, then))
    for code in dict.fromkeys(code for _, code in pairs):
        for need in grounds.grounds[code].needed:
            when = {("choice" if n == "outcome" else n): v for n, v in need.when.items()}
            if (effect := when.pop("effect", None)) is not None:
                listed = grounds.provisions.items()
                when["provision"] = [law for law, provision in listed if provision.effect == effect]
            if "first_request" not in when:  # the register knows that, no form does
                rules.append(_rule({"ground": code, **when}, {"required": list(need.fields)}))
    ground = {"title": "On which ground", "enum": list(dict.fromkeys(code for _, code in pairs))}
    return form(options, {"ground": ground, **{name: _shown(grounds, name) for name in names}}, {}, rules)


def _shown(grounds: Grounds, name: str) -> dict[str, Any]:
    field = grounds.fields[name]
    return {"title": field.title["en"], **field.schema, "x-kept": field.kept.value}


def _rule(when: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    known = {n: {"enum": value} if isinstance(value, list) else {"const": value} for n, value in when.items()}
    return {"if": {"properties": known, "required": list(known)}, "then": dict(then)}


def kept_apart(grounds: Grounds, detail: Mapping[str, Any], texts: Mapping[str, Any]) -> dict[str, str]:
    """Fields in the wrong place: words must not reach the trail."""
    faults = {}
    for name in detail:
        if name in grounds.fields and grounds.fields[name].kept is FieldStorage.CASE_FILE:
            faults[name] = "holds words: put it under `texts`, which are kept encrypted"
    for name in texts:
        if name in grounds.fields and grounds.fields[name].kept is FieldStorage.TRAIL:
            faults[name] = "is a code: put it under `detail`"
    return faults


def must_be_accepted(
    officer: Officer,
    question: QuestionRow,
    grounds: Grounds,
    outcome: Outcome,
    ground: str | None,
    codes: Mapping[str, Any],
    texts: Mapping[str, Any],
    fault: Callable[..., FormError],
) -> Accepted:
    """Check a form against its ground.

    Args:
        officer: who fills it in.
        question: that they answer.
        grounds: the table, or the part of it that the answer may rest on.
        outcome: that they choose.
        ground: code of their ground.
        codes: fields of the form that the trail keeps.
        texts: those that are kept encrypted.
        fault: makes the error about some fields, from their faults, a sentence and what to do instead.

    Raises:
        FormError: a field is wrong.
        RefusedError: the ground does not carry it; names the rule and the remedy.
    """
    if faults := kept_apart(officer.grounds, codes, texts):
        raise fault(faults)
    verdict = check_ground(
        grounds,
        outcome,
        ground,
        officer.register.requests.get(question.request).right,
        {**codes, **texts},
        [Role(question.role)],
        request_facts(officer, question.request),
    )
    if isinstance(verdict, Accepted):
        return verdict
    message = f"This is turned down ({verdict.rule}): {verdict.because}."
    if verdict.fields:
        raise fault(verdict.fields, message, verdict.instead)
    raise RefusedError(message, remedy=f"{verdict.instead}. {UNCHANGED}")
