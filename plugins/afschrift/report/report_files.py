"""Writes reports and the register of requests: a page to print, CSV, JSON and Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError
from afschrift.domain.event import NewEvent
from afschrift.report.document import ReportPeriod, flat, read, report
from afschrift.report.measure import MeasuredRequest
from afschrift.report.printing import printed
from afschrift.report.visit import visit

FORMATS = ("html", "csv", "json", "parquet")
KINDS = ("figures", "visit", "requests")


def made(
    officer: Officer,
    kind: str,
    period: ReportPeriod,
    form: str,
    *,
    outside: bool = False,
    only: Mapping[str, str] = {},
) -> bytes:
    """A report as a file.

    Args:
        officer: who asks for it.
        kind: one of `KINDS`; `requests` is the register of requests, whose export is an event.
        period: of receipt.
        form: one of `FORMATS`.
        outside: for readers outside the house.
        only: of the register of requests: column -> value that a row must have.

    Raises:
        NotAllowedError: they may not read the history of requests.
        RefusedError: the register of requests is wanted for readers outside.
    """
    if kind == "requests":
        if outside:
            raise RefusedError(
                "The register of requests names requests, so it is not for readers outside.",
                remedy="give the figures.",
            )
        frame = register_of_requests(officer, period, only)
        of = {"since": str(period.since), "until": str(period.until), "rows": len(frame)}
        event = NewEvent("requests_exported", officer.by, {**of, "form": form, **only})
        officer.register.trail.record(None, event)
        return _framed(frame, form)
    document = report(officer, period, outside=outside)
    if kind == "visit":
        document = visit(document)
    if form == "json":
        return json.dumps(document, ensure_ascii=False, indent=2).encode()
    if form == "html":
        return printed(f"{'visit' if kind == 'visit' else 'report'}_print", document=document).encode()
    names = {"id": "figure", "subject": "subject", "title": "what", "unit": "unit", "value": "value"}
    if kind == "visit":
        names = {"question": "question", **names, "evidence": "evidence"}
    frame = pd.DataFrame(flat(document), columns=list(names), dtype=object).rename(columns=names)
    if form == "parquet":  # a column has one type: a number that is not given has its words beside it
        frame["given"] = frame["value"].map(lambda value: "" if pd.isna(value) else str(value))
        frame["value"] = pd.to_numeric(frame["value"], errors="coerce").astype("Float64")
    return _framed(frame, form)


def register_of_requests(officer: Officer, period: ReportPeriod, only: Mapping[str, str]) -> pd.DataFrame:
    """A row for each request of a period: what it asked, how it ended, and until when its entry is kept."""
    years = officer.settings.trail_years
    rows = [_row(row, years) for row in read(officer, period).of_period]
    frame = pd.DataFrame(rows, columns=list(_row(None, years)))
    frame = frame.astype({"days": "Int64", "suspended_days": "Int64"})
    for name, value in only.items():
        frame = frame[frame[name] == value]
    return frame


def _row(row: MeasuredRequest | None, years: int) -> dict[str, Any]:
    """A row of the register of requests; of None its names alone."""
    value = row.__getattribute__ if row else lambda _: None
    return {
        **{name: value(name) for name in ("request", "received", "right", "channel", "outcome")},
        "ground": "; ".join(f"{what}: {why}" for what, why in row.decided.items()) if row else None,
        **{name: value(name) for name in ("due", "notice_due", "closed", "days", "in_time", "extension")},
        "suspended_days": sum(row.suspended.values()) if row else None,
        "letters": "; ".join(f"{kind}: {by or 'not sent'}" for kind, by in row.letters) if row else None,
        "kept_until": date(row.closed.year + years, 12, 31) if row and row.closed else None,
    }


def _framed(frame: pd.DataFrame, form: str) -> bytes:
    if form == "csv":
        return bytes(frame.to_csv(index=False).encode("utf-8-sig"))
    if form == "parquet":
        into = io.BytesIO()
        frame.to_parquet(into, index=False)
        return into.getvalue()
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    if form == "json":
        return json.dumps(rows, ensure_ascii=False, indent=2, default=str).encode()
    return printed("requests_print", rows=rows, names=list(frame.columns)).encode()
