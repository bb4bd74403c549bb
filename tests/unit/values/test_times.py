import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.data import lines

from afschrift.domain.value_kind import ValueKind
from afschrift.values.times import from_dates, from_timestamps, normalise, plain
from afschrift.values.written import ValueFormError


def normalised(text: str, kind: ValueKind) -> str:
    """Alone and beside a text that is not well-formed: texts that all are take a short way."""
    alone = normalise(pa.array([text]), kind)[0].as_py()
    mixed = normalise(pa.array([text, None, "2000-01-01 00:00:00", "00:00:00.0"]), kind)[0].as_py()
    assert alone == mixed
    return str(alone)


@pytest.mark.parametrize(
    "line", lines(__file__, "times.tsv"), ids=lambda line: f"{line['kind']} {line['text']}"
)
def test_a_time_has_one_form(line: dict[str, str]) -> None:
    """What RFC 3339 cannot say passes unharmed, and a local time gets no suffix."""
    for text in (line["text"], line["form"]):
        assert normalised(text, ValueKind(line["kind"])) == line["form"]


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
@given(
    moment=st.datetimes(dt.datetime.fromisoformat("1701-01-01"), dt.datetime.fromisoformat("2199-12-31"))
)  # what nanoseconds reach
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


PLAIN: tuple[list[str | None], ...] = (
    [],
    [None, None],
    ["2024-02-29", None, "0001-01-01", "9999-12-31"],
    ["2024-01-01 10:00:00.5+00", "0100-01-01 00:00:00+00"],
    ["2024-01-01T10:00:00Z"],
)
OTHERS = (
    *("infinity", "-infinity", "0044-03-15 BC", "0044-03-15 (BC)", "0044-03-15 (BC) 12:00:00+00"),
    *("10000-01-01", "0000-01-01"),
)


def test_which_times_every_reader_can_read() -> None:
    """Those of the years 1 to 9999, and Arrow's own dates."""
    cases = [(texts, True) for texts in PLAIN] + [(["2024-01-01", other], False) for other in OTHERS]
    for texts, is_plain in cases:
        assert plain(pa.array(texts, pa.string())) is is_plain, texts
        padded = pa.array(["x", *texts, "y"], pa.string())
        assert plain(padded.slice(1, len(texts))) is is_plain, texts
    assert plain(pa.array([0, None], pa.date32()))
