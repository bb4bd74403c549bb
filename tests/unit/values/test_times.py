from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.value_kind import ValueKind
from afschrift.values.times import from_dates, from_timestamps, normalise
from afschrift.values.written import ValueFormError


def normalised(text: str, kind: ValueKind) -> str:
    """Alone and beside a text that is not well-formed: texts that all are take a short way."""
    alone = normalise(pa.array([text]), kind)[0].as_py()
    mixed = normalise(pa.array([text, None, "2000-01-01 00:00:00", "00:00:00.0"]), kind)[0].as_py()
    assert alone == mixed
    return str(alone)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-01 10:00:00+00", "2024-01-01T10:00:00Z"),
        ("2024-01-01 10:00:00.5+00", "2024-01-01T10:00:00.500000Z"),
        ("2024-01-01 10:00:00.000000+00:00", "2024-01-01T10:00:00Z"),
        ("2024-01-01T10:00:00.123450Z", "2024-01-01T10:00:00.123450Z"),
        ("2024-01-01 10:00:00.123456789", "2024-01-01T10:00:00.123456789Z"),
        ("2024-01-01 10:00:00.123456700+00", "2024-01-01T10:00:00.1234567Z"),
        ("2024-01-01T10:00:00.000000Z", "2024-01-01T10:00:00Z"),
        ("2024-01-01T10:00:00.1234560Z", "2024-01-01T10:00:00.123456Z"),
        ("12024-01-01 00:00:00+00", "12024-01-01T00:00:00Z"),
    ],
)
def test_instants(text: str, expected: str) -> None:
    assert normalised(text, ValueKind.INSTANT) == expected
    assert normalised(expected, ValueKind.INSTANT) == expected


@pytest.mark.parametrize("kind", [ValueKind.INSTANT, ValueKind.DATETIME])
@pytest.mark.parametrize(
    "text",
    [
        "infinity",
        "-infinity",
        "0077-01-01 (BC) 10:00:00.25",
        "0077-01-01 (BC) 10:00:00+00",
        "0044-03-15 10:00:00+00 BC",
        "0000-00-00",
        "",
    ],
)
def test_what_rfc_3339_cannot_say_passes_unharmed(text: str, kind: ValueKind) -> None:
    assert normalised(text, kind) == text


def test_a_local_time_gets_no_suffix() -> None:
    assert normalised("2024-01-01 10:00:00.25", ValueKind.DATETIME) == "2024-01-01T10:00:00.250000"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10:00:00", "10:00:00"),
        ("10:00:00.5", "10:00:00.500000"),
        ("10:00:00.5+02", "10:00:00.500000+02:00"),
        ("10:00:00-03:30", "10:00:00-03:30"),
        ("10:00:00+00", "10:00:00Z"),
        ("10:00:00.5+01:02:03", "10:00:00.500000+01:02:03"),
        ("10:00:00+00:00:30", "10:00:00+00:00:30"),
    ],
)
def test_times_of_day(text: str, expected: str) -> None:
    assert normalised(text, ValueKind.TIME) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2024-01-01 10:00:00+02", ValueKind.INSTANT),
        ("2024-01-01 10:00:00+00", ValueKind.DATETIME),
        ("2024-01-01 10:00:00Z", ValueKind.DATETIME),
    ],
)
def test_a_forbidden_offset_is_a_fault_reported_without_the_value(text: str, kind: ValueKind) -> None:
    with pytest.raises(ValueFormError) as caught:
        normalised(text, kind)
    assert "2024" not in caught.value.reason + caught.value.remedy
    assert "time zone" in caught.value.remedy


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@given(moment=st.datetimes().filter(lambda moment: 1700 < moment.year < 2200))  # what nanoseconds reach
def test_every_unit_of_arrow(unit: str, moment: dt.datetime) -> None:
    kept = {"s": 0, "ms": moment.microsecond // 1000 * 1000}.get(unit, moment.microsecond)
    moment = moment.replace(microsecond=kept)
    assert from_timestamps(pa.array([moment], pa.timestamp(unit)), ValueKind.DATETIME).to_pylist() == [
        moment.isoformat()
    ]


@given(st.dates())
def test_every_date_of_python(day: dt.date) -> None:
    assert from_dates(pa.array([day])).to_pylist() == [day.isoformat()]


@pytest.mark.parametrize("days", [-719163, 2932897, 2**31 - 1, -(2**31)])
def test_dates_beyond_the_calendar_are_a_fault(days: int) -> None:
    with pytest.raises(ValueFormError, match="before the year 1"):
        from_dates(pa.array([0, days], pa.int32()).cast(pa.date32()))


@pytest.mark.parametrize("micros", [-62135596800000001, 253402300800000000, 2**63 - 1, -(2**63) + 1])
def test_timestamps_beyond_the_calendar_are_a_fault(micros: int) -> None:
    with pytest.raises(ValueFormError, match="infinite"):
        from_timestamps(pa.array([micros], pa.timestamp("us")), ValueKind.DATETIME)
