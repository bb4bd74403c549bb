"""The person's keys as rows, as Arrow and as text."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.domain.sources import Connection
from afschrift.sources.mysql.dialect import mysql_number
from afschrift.sources.options import from_environment
from afschrift.sources.person_keys import key_rows, number, text_key_rows, utc_text

AT = "2026-01-01T00:00:00Z"
KEYS = [Key("id", "46"), Key("mail", "ann@example.org", "2020-01-01T01:00:00+01:00", AT), Key("mail", "a\0b")]


def test_arrow_rows() -> None:
    rows = key_rows((KEYS, AT)).to_pylist()
    asked = datetime(2026, 1, 1, tzinfo=UTC)
    names = ("person", "name", "value", "valid_from", "valid_to", "is_current", "asked_at")
    assert [tuple(row) for row in rows] == [names] * 2
    assert [tuple(row.values()) for row in rows] == [
        (0, "id", "46", None, None, True, asked),
        (0, "mail", "ann@example.org", datetime(2020, 1, 1, tzinfo=UTC), asked, False, asked),
    ]


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


NO_NUMBERS = (
    *("", "-0", "046", "4.0", "4.", "4e6", " 4", "4 ", "+4", "٤", "1" * 20, "0.001", "0x1", "NaN", "4\n"),
)


def test_numbers_in_their_plain_spelling() -> None:
    for value in ("0", "-1", "46", "4.6", "-0.5", "4.60", "1234567890123456789"):
        assert number(value, 19, 2) == Decimal(value)
    assert [value for value in NO_NUMBERS if number(value, 19, 2) is not None] == []


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


def read(text: str) -> Connection:
    return from_environment("Shop", {"AIRFLOW_CONN_SHOP": text})


def test_a_uri_and_json_are_the_same_connection() -> None:
    whole = Connection("Shop", "postgres", "h", 5433, "anna", "p/w", "shop", {"sslmode": "require"})
    document = {
        "conn_type": "postgresql", "login": "anna", "password": "p/w", "host": "h", "port": 5433, "schema": "shop",
        "extra": {"sslmode": "require"},
    }  # fmt: skip
    for text in (
        "postgres://anna:p%2Fw@h:5433/shop?sslmode=require",
        'postgresql://anna:p%2Fw@h:5433/shop?__extra__={"sslmode": "require"}',
        json.dumps(document),
        json.dumps(document | {"extra": json.dumps(document["extra"])}),
    ):
        assert read(text) == whole


def test_parts_of_a_uri() -> None:
    found = read("postgres://an%40na@[::1]:5432/d?empty=")
    assert (found.login, found.host, found.extra) == ("an@na", "::1", {"empty": ""})
    assert read("mysql://u@/d?unix_socket=%2Ftmp%2Fs").host is None
    assert read("postgres://u@%2Ftmp%2FPg-1/d").host == "/tmp/Pg-1"
    assert read("postgres://u@Db.Example.org/d").host == "Db.Example.org"


@pytest.mark.parametrize("text", ["secret-word", "{secret-word", "postgres://u:secret-word@h:port/d", "[]"])
def test_unreadable_options_are_reported_without_their_value(text: str) -> None:
    with pytest.raises(ConfigurationError, match="AIRFLOW_CONN_SHOP") as caught:
        read(text)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_connection_that_is_not_defined() -> None:
    with pytest.raises(ConfigurationError, match=r"no connection Shop.*set AIRFLOW_CONN_SHOP"):
        from_environment("Shop", {})


def test_a_password_is_in_no_text_of_a_connection() -> None:
    assert "secret-word" not in repr(read("postgres://u:secret-word@h/d"))
