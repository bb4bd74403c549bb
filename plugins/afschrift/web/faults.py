"""Errors as HTTP tells them: in words what was done wrong; what is wrong with the installation is logged."""

from __future__ import annotations

import logging
import traceback

from afschrift.core.errors import (
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


def status_of(error: Exception) -> int:
    """The status of HTTP for an error."""
    return next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)


def told_of(error: Exception, status: int) -> str:
    """What the caller is told; what is wrong with the installation goes into its log."""
    if status < 500:
        return str(error)
    log.error("%s", error)
    return CANNOT


def log_place(error: Exception) -> None:
    """Log where an unexpected error came up, without its message, which may quote what was written."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    log.error("Unexpected %s at %s:%s.", type(error).__name__, last.filename, last.lineno)
