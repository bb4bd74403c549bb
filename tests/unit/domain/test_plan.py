"""The digest of a plan is that of its canonical JSON; of which sources something is staged for an answer."""

import hashlib
from dataclasses import asdict
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.properties import quicker

from afschrift.domain.plan import ExtractPlan, Plan, Withheld
from afschrift.domain.right import Right

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


RULES = st.dictionaries(
    TEXTS, TEXTS | st.booleans() | st.floats(-9, 9) | st.lists(TEXTS, max_size=2), max_size=3
)
EXTRACTS = st.lists(
    st.builds(ExtractPlan, row_rule=RULES, statement=TEXTS, redactions=st.just(())), max_size=2
)
PLANS = st.builds(Plan, extracts=EXTRACTS.map(tuple), consents=st.dictionaries(TEXTS, TEXTS, max_size=4))


def plan(*extracts: ExtractPlan, **more: Any) -> Plan:
    parts: dict[str, Any] = {"withheld": ()} | more
    frozen = {"inventory": "i", "policy": "p", "package": "1", "frozen_at": "2026-01-01T00:00:00Z"}
    return Plan("R-1", Right.ACCESS, "nl", ("csv",), extracts, **frozen, **parts)


NUMBERS = ExtractPlan("s", "t", (), "SELECT", row_rule={"n": [1e21, 1.0]})


@quicker(3)
@given(PLANS)
@example(plan(consents={"\U00010000": "a", "\uffff": "b"}))  # UTF-16 and UTF-8 order these otherwise
@example(plan(consents={"é\x00\x1f\x7f\u2028": '\\"/<>&\b\f\n\r\t'}))
@example(plan(NUMBERS))  # RFC 8785 says how numbers are written
def test_a_plan_has_the_digest_of_its_canonical_json(plan: Plan) -> None:
    assert plan.digest() == hashlib.sha256(rfc8785.dumps(as_before(asdict(plan)))).hexdigest()


ABSENT = [("damage", ""), ("place", ""), ("versions", {}), ("withdrawn", {})]


def as_before(value: Any) -> Any:
    """Without the later fields that are left out where they are empty."""
    if isinstance(value, dict):
        left = {k: v for k, v in value.items() if (k, v) not in ABSENT}
        return {name: as_before(part) for name, part in left.items()}
    return [as_before(part) for part in value] if isinstance(value, (list, tuple)) else value


READ = ExtractPlan("shop", "customer", (), "SELECT 1")
HIDDEN = {"withheld": (Withheld("club", "score", ()), Withheld("club", "rating", ()))}
REST = HIDDEN | {"after": ("sha",)}


@pytest.mark.parametrize(
    ("plan", "sources"),
    [
        (plan(**HIDDEN), ()),  # a whole answer from which all is left out: nothing is staged
        (plan(**REST), ("club",)),  # the rest of an answer describes it all the same
        (plan(READ, **REST), ("shop",)),
    ],
)
def test_sources_that_only_withhold_count_in_the_rest(plan: Plan, sources: tuple[str, ...]) -> None:
    assert plan.staged == sources
