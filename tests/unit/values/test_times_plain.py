"""Which dates and times every reader can read: those of the years 1 to 9999."""

from __future__ import annotations

import pyarrow as pa
import pytest

from afschrift.values.times import plain


@pytest.mark.parametrize(
    ("texts", "is_plain"),
    [
        ([], True),
        ([None, None], True),
        (["2024-02-29", None, "0001-01-01", "9999-12-31"], True),
        (["2024-01-01 10:00:00.5+00", "0100-01-01 00:00:00+00"], True),
        (["2024-01-01T10:00:00Z"], True),
        (["infinity"], False),
        (["-infinity"], False),
        (["2024-01-01", "0044-03-15 BC"], False),
        (["0044-03-15 (BC)"], False),
        (["0044-03-15 (BC) 12:00:00+00"], False),
        (["0044-03-15 12:00:00+00 BC"], False),
        (["10000-01-01"], False),
        (["0000-01-01"], False),
    ],
)
def test_plain(texts: list[str | None], is_plain: bool) -> None:
    assert plain(pa.array(texts, pa.string())) is is_plain
    padded = pa.array(["x", *texts, "y"], pa.string())
    assert plain(padded.slice(1, len(texts))) is is_plain


def test_arrows_own_dates_are() -> None:
    assert plain(pa.array([0, None], pa.date32()))
