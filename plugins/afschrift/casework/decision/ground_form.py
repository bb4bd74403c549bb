"""The form of a decision as JSON Schema, and which of its parts may reach the trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afschrift.domain.right import Right
from afschrift.law.grounds import FieldStorage, Grounds, Outcome


def question_form(grounds: Grounds, right: Right, options: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of an answer: `choice`, `ground` and the grounds' fields. `x-kept` says where each goes."""
    pairs = [(Outcome(o), code) for o in options for code in grounds.offered(Outcome(o), right)]
    names = dict.fromkeys(name for _, code in pairs for name in grounds.grounds[code].fields)
    rules: list[dict[str, Any]] = []
    for outcome in dict.fromkeys(outcome for outcome, _ in pairs):
        codes = [code for one, code in pairs if one is outcome]
        rules.append(
            _rule(
                {"choice": outcome.value}, {"required": ["ground"], "properties": {"ground": {"enum": codes}}}
            )
        )
    for code in dict.fromkeys(code for _, code in pairs):
        for need in grounds.grounds[code].needed:
            when = {("choice" if n == "outcome" else n): v for n, v in need.when.items()}
            if "first_request" not in when:  # the register knows that, no form does
                rules.append(_rule({"ground": code, **when}, {"required": list(need.fields)}))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "choice": {"enum": list(options)},
            "ground": {"title": "On which ground", "enum": list(dict.fromkeys(code for _, code in pairs))},
            **{name: _shown(grounds, name) for name in names},
        },
        "required": ["choice"],
        "additionalProperties": False,
        "allOf": rules,
    }


def _shown(grounds: Grounds, name: str) -> dict[str, Any]:
    one = grounds.fields[name]
    return {"title": one.title["en"], **one.schema, "x-kept": one.kept.value}


def _rule(when: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: {"const": value} for name, value in when.items()}
    return {"if": {"properties": known, "required": list(known)}, "then": dict(then)}


def kept_apart(grounds: Grounds, detail: Mapping[str, Any], texts: Mapping[str, Any]) -> dict[str, str]:
    """Fields that stand where they do not belong: words must not reach the trail."""
    faults = {}
    for name in detail:
        if name in grounds.fields and grounds.fields[name].kept is FieldStorage.CASE_FILE:
            faults[name] = "holds words: put it under `texts`, which are kept encrypted"
    for name in texts:
        if name in grounds.fields and grounds.fields[name].kept is FieldStorage.TRAIL:
            faults[name] = "is a code: put it under `detail`"
    return faults
