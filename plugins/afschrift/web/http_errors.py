"""Errors as HTTP tells them: in words what was done wrong; what is wrong with the installation is logged."""

from __future__ import annotations

import logging
import traceback

from afschrift.domain.errors import (
    AfschriftError,
    FormError,
    NotAllowedError,
    RefusedError,
    RetriableError,
    TooLateError,
    UnknownQuestionError,
    UnknownRequestError,
)

log = logging.getLogger("afschrift.web")

CANNOT = "The installation cannot do this now; its log says why."
UNEXPECTED = "There was an unexpected fault; the log names its place."

_STATUS: dict[type[AfschriftError], int] = {
    UnknownQuestionError: 404,
    UnknownRequestError: 404,
    NotAllowedError: 403,
    TooLateError: 409,
    FormError: 422,
    RefusedError: 409,
    RetriableError: 503,
}


def status_and_words(error: Exception) -> tuple[int, str]:
    """The status of HTTP for an error, and what the caller is told.

    What is wrong with the installation goes into its log; of an error that nobody expected its place alone,
    as its message may quote what was written.
    """
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    if status < 500:
        return status, str(error)
    if isinstance(error, AfschriftError):
        log.error("%s", error)
        return status, CANNOT
    _log_location(error)
    return status, UNEXPECTED


def _log_location(error: Exception) -> None:
    last = traceback.extract_tb(error.__traceback__)[-1]
    log.error("Unexpected %s at %s:%s.", type(error).__name__, last.filename, last.lineno)
