"""Errors on their way into a task log: none may carry a value of a person."""

from __future__ import annotations

import errno
import logging
import sys
import traceback
from collections.abc import Callable
from importlib import import_module

import pytest
from tests.support.installed import Installation

pytestmark = pytest.mark.usefixtures("airflow_env")

CANARY = "Kanarie van der Vogel"


def raised(fault: Callable[[], None]) -> BaseException:
    """What leaves a step in which something goes wrong."""
    from afschrift.airflow_ext.step import step

    with pytest.raises(BaseException) as caught, step():
        fault()
    return caught.value


def unexpected() -> None:
    raise ValueError(f"cannot convert {CANARY}")


def with_a_cause() -> None:
    try:
        unexpected()
    except ValueError as error:
        raise LookupError(f"row of {CANARY}") from error


def panic() -> None:
    class PanicException(BaseException):  # as Rust libraries raise it
        pass

    raise PanicException(f"called unwrap on {CANARY}")


def ours_with_a_cause() -> None:
    from afschrift.domain.errors import ConfigurationError

    try:
        unexpected()
    except ValueError as error:
        raise ConfigurationError("Column shop.customer.email is no text.") from error


def group() -> None:
    raise ExceptionGroup(f"of {CANARY}", [ValueError(CANARY)])


@pytest.mark.parametrize("module", ["duckdb", "s3fs"])
def test_an_extra_that_is_gone_in_the_middle_of_a_run_is_named(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    """One worker has it, and another one not: nothing asked for it where it is used."""
    from fsspec import get_filesystem_class

    from afschrift.domain.errors import ConfigurationError

    monkeypatch.setitem(sys.modules, module, None)  # Python then imports it no more
    registered = sys.modules["fsspec.registry"]._registry  # of an earlier test in this process
    monkeypatch.delitem(registered, "s3", raising=False)
    faults = {"duckdb": lambda: import_module("duckdb"), "s3fs": lambda: get_filesystem_class("s3")}

    error = raised(faults[module])

    assert isinstance(error, ConfigurationError)
    extra = {"duckdb": "duckdb", "s3fs": "s3"}[module]
    assert f"pip install 'afschrift[{extra}]'" in str(error)


@pytest.mark.parametrize("fault", [unexpected, with_a_cause, panic, ours_with_a_cause, group])
def test_nothing_of_the_message_gets_out(installation: Installation, fault: Callable[[], None]) -> None:
    from afschrift.domain.errors import AfschriftError

    error = raised(fault)

    assert isinstance(error, AfschriftError)
    assert CANARY not in "".join(traceback.format_exception(error))
    assert CANARY not in repr(error)


def test_type_and_place_are_named(installation: Installation) -> None:
    message = str(raised(unexpected))

    assert message.startswith("There was an unexpected ValueError at airflow_ext/test_step.py:")
    assert "What to do: this is a fault of the software" in message


def test_our_own_places_are_named_on_the_way_to_a_library(installation: Installation) -> None:
    from afschrift.domain.event import digest

    message = str(raised(lambda: digest({CANARY: object()})))

    assert "afschrift/domain/event.py:" in message
    assert CANARY not in message


def test_an_error_of_the_system_is_retriable_and_says_what(installation: Installation) -> None:
    from afschrift.domain.errors import RetriableError

    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", f"/tmp/{CANARY}")

    error = raised(full)

    assert isinstance(error, RetriableError)
    assert "No space left on device" in str(error)
    assert CANARY not in str(error)


def test_an_error_of_ours_stays_what_it_is(installation: Installation) -> None:
    from afschrift.domain.errors import ConfigurationError

    assert type(raised(ours_with_a_cause)) is ConfigurationError


def test_a_question_skips_and_says_what_to_do(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from afschrift.domain.errors import NeedsPersonError

    def question() -> None:
        raise NeedsPersonError("It is unknown.", question="identity", remedy="ask an officer.")

    with caplog.at_level(logging.WARNING, "afschrift.run"):
        error = raised(question)

    assert isinstance(error, AirflowSkipException)
    assert caplog.messages == ["A person is needed. It is unknown. What to do: ask an officer."]


def test_what_airflow_steers_by_passes(installation: Installation) -> None:
    from airflow.sdk.exceptions import AirflowTaskTimeout

    def late() -> None:
        raise AirflowTaskTimeout

    assert isinstance(raised(late), AirflowTaskTimeout)


def test_a_step_without_an_installation_says_so(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afschrift.domain.errors import ConfigurationError

    monkeypatch.setenv("AFSCHRIFT_KEYS", "/nowhere/keys.json")

    error = raised(lambda: None)

    assert isinstance(error, ConfigurationError)
    assert "afschrift key new" in str(error)
