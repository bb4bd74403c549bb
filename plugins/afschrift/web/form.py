"""Forms that were sent: whether they come from a page of ours, and the answer to a question in one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from afschrift.app.settings import Settings
from afschrift.casework.manual.scan import scan, too_large
from afschrift.casework.review.question import REDACTIONS
from afschrift.domain.errors import FormError, RefusedError
from afschrift.law.manual_search import NewFile
from afschrift.web.caller import Caller, Known, cross_origin_error, is_same_origin
from afschrift.web.multipart import AT_MOST, FIELDS_BYTES, FILES_AT_MOST, Sent, read, sent_form
from afschrift.web.page import Problem
from afschrift.web.tokens import is_form_token

LINES = f"f.{REDACTIONS}"
"""Name under which the page of a question sends the lines of what is masked."""


RENEWED = (
    "Your log-in was renewed since this page was opened. What you typed is still here: look at it and send "
    "it again. Nothing was recorded."
)
CUT = (
    f"More was sent than is taken: {AT_MOST:,} ticks and fields, {FILES_AT_MOST} files, and "
    f"{FIELDS_BYTES // 1_000_000} MB of text. What came first is still here, the rest is not. Nothing was "
    "recorded: send less."
)


def unsendable(request: Request, by: Caller, sent: Sent) -> tuple[Problem, int] | None:
    """Why a form is not taken, whatever it holds, and the status; None: it is from its own page, and whole.

    Raises:
        CrossOriginError: another site sent it.
    """
    if not is_form_token(by, request.url.path, sent.value("token")):
        if not is_same_origin(request):
            raise cross_origin_error()
        return Problem(RENEWED), 403
    return (Problem(CUT), 422) if sent.cut else None


async def _posted(request: Request, _by: Known) -> AsyncIterator[Sent]:
    with sent_form() as sent:
        await read(request, sent)
        yield sent


Posted = Annotated[Sent, Depends(_posted)]
"""A form without files, which is read once the caller is known."""


def _ours(request: Request, by: Known, sent: Posted) -> Sent:
    if not is_form_token(by, request.url.path, sent.value("token")):
        raise cross_origin_error()
    return sent


Ours = Annotated[Sent, Depends(_ours)]
"""The same, refused as CrossOriginError without the token of its page."""


def files_of(sent: Sent) -> list[NewFile]:
    """The uploaded files, each checked by its content.

    Raises:
        FormError: one cannot be taken.
    """
    at_most = Settings.from_environment().manual_bytes
    found = []
    for number, file in enumerate(sent.files, 1):
        try:
            if file.too_large:
                raise too_large(at_most)
            found.append(scan(file.name, file.content, file.content.size, at_most))  # type: ignore[arg-type]
        except RefusedError as error:
            raise FormError("A file is not taken.", {"files": f"no. {number}: {error}"}) from None
    return found
