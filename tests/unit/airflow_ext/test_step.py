"""Errors on their way into a task log: none may carry a value of a person."""

import errno
import logging
import sys
import traceback
from collections.abc import Callable
from importlib import import_module

import pytest
from fsspec import get_filesystem_class
from fsspec.registry import _registry

from afschrift.domain.errors import AfschriftError, ConfigurationError, NeedsPersonError, RetriableError
from afschrift.domain.event import digest

pytestmark = pytest.mark.usefixtures("airflow_env", "installation")

CANARY = "Kanarie van der Vogel"


def raised(fault: Callable[[], None]) -> BaseException:
    """What leaves a step in which something goes wrong."""
    from afschrift.airflow_ext.step import step

    with pytest.raises(BaseException) as caught, step():
        fault()
    return caught.value


def raising(error: BaseException) -> Callable[[], None]:
    def fault() -> None:
        raise error

    return fault


def unexpected() -> None:
    raise ValueError(f"cannot convert {CANARY}")


def with_a_cause(error: Exception) -> Callable[[], None]:
    def fault() -> None:
        try:
            unexpected()
        except ValueError as cause:
            raise error from cause

    return fault


class PanicException(BaseException):
    """As Rust libraries raise it."""


ours_with_a_cause = with_a_cause(ConfigurationError("Column shop.customer.email is no text."))
FAULTS = {
    "unexpected": unexpected,
    "with a cause": with_a_cause(LookupError(f"row of {CANARY}")),
    "panic": raising(PanicException(f"called unwrap on {CANARY}")),
    "ours with a cause": ours_with_a_cause,
    "group": raising(ExceptionGroup(f"of {CANARY}", [ValueError(CANARY)])),
}


@pytest.mark.parametrize(
    ("module", "extra", "fault"),
    [
        ("duckdb", "duckdb", lambda: import_module("duckdb")),
        ("s3fs", "s3", lambda: get_filesystem_class("s3")),
    ],
)
def test_an_extra_that_is_gone_in_the_middle_of_a_run_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, extra: str, fault: Callable[[], object]
) -> None:
    """One worker has it, and another one not: nothing asked for it where it is used."""
    monkeypatch.setitem(sys.modules, module, None)  # Python then imports it no more
    monkeypatch.delitem(_registry, "s3", raising=False)  # of an earlier test in this process

    error = raised(fault)

    assert type(error) is ConfigurationError
    assert f"pip install 'afschrift[{extra}]'" in str(error)


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_of_the_message_gets_out(fault: str) -> None:
    error = raised(FAULTS[fault])

    assert isinstance(error, AfschriftError)
    assert CANARY not in "".join(traceback.format_exception(error))
    assert CANARY not in repr(error)


def test_type_and_place_are_named_also_on_the_way_to_a_library() -> None:
    message = str(raised(unexpected))

    assert message.startswith("There was an unexpected ValueError at airflow_ext/test_step.py:")
    assert "What to do: this is a fault of the software" in message

    message = str(raised(lambda: digest({CANARY: object()})))

    assert "afschrift/domain/event.py:" in message
    assert CANARY not in message


def test_an_error_of_the_system_is_retriable_and_says_what() -> None:
    error = raised(raising(OSError(errno.ENOSPC, "No space left on device", f"/tmp/{CANARY}")))

    assert isinstance(error, RetriableError)
    assert "No space left on device" in str(error)
    assert CANARY not in str(error)


def test_a_question_skips_and_says_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    question = NeedsPersonError("It is unknown.", question="identity", remedy="ask an officer.")
    with caplog.at_level(logging.WARNING, "afschrift.run"):
        error = raised(raising(question))

    assert isinstance(error, AirflowSkipException)
    assert caplog.messages == ["A person is needed. It is unknown. What to do: ask an officer."]


def test_what_airflow_steers_by_and_an_error_of_ours_pass() -> None:
    from airflow.sdk.exceptions import AirflowTaskTimeout

    assert isinstance(raised(raising(AirflowTaskTimeout())), AirflowTaskTimeout)
    assert type(raised(ours_with_a_cause)) is ConfigurationError


def test_a_step_without_an_installation_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFSCHRIFT_KEYS", "/nowhere/keys.json")

    error = raised(lambda: None)

    assert isinstance(error, ConfigurationError)
    assert "afschrift key new" in str(error)
