"""What the trail says of a frozen plan: how many columns, by what became of them, why and by which rules."""

from __future__ import annotations

from collections import Counter
from typing import Any

from afschrift.domain.plan import ExtractPlan, Plan, Withheld


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
