"""The pages of a review: at a glance, one table, and one file of it. Without script."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from afschrift.casework.answer_form import answer_form
from afschrift.casework.review.judge import Ticks, keep_ticks
from afschrift.casework.review.look import ReviewLook, begin, lines
from afschrift.casework.review.question import REDACT
from afschrift.casework.review.read_table import in_language, part_words
from afschrift.casework.review.review_overview import overview
from afschrift.casework.review.table_page import (
    ROWS_A_PAGE,
    TablePage,
    open_file,
    table_page,
)
from afschrift.domain.errors import AfschriftError, FormError
from afschrift.domain.language import gettext, in_served
from afschrift.web.caller import Caller, Known
from afschrift.web.form import LINES, Ours, Posted, unsendable
from afschrift.web.multipart import Sent
from afschrift.web.page import Problem, redirect, render, status_and_words
from afschrift.web.question_status import why_barred

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/review/{request_id}")
def review(request: Request, request_id: str, by: Known, table: str = "", first: int = 1) -> Response:
    """The tables by what differs, or a page of one. The look is an event."""
    if table:
        return _table(request, by, table_page(by.officer(), request_id, table, first))
    look = begin(by.officer(), request_id, None)
    found = overview(look)
    view, form, barred, question, sent = found.view, None, "", None, Sent()
    ticked = list(lines(found.draft))
    if view.question is not None:
        register = look.officer.register
        question = register.questions.get(view.question)
        barred = why_barred(register, by, question, register.facts.timeline(request_id))
        kept = [(LINES, "\n".join(ticked)), ("choice", REDACT)] if ticked else []
        form, sent = None if barred else answer_form(look.officer, question, {}), Sent(kept)
    grounds = {code for judged in found.draft.values() for code in judged.masked.values()}
    return render(
        request,
        "review",
        found=found,
        view=view,
        titles=_titles(look, [table.name for table in view.tables]),
        question=question,
        form=form,
        sent=sent,
        barred=barred,
        used_grounds=grounds,
        masked=len(ticked),
    )


@router.post("/review/{request_id}")
def keep(request: Request, request_id: str, by: Known, sent: Posted) -> Response:
    """Keep what was ticked in a table. A fault shows the page again, with all that was typed."""
    table, at = sent.value("table"), _number(sent.value("first")) or 1
    if wrong := unsendable(request, by, sent):
        problem, status = wrong
    else:
        try:
            keep_ticks(by.officer(), request_id, table, _ticks(sent))
        except AfschriftError as error:
            status, words = status_and_words(error)
            faults = error.fields if isinstance(error, FormError) else {}
            problem = Problem(words, tuple((name, name, fault) for name, fault in faults.items()))
        else:
            return redirect(request, _next(request_id, by, sent, table, at))
    shown = table_page(by.officer(), request_id, table, at, sent.all("line"))
    return _table(request, by, shown, sent, problem, status)


def _ticks(sent: Sent) -> Ticks:
    ground = sent.value("ground")
    masked = {line: sent.value(f"ground {line}") or ground for line in sent.all("line")}
    row, column = _number(sent.value("row")), sent.value("column")
    words = tuple(line.strip() for line in sent.value("words").splitlines() if line.strip())
    cell = (row, column) if row and column else None
    return Ticks(tuple(sent.all("shown")), masked, words, cell, ground, sent.value("version"))


def _next(request_id: str, by: Caller, sent: Sent, table: str, at: int) -> str:
    """Address of the page that the button leads to: this one, its next one, the next table, or all."""
    base = f"/review/{request_id}"
    go, last = sent.value("go"), _number(sent.value("last"))
    if go == "here":
        return f"{base}?{_query(table, at)}#kept"
    if go == "next" and last:
        return f"{base}?{_query(table, last + 1)}"
    found = overview(begin(by.officer(), request_id, None, unseen=True)).after(table)
    return f"{base}?{_query(found, 1)}" if go == "next" and found else base


def _query(table: str, first: int) -> str:
    return urlencode({"table": table, "first": first})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _table(
    request: Request,
    by: Caller,
    page: TablePage,
    sent: Sent | None = None,
    problem: Problem | None = None,
    status: int = 200,
) -> Response:
    register, asked = page.read.look.officer.register, page.read.look.question
    barred = gettext("None is open about this bundle.")
    if asked is not None:
        barred = why_barred(register, by, asked, register.facts.timeline(page.read.look.request))
    typed = _ticks(sent) if sent else None
    return render(
        request,
        "review_table",
        status,
        page=page,
        sent=sent or Sent(),
        checked={*(typed or page.judged).masked},
        ticked=(typed or page.judged).masked,
        others=page.judged.by.removeprefix("airflow:") if status == 409 else "",
        typed=typed,
        ground=typed.ground if typed else next(iter(page.judged.masked.values()), ""),
        problem=problem,
        barred=barred,
        rows_a_page=ROWS_A_PAGE,
        title=_titles(page.read.look, [page.read.name])[page.read.name],
        grounds=_grounds(page.read.look),
    )


def _grounds(look: ReviewLook) -> dict[str, str]:
    redacting = look.officer.grounds.redacting(look.officer.register.requests.get(look.request).right)
    return {ground.code: in_served(ground.title) for ground in redacting}


def _titles(look: ReviewLook, names: list[str]) -> dict[str, str]:
    """Table -> what it is called; of files that people found, that they are files."""
    sources, found = look.officer.inventory.sources, {}
    for name in names:
        source, _, table = name.partition(".")
        known = sources[source].tables.get(table) if source in sources else None
        found[name] = in_language(known.title) if known else gettext("Files that were found")
    return found


@router.post("/review/{request_id}/file")
def file(request: Request, request_id: str, by: Known, sent: Ours) -> Response:
    """A file, shown so that nothing in it runs. The look is an event."""
    table, number = sent.value("table"), _number(sent.value("number"))
    found = open_file(by.officer(), request_id, table, number, sent.value("column"))
    picture = base64.b64encode(found.picture).decode()
    response = render(
        request,
        "review_file",
        found=found,
        table=table,
        title=_titles(found.look, [table])[table],
        parts={part_words(part): text for part, text in found.texts.items()},
        picture=picture and f"data:{found.file.of.media_type};base64,{picture}",
        grounds=_grounds(found.look),
    )
    response.headers["Content-Security-Policy"] += "; img-src data:"
    return response
