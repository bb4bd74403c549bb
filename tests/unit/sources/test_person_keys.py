"""The person's keys as rows, as Arrow and as text."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.sources.mysql.dialect import mysql_number
from afschrift.sources.person_keys import key_rows, number, text_key_rows, utc_text

AT = "2026-01-01T00:00:00Z"
KEYS = [
    Key("id", "46"),
    Key("mail", "ann@example.org", "2020-01-01T01:00:00+01:00", AT),
    Key("mail", "a\0b"),
]


def test_arrow_rows() -> None:
    rows = key_rows((KEYS, AT)).to_pylist()
    asked = datetime(2026, 1, 1, tzinfo=UTC)
    assert rows == [
        {"person": 0, "name": "id", "value": "46", "valid_from": None, "valid_to": None, "is_current": True, "asked_at": asked},
        {
            "person": 0,
            "name": "mail",
            "value": "ann@example.org",
            "valid_from": datetime(2020, 1, 1, tzinfo=UTC),
            "valid_to": asked,
            "is_current": False,
            "asked_at": asked,
        },
    ]  # fmt: skip


def test_text_rows_have_times_whose_order_is_that_of_time() -> None:
    asked = "2026-01-01T00:00:00.000000Z"
    assert text_key_rows((KEYS, AT), of_number=mysql_number) == [
        (0, "id", "46", "46", None, None, 1, asked),
        (0, "mail", "ann@example.org", None, "2020-01-01T00:00:00.000000Z", asked, 0, asked),
    ]


def test_the_keys_of_further_persons_bear_their_number() -> None:
    other = ([Key("id", "47")], "2026-02-01T00:00:00Z")

    rows = key_rows((KEYS, AT), other).to_pylist()

    assert [(row["person"], row["value"]) for row in rows] == [(0, "46"), (0, "ann@example.org"), (1, "47")]
    assert rows[2]["asked_at"] == datetime(2026, 2, 1, tzinfo=UTC)
    assert [row[:3] for row in text_key_rows((KEYS, AT), other, of_number=mysql_number)][2] == (1, "id", "47")


def test_no_keys_are_a_table_too() -> None:
    assert key_rows(([], AT)).num_rows == 0
    assert key_rows(([], AT)).schema == key_rows((KEYS, AT)).schema


@pytest.mark.parametrize("value", ["0", "-1", "46", "4.6", "-0.5", "4.60", "1234567890123456789"])
def test_numbers_in_their_plain_spelling(value: str) -> None:
    assert number(value, 19, 2) == Decimal(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "-0",
        "046",
        "4.0",
        "4.",
        "4e6",
        " 4",
        "4 ",
        "+4",
        "٤",
        "12345678901234567890",
        "0.001",
        "0x1",
        "NaN",
        "4\n",
    ],
)
def test_texts_that_spell_no_plain_number(value: str) -> None:
    assert number(value, 19, 2) is None


@pytest.mark.parametrize("apart", [True, False])
def test_half_of_a_sign_is_an_error_without_the_value(apart: bool) -> None:
    for rows in (key_rows, partial(text_key_rows, of_number=str)):
        with pytest.raises(ConfigurationError, match="A key ck of the person") as caught:
            rows(([Key("ck", "secret\ud800")], "2026-01-01T00:00:00Z"), decomposed=apart)
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2024-07-01 12:00", "Europe/Amsterdam", "2024-07-01T10:00:00.000000Z"),
        ("2024-01-01 12:00", "Europe/Amsterdam", "2024-01-01T11:00:00.000000Z"),
        ("2024-07-01", "Europe/Amsterdam", "2024-06-30T22:00:00.000000Z"),
        ("2024-10-27 02:30:00", "Europe/Amsterdam", "2024-10-27T00:30:00.000000Z"),  # the first of two
        ("2024-07-01T12:00:00.5+05:30", "Europe/Amsterdam", "2024-07-01T06:30:00.500000Z"),
        ("2024-07-01T12:00:00Z", "America/New_York", "2024-07-01T12:00:00.000000Z"),
        ("0001-01-01 00:00", "Asia/Tokyo", None),  # before the year 1 in UTC
        ("9999-12-31 23:00", "America/New_York", None),
        ("never", "UTC", None),
        ("", "UTC", None),
        (None, "UTC", None),
    ],
)
def test_utc(text: str | None, zone: str, expected: str | None) -> None:
    assert utc_text(text, zone) == expected
