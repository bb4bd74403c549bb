"""What the event of a step says: on what it rests and how long it took; of a frozen plan also counts."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from afschrift.casework.decision.in_force import DECISION
from afschrift.casework.identity.question import IDENTITY_KIND, MANDATE
from afschrift.casework.review.redactions_in_force import REVIEW
from afschrift.domain.plan import ExtractPlan, Plan, Withheld
from afschrift.register.register import Register

PLANS = ("plan_frozen", "plan_kept")
_CHANNEL = "channel:"


class StepEvidence:
    """Begun with the step; its event holds it."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def seconds(self) -> dict[str, float]:
        """`seconds` since the step began."""
        return {"seconds": round(time.monotonic() - self._begun, 1)}

    def of(self, basis: StepBasis, bundle: str | None = None) -> dict[str, Any]:
        """`rests_on` and `seconds`."""
        return {"rests_on": basis.rests_on(bundle), **self.seconds()}


class StepBasis:
    """The decisions and plans in the trail that a step may rest on."""

    def __init__(self, register: Register, request_id: str) -> None:
        self._events = register.trail.of_types(request_id, "decision_taken", *PLANS)

    def rests_on(self, bundle: str | None = None) -> dict[str, dict[str, Any]]:
        """What a step rests on.

        Args:
            bundle: digest of the one that is handed over; its review is named where there was one.

        Returns:
            `identity`, `mandate`, `decision`, `plan` and `review`, as far as there is one -> `event`, its
            number in the trail, and `by`, the role or the channel that said it.
        """
        rests: dict[str, dict[str, Any]] = {}
        for header, payload in self._events:
            said = payload or {}
            kind = "plan" if header.type in PLANS else said.get("kind")
            if kind == REVIEW and (bundle is None or said.get("about") != bundle):
                continue
            if kind in ("plan", IDENTITY_KIND.name, MANDATE, DECISION, REVIEW):
                rests[kind] = {"event": header.seq, **_by(header.actor, said)}
        return rests


def _by(actor: str, payload: dict[str, Any]) -> dict[str, str]:
    """The role or channel; never the account, which names somebody."""
    role = (payload.get("held") or {}).get("role")
    if role:
        return {"by": role}
    return {"by": actor.replace(_CHANNEL, "channel ", 1)} if actor.startswith(_CHANNEL) else {}


def plan_evidence(plan: Plan) -> dict[str, Any]:
    """Counts, codes and names of tables and sources; never a column, a statement or a value."""
    parts: list[ExtractPlan | Withheld] = [*plan.extracts, *plan.withheld]
    fields = [field for part in parts for field in part.fields]
    redactions = [one for extract in plan.extracts for one in extract.redactions]
    rules = {rule for field in fields for rule in field.rules} | {r for one in redactions for r in one.rules}
    counted = Counter((f.action.value, f.reason, f.rules) for f in fields)
    columns = [
        {"action": action, "reason": reason, "rules": list(by), "columns": number}
        for (action, reason, by), number in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]
    return {
        "inventory": plan.inventory,
        "policy": plan.policy,
        "tables": len(plan.extracts),
        "withheld": len(plan.withheld),
        "rules": sorted(rules),
        "columns": columns,
        **({"withheld_tables": [f"{w.source}.{w.table}" for w in plan.withheld]} if plan.withheld else {}),
        **({"redactions": len(redactions)} if redactions else {}),
        **({"manual": {one.source: one.status.value for one in plan.manual}} if plan.manual else {}),
        **({"later": [one.source for one in plan.later]} if plan.later else {}),
        **({"after": list(plan.after)} if plan.after else {}),
    }
