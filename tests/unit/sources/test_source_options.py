"""Connections as Airflow writes them into the environment."""

from __future__ import annotations

import json

import pytest

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Connection
from afschrift.sources.options import from_environment


def read(text: str) -> Connection:
    return from_environment("Shop", {"AIRFLOW_CONN_SHOP": text})


def test_a_uri_with_all_parts() -> None:
    assert read("postgres://an%40na:p%2Fw@db.example.org:5433/shop?sslmode=require&empty=") == Connection(
        id="Shop",
        kind="postgres",
        host="db.example.org",
        port=5433,
        login="an@na",
        password="p/w",
        database="shop",
        extra={"sslmode": "require", "empty": ""},
    )


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("mysql://u@/d?unix_socket=%2Ftmp%2Fs", None),
        ("postgres://u@%2Ftmp%2FPg-1/d", "/tmp/Pg-1"),
        ("postgres://u@[::1]:5432/d", "::1"),
        ("postgres://u@Db.Example.org/d", "Db.Example.org"),
    ],
)
def test_hosts(uri: str, host: str | None) -> None:
    assert read(uri).host == host


def test_json_is_the_same_connection() -> None:
    document = {
        "conn_type": "postgresql",
        "login": "anna",
        "password": "p/w",
        "host": "h",
        "port": 5433,
        "schema": "shop",
        "extra": {"sslmode": "require"},
    }
    as_uri = read("postgres://anna:p%2Fw@h:5433/shop?sslmode=require")
    assert read(json.dumps(document)) == as_uri
    assert read(json.dumps(document | {"extra": json.dumps(document["extra"])})) == as_uri
    assert read('postgresql://anna:p%2Fw@h:5433/shop?__extra__={"sslmode": "require"}') == as_uri


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
