"""The pages to take in a request, from an e-mail or typed, with its acknowledgement; and many from CSV."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from afschrift.app.settings import Settings
from afschrift.casework.intake.case_file import add_document
from afschrift.casework.intake.entry import NEEDED, ORIGINAL, SELDOM, field_at, fields, names, read_entry
from afschrift.casework.intake.import_csv import import_csv
from afschrift.casework.intake.read_mail import Mail, read_mail
from afschrift.casework.intake.receive import (
    KIND,
    LikelySame,
    acknowledge,
    case_of_message,
    likely_same,
    receive,
    stored_lines,
)
from afschrift.casework.intake.request_form import RequestForm
from afschrift.casework.intake.store_request import StoredCase
from afschrift.casework.letters.make import MadeLetter, make
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, FormError, RefusedError
from afschrift.domain.instants import utc_now
from afschrift.domain.language import gettext, served_language
from afschrift.law.case_documents import too_large
from afschrift.law.roles import Act
from afschrift.questions.form_fields import FormField, form_field, read_fields
from afschrift.web.answers import Starting, Starts
from afschrift.web.body import Body
from afschrift.web.caller import Caller, Known, cross_origin_error
from afschrift.web.form import Ours, unsendable
from afschrift.web.multipart import Sent, read, sent_form
from afschrift.web.page import Problem, at_fields, problem_of, redirect, render, status_and_words
from afschrift.web.tokens import is_form_token, note, read_note
from afschrift.wiring.build_services import build

CARRIED_BYTES = 2_500_000
"""Of a file that the form carries along between reading and storing; a larger one is chosen again."""

LINES = 1_000
"""Of a CSV file on the page: they are stored while the browser waits."""

log = logging.getLogger("afschrift.web")


router, api = APIRouter(default_response_class=HTMLResponse), APIRouter()


def _taking_in(by: Known) -> Caller:
    by.roles.require(by.account, Act.SUBMIT)
    return by


TakesIn = Annotated[Caller, Depends(_taking_in)]
"""The caller, who may take in; checked before anything is read of what they sent."""


@router.get("/new")
def form(request: Request, by: TakesIn) -> Response:
    """An empty form."""
    return _IntakeForm(request, by, Sent()).page()


@router.post("/new")
async def sent(request: Request, by: TakesIn, starting: Starts) -> Response:
    """Fill in the form from an e-mail, or store the request. A fault shows it with all that was typed."""
    return await _with_file(request, by, lambda sent: _IntakeForm(request, by, sent).answer(starting))


@router.post("/new/import")
async def imported(request: Request, by: TakesIn, starting: Starts) -> Response:
    """Store the lines of a CSV file, and show what is wrong with others."""
    return await _with_file(request, by, lambda sent: _imported(request, by, sent, starting))


@api.post("/requests", status_code=201)
def take_in(by: TakesIn, body: Body, starting: Starts) -> dict[str, Any]:
    """Store a request; the body is the document that `afschrift submit` takes."""
    services, lines, officer = build(lambda line: log.info("%s", line)), list[str](), by.officer()
    intake = RequestForm(body).from_program(services.inventory.identity.keys)
    stored = receive(officer.settings, services, intake, by.account, lines.append)
    lines += [*stored_lines(stored), *_begin(officer, stored.opened, starting)]
    return {"case": stored.case, "requests": stored.requests, "found": stored.found, "lines": lines}


async def _with_file(request: Request, by: Caller, answer: Callable[[Sent], Response]) -> Response:
    """Read a form with a file, and answer it in a thread."""
    most = Settings.from_environment().document_bytes
    with sent_form() as sent:
        # the form sends its token before the file
        await read(request, sent, most, lambda: is_form_token(by, request.url.path, sent.value("token")))
        return await run_in_threadpool(answer, sent)


def _chosen(sent: Sent) -> tuple[str, bytes]:
    """Name and content of the file that was chosen, or that the form carries; both empty: there is none."""
    for file in sent.files:
        if file.too_large:
            raise too_large(Settings.from_environment().document_bytes)
        file.content.seek(0)
        return file.name, file.content.read()
    with suppress(binascii.Error, ValueError):
        return sent.value("name"), base64.b64decode(sent.value("original"), validate=True)
    return "", b""


class _IntakeForm:
    """The form of a new request, as a browser sent it."""

    def __init__(self, request: Request, by: Caller, sent: Sent) -> None:
        self.request, self.by, self.sent = request, by, sent
        self.officer = by.officer()
        self.name, self.original = "", b""
        self.mail: Mail | None = None
        self.likely: LikelySame | None = None

    def answer(self, starting: Starting) -> Response:
        """Fill it in from the file, or store the request."""
        try:
            if barred := unsendable(self.request, self.by, self.sent):
                return self.page(*barred)
            self.name, self.original = _chosen(self.sent)
            reads = self.sent.value("do") == "read"
            if reads and not self.original:
                raise RefusedError(gettext("No file was chosen."))
            with suppress(*(() if reads else (RefusedError,))):  # any document may be kept with the case
                self.mail = read_mail(self.original, utc_now()) if self.original else None
            return self._filled_in() if reads else self._stored(starting)
        except AfschriftError as error:
            if isinstance(error, FormError):
                error.fields = {field_at((name,)): fault for name, fault in error.fields.items()}
            return self.page(*problem_of(error, at_fields(self.fields())))

    def _filled_in(self) -> Response:
        assert self.mail is not None
        mail, values = self.mail, {"message": self.mail.whole, "channel": "email", "made_by": "self"}
        if mail.arrived and not mail.doubt:
            local = mail.arrived.astimezone(ZoneInfo(self.officer.inventory.controller.zone))
            values |= {"received_on": local.date().isoformat(), "received_time": f"{local:%H:%M}"}
        if len(mail.senders) == 1:
            [(values["person_name"], values["person_email"])] = mail.senders
        names = {f"f.{name}" for name in values}
        kept = [pair for pair in self.sent.fields if pair[0] not in names]
        self.sent.fields = [*kept, *((f"f.{name}", value) for name, value in values.items())]
        return self.page()

    def _stored(self, starting: Starting) -> Response:
        officer, inventory = self.officer, self.officer.inventory
        codes, words = read_fields(self.fields(), self.sent.typed)
        values = codes | words
        sure = {name: values.pop(name, None) for name in ORIGINAL}
        missing = {
            name: gettext("is missing") for name, value in sure.items() if self.original and value is None
        }
        try:
            intake = read_entry(values, inventory)
        except FormError as error:
            raise FormError(str(error), {**error.fields, **missing}) from None
        if missing:
            raise FormError(gettext("Nothing was recorded."), missing)
        if case_of_message(officer.register, intake) is None:
            found = likely_same(officer.register, intake, self.by.account)
            self.likely = found if found.requests else None
            if not set(found.requests) <= set(self.sent.value("seen").split()):
                return self.page(status=409)
        services = build(lambda line: log.info("%s", line))
        lines: list[str] = []
        stored = receive(officer.settings, services, intake, officer.by, lines.append, acknowledge=False)
        if self.original and not stored.found:
            lines += self._keep(stored, id_copy=sure["id_copy"] is True)
        lines += _begin(officer, stored.opened, starting)
        words_ = {"requests": " ".join(stored.requests), "next": "\n".join(lines)}
        words_ |= {"found": "true"} if stored.found else {}
        return redirect(self.request, f"/new/stored?notice={note(self.by, words_)}")

    def _keep(self, stored: StoredCase, *, id_copy: bool) -> Iterator[str]:
        """Keep the file with the case; yields why it is not kept, the text of the message is."""
        officer = self.officer
        try:
            add_document(
                officer.register,
                stored.case,
                self.name or "message.eml",
                io.BytesIO(self.original),
                officer.by,
                at_most=officer.settings.document_bytes,
                id_copy=id_copy,
            )
        except RefusedError as error:
            yield gettext("The text of the message is kept, its file is not.") + f" {error}"

    def fields(self) -> list[FormField]:
        """All fields of the form."""
        return [field for _, group, _ in self.groups() for field in group]

    def groups(self, faults: Collection[str] = ()) -> Iterator[tuple[str, list[FormField], str]]:
        """The fields under their headings, in the language of the reader; and whether they are folded.

        Those of a few requests are, as long as nothing is typed in them or wrong with them.
        """
        found = fields(self.officer.inventory, served_language())
        found["The message"] |= ORIGINAL if self.original else {}
        needed = dict.fromkeys((*NEEDED, *ORIGINAL), gettext("needed"))
        needed["right"] = gettext("needed, unless it asks something else only")
        for heading, group in found.items():
            shown = [form_field(name, schema, needed.get(name, "")) for name, schema in group.items()]
            used = any(field.id in faults or any(self.sent.typed(field.name)) for field in shown)
            folded = ("open" if used else "folded") if heading in SELDOM else ""
            yield gettext(heading), shown, folded

    def page(self, problem: Problem | None = None, status: int = 200) -> Response:
        """The form with what was typed."""
        carried = len(self.original) <= CARRIED_BYTES
        return render(
            self.request,
            "new_request",
            status,
            groups=list(self.groups(problem.faults if problem else ())),
            sent=self.sent,
            mail=self.mail,
            file_name=self.name,
            carried=base64.b64encode(self.original).decode() if self.original and carried else "",
            again=bool(self.original) and not carried,
            likely=self.likely,
            problem=problem,
        )


def _begin(officer: Officer, requests: Iterable[str], starting: Starting) -> Iterator[str]:
    """Start the runs; yields what to know about those that did not start."""
    if officer.settings.batch_requests > 1:
        return
    for request_id in requests:
        try:
            starting.run(request_id)
        except AfschriftError:
            log.info("The run of %s was not started.", request_id)
            yield gettext(
                "The run of {request} did not start; it starts by itself later.", request=request_id
            )


@router.get("/new/stored")
def stored(request: Request, by: Known, notice: str = "") -> Response:
    """What was stored, with the acknowledgement as it would go out."""
    return _stored(request, by, read_note(by, notice), notice)


def _stored(
    request: Request, by: Caller, found: Mapping[str, str], notice: str, status: int = 200
) -> Response:
    requests = found.get("requests", "").split()
    officer, made, letter, why = by.officer(), None, None, ""
    if requests:  # else another log-in signed the notice
        letters = officer.register.letters.all(request_id=requests[0])
        letter = next((row for row in letters if row.kind == KIND), None)
        try:
            made = None if letter else make(officer, requests[0], KIND, {}, keep=False)
        except AfschriftError as error:
            why = status_and_words(error)[1]
    return render(
        request,
        "new_stored",
        status,
        found=found,
        requests=requests,
        letter=letter,
        subject=made.text.subject if made else "",
        framed=made.text.html if made else "",
        shown=_digest(made) if made else "",
        why=why,
        may_send=by.roles.may(by.account, Act.DECIDE),
        notice=notice,
    )


def _digest(made: MadeLetter) -> str:
    return hashlib.sha256(made.text.html.encode()).hexdigest()


@router.post("/new/stored")
def acknowledged(request: Request, by: Known, sent: Ours) -> Response:
    """Make and send the acknowledgement that was shown."""
    by.roles.require(by.account, Act.DECIDE)
    notice = sent.value("notice")
    found = read_note(by, notice)
    requests, officer = found.get("requests", "").split(), by.officer()
    if not requests:
        raise cross_origin_error()
    letters = officer.register.letters.all(request_id=requests[0])
    if not any(row.kind == KIND for row in letters):  # a second click sends nothing
        if _digest(make(officer, requests[0], KIND, {}, keep=False)) != sent.value("shown"):
            return _stored(request, by, found, notice, 409)
        acknowledge(officer, requests[0])
    return redirect(request, f"/requests/{requests[0]}#letters")


def _imported(request: Request, by: Caller, sent: Sent, starting: Starting) -> Response:
    officer = by.officer()
    try:
        if barred := unsendable(request, by, sent):
            return _import_page(request, by, *barred)
        name, content = _chosen(sent)
        if not name:
            raise RefusedError(gettext("No file was chosen."))
        services = build(lambda line: log.info("%s", line))
        report = import_csv(officer.settings, services, content, by.account, LINES)
    except AfschriftError as error:
        return _import_page(request, by, *problem_of(error, {}))
    left = list(_begin(officer, report.opened, starting))
    status = 422 if report.faults else 200
    return _import_page(request, by, status=status, report=report, left=left)


@router.get("/new/import")
def import_form(request: Request, by: TakesIn) -> Response:
    """Choose a CSV file."""
    return _import_page(request, by)


def _import_page(
    request: Request, by: Caller, problem: Problem | None = None, status: int = 200, **more: Any
) -> Response:
    return render(
        request,
        "new_import",
        status,
        problem=problem,
        names=names(by.officer().inventory),
        needed=NEEDED,
        most=LINES,
        **{"report": None, "left": (), **more},
    )
