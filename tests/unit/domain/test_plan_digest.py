"""The digest of a plan is that of its canonical JSON, however quickly it was made."""

import hashlib
from dataclasses import asdict
from typing import Any

import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from afschrift.domain.plan import ExtractPlan, Plan
from afschrift.domain.right import Right

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
RULES = st.dictionaries(
    TEXTS, TEXTS | st.booleans() | st.floats(-9, 9) | st.lists(TEXTS, max_size=2), max_size=3
)
EXTRACTS = st.lists(
    st.builds(ExtractPlan, row_rule=RULES, statement=TEXTS, redactions=st.just(())), max_size=2
)
PLANS = st.builds(Plan, extracts=EXTRACTS.map(tuple), consents=st.dictionaries(TEXTS, TEXTS, max_size=4))


def plan(**more: Any) -> Plan:
    return Plan("R-1", Right.ACCESS, "nl", ("csv",), (), (), "i", "p", "1", "2026-01-01T00:00:00Z", **more)


@given(PLANS)
@example(plan(consents={"\U00010000": "a", "\uffff": "b"}))  # UTF-16 and UTF-8 order these otherwise
@example(plan(consents={"é\x00\x1f\x7f\u2028": '\\"/<>&\b\f\n\r\t'}))
def test_a_plan_has_the_digest_of_its_canonical_json(plan: Plan) -> None:
    assert plan.digest() == hashlib.sha256(rfc8785.dumps(asdict(plan))).hexdigest()


def test_a_number_in_a_rule_of_rows_is_written_as_rfc_8785_says() -> None:
    extract = ExtractPlan("s", "t", (), "SELECT", row_rule={"n": [1e21, 1.0]})
    plan = Plan("R-1", Right.ACCESS, "nl", (), (extract,), (), "i", "p", "1", "2026-01-01T00:00:00Z")
    assert plan.digest() == hashlib.sha256(rfc8785.dumps(asdict(plan))).hexdigest()
