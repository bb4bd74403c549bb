"""What is seen of all rows: the same however they come, exact, and bounded."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.overview import CELL, Overview, ProfileChoice
from afschrift.values.table_profiler import (
    LATEST,
    FirstRows,
    TableProfiler,
    month_name,
    months,
    seconds,
    thousandths,
)

CHOICE = ProfileChoice("at", "Europe/Amsterdam", "bpm", "words", bins=20)
Row = tuple[str | None, str | None, str | None]


def written(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


MOMENTS = st.none() | st.just("infinity") | st.integers(-2_500_000_000, 4_400_000_000).map(written)
NUMBERS = (
    st.none() | st.sampled_from(["NaN", "INF", "-INF", "1e300", "0.0005"]) | st.integers(-999, 999).map(str)
)
ROWS = st.lists(st.tuples(MOMENTS, NUMBERS, st.none() | st.text(max_size=3)), max_size=60)


def batch(rows: list[Row]) -> pa.RecordBatch:
    columns = [pa.array([row[n] for row in rows], pa.string()) for n in range(3)]
    return pa.RecordBatch.from_arrays(columns, names=["at", "bpm", "words"])


def look(batches: list[pa.RecordBatch], choice: ProfileChoice = CHOICE) -> Overview:
    profiler = TableProfiler(choice)
    for piece in batches:
        profiler.take(piece)
    return profiler.overview()


@given(ROWS, st.lists(st.integers(0, 60), max_size=4))
def test_an_overview_does_not_depend_on_batches(rows: list[Row], cuts: list[int]) -> None:
    whole = batch(rows)
    places = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    pieces = [whole.slice(a, b - a) for a, b in itertools.pairwise(places)]
    assert look(pieces) == look([whole])


@given(ROWS)
def test_intervals_and_months_count_every_measured_row_once(rows: list[Row]) -> None:
    seen = look([batch(rows)])
    moments = [(r[0], float(r[1])) for r in rows if r[0] and r[0][:2] in ("19", "20") and r[1]]
    counted = [value for _, value in moments if abs(value) <= 1e9]
    assert sum(b[0] for b in seen.intervals.values()) == len(counted)
    assert sum(b[0] for b in seen.months.values()) == len(counted)
    assert len(seen.intervals) <= CHOICE.bins
    total = sum(b[3] for b in seen.months.values())
    assert total == sum(b[3] for b in seen.intervals.values())
    assert total == pytest.approx(sum(counted) * 1000, abs=len(counted))


def test_months_are_those_of_the_zone() -> None:
    moments, known = seconds(
        pa.array(["2026-02-28T22:59:59.5Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"])
    )
    assert known.all()
    names = [month_name(int(n)) for n in months(moments, "Europe/Amsterdam")]
    assert names == ["2026-02", "2026-03", "2026-04"]
    assert [month_name(int(n)) for n in months(moments, "UTC")] == ["2026-02", "2026-02", "2026-03"]


@given(st.integers(-2_208_000_000, 4_102_000_000), st.sampled_from(["America/New_York", "Asia/Kolkata"]))
def test_months_agree_with_the_calendar(moment: int, zone: str) -> None:
    aware = datetime.fromtimestamp(moment, UTC)
    found, _ = seconds(pa.array([written(moment)]))
    assert month_name(int(months(found, zone)[0])) == aware.astimezone(ZoneInfo(zone)).strftime("%Y-%m")


def test_values_that_are_no_moments_or_numbers_are_left_out() -> None:
    texts = pa.array(
        ["2026-02-30T00:00:00Z", "9999-12-31", "infinity", "", None, "2026-02-03", "0044-03-15 BC"]
    )
    moments, known = seconds(texts)
    assert known.tolist() == [False, False, False, False, False, True, False]
    assert moments[5] == datetime(2026, 2, 3, tzinfo=UTC).timestamp()
    values, known = thousandths(pa.array(["NaN", "-INF", None, "1e300", "72.5", "[masked]"]))
    assert known.tolist() == [False, False, False, False, True, False]
    assert values[4] == 72500


def test_the_newest_texts_are_kept_newest_first() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=n) for n in range(80)]
    rows: list[Row] = [(d.isoformat().replace("+00:00", "Z"), None, f"search {d:%j}") for d in reversed(days)]
    latest = look([batch(rows)]).latest
    assert len(latest) == LATEST
    assert latest[0] == ("search 080", int(days[-1].timestamp()))
    assert latest[-1][0] == "search 031"


def test_nothing_is_looked_at_without_a_moment() -> None:
    assert look([batch([("2026-01-01", "1", "x")])], ProfileChoice()) == Overview(ProfileChoice())


@given(st.lists(st.text(max_size=8), min_size=1, max_size=40), st.integers(1, 60), st.integers(1, 40))
def test_first_rows_fill_a_size_however_they_were_batched(texts: list[str], limit: int, size: int) -> None:
    table = pa.record_batch({"a": pa.array(texts)})
    whole, pieces = FirstRows(limit), FirstRows(limit)
    whole.take(table)
    for start in range(0, len(texts), size):
        pieces.take(table.slice(start, size))
    assert whole.rows == pieces.rows
    assert [row["a"] for row in whole.rows] == texts[: len(whole.rows)]
    assert len(whole.rows) >= 1


def test_an_enormous_text_is_cut_and_tells_so() -> None:
    first = FirstRows(100)
    first.take(pa.record_batch({"a": pa.array(["é" * 5_000_000, None])}))
    assert first.rows == [{"a": "é" * (CELL + 1)}]
