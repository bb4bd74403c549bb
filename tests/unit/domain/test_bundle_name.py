"""Every name that a bundle is given is accepted where it is left, and no two bundles share one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.files import bundle_name, check_name
from afschrift.domain.plan import Portion
from afschrift.domain.request import new_id
from afschrift.domain.right import Right
from afschrift.law.partial_response import suffix

ANSWERS = st.lists(st.sampled_from((Portion.PARTIAL, Portion.SUPPLEMENT, Portion.FULL)), max_size=30)


@given(right=st.sampled_from(list(Right)), answers=ANSWERS)
def test_each_delivery_has_its_own_valid_name(right: Right, answers: list[Portion]) -> None:
    request, taken, parts = new_id("req"), [], []
    for portion in answers:
        name = bundle_name(f"{request}-{right}{suffix(portion, parts)}", taken)
        check_name(name)
        assert name not in taken
        taken.append(name)
        if portion is Portion.PARTIAL:
            parts.append("0" * 64)


@given(parts=st.integers(0, 10**6), tries=st.integers(1, 300))
def test_parts_and_tries_are_counted_as_far_as_they_go(parts: int, tries: int) -> None:
    stem = f"req-0123456789ab-portability-partial-{parts}"
    taken: list[str] = []
    for _ in range(tries):
        taken.append(bundle_name(stem, taken))
    assert len(set(taken)) == tries


@pytest.mark.parametrize("tail", ["access", "access-2", "portability-partial", "access-supplement-2"])
def test_names_that_a_register_recorded_earlier_stay_valid(tail: str) -> None:
    check_name("afschrift-req-7k3m9x2p4v0q.zip")
    check_name(f"req-7k3m9x2p4v0q-{tail}.zip")


def test_a_stem_that_is_not_of_a_request_gets_no_name() -> None:
    with pytest.raises(ConfigurationError, match="built from its request's id"):
        bundle_name("jan-jansen-access")
