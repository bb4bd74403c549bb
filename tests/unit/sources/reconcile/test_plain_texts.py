"""Value forms of times and floats as databases write them, for any value."""

from __future__ import annotations

from datetime import datetime, time

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.value_kind import ValueKind
from afschrift.sources.reconcile import plain_texts
from afschrift.values.scalars import text


@given(st.lists(st.datetimes(min_value=datetime(1, 1, 1)), min_size=1))  # noqa: DTZ001
def test_moments_come_back_as_a_database_writes_them(moments: list[datetime]) -> None:
    forms = text(pa.array(moments, pa.timestamp("us", "UTC")), ValueKind.INSTANT)
    own = [_short(f"{moment:%H:%M:%S.%f}") for moment in moments]
    days = [moment.date().isoformat() for moment in moments]
    written = [f"{day} {clock}+00" for day, clock in zip(days, own, strict=True)]
    assert plain_texts.moments(forms).to_pylist() == written


@given(st.lists(st.times(), min_size=1))
def test_clocks_come_back_as_a_database_writes_them(clocks: list[time]) -> None:
    forms = text(pa.array(clocks, pa.time64("us")), ValueKind.TIME)
    assert plain_texts.clocks(forms).to_pylist() == [_short(f"{clock:%H:%M:%S.%f}") for clock in clocks]


def _short(clock: str) -> str:
    return clock.rstrip("0").rstrip(".") if clock[8:].strip(".0") else clock[:8]


@given(st.lists(st.floats(), min_size=1))
def test_floats_are_compared_by_their_bits(values: list[float]) -> None:
    forms = text(pa.array(values, pa.float64()), ValueKind.NUMBER)
    assert len(set(plain_texts.double_bits(forms).to_pylist())) == len(set(map(repr, values)))


@given(st.floats(allow_nan=False))
def test_a_float_reads_back_from_its_text(value: float) -> None:
    form = text(pa.array([value], pa.float64()), ValueKind.NUMBER)[0].as_py()
    assert repr(float(plain_texts.float_text(form, 15).replace("Infinity", "inf"))) == repr(value)
