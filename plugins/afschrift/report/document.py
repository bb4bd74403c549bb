"""A report as one document of plain types, from which page, print, CSV, JSON and Parquet are made."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.errors import RefusedError
from afschrift.domain.instants import rfc3339
from afschrift.domain.language import gettext, in_served, ngettext, say_day, served_language
from afschrift.law.clock.deadline import ALGORITHM
from afschrift.law.roles import Act
from afschrift.questions.view import in_words
from afschrift.register.periods import Doubts, ReportedRequest
from afschrift.report import FIRST_DAY, LAST_DAY
from afschrift.report.measure import MeasuredRequest, measured, rules_of
from afschrift.report.report_figures import FEW, SUBJECTS, Figure, FigureGroup, days_left, days_taken, groups

FORMAT = "afschrift-report/1"
MANY = 2_000
"""Requests that a document names at most for a figure; the register of requests has all of them."""


@dataclass(frozen=True)
class ReportPeriod:
    """Days of receipt, the first and the last included."""

    since: date
    until: date

    def __post_init__(self) -> None:
        """Refuse a period that ends before it begins, or is outside the years that all formats can write.

        Raises:
            RefusedError: it is one of these.
        """
        if not (self.since >= FIRST_DAY and self.until <= LAST_DAY):
            raise RefusedError(
                "A period lies in the years from 1900 to 2999.", remedy="give days of these years."
            )
        if self.until < self.since:
            raise RefusedError(
                f"The period ends on {self.until}, before it begins on {self.since}.",
                remedy="give the first day first.",
            )

    def holds(self, day: date) -> bool:
        """Whether a day is in it."""
        return self.since <= day <= self.until


@dataclass(frozen=True)
class ReadPeriod:
    """The requests of a period as they are today.

    Attributes:
        rules: by which days are counted today.
        of_period: received in it, in order.
        known: these, all open ones, and those that ended in the twelve months before its end.
    """

    period: ReportPeriod
    today: date
    doubts: Doubts
    rules: str
    of_period: Sequence[MeasuredRequest]
    known: Sequence[MeasuredRequest]


def read(officer: Officer, period: ReportPeriod) -> ReadPeriod:
    """Read and measure the requests of a period.

    Raises:
        NotAllowedError: they may not read the history of requests.
    """
    officer.roles.require(officer.by, Act.TIMELINE)
    first = min(period.since, period.until.replace(day=1) - timedelta(366)) - timedelta(1)
    since, until = (_instant(day) for day in (first, period.until + timedelta(2)))
    doubts, found = Doubts(), []
    gc.disable()  # it would go through all that was read, again and again, and free nothing
    try:
        for row in officer.register.periods.read(since, until):
            if isinstance(row, ReportedRequest):
                found.append(measured(row, officer.jurisdiction, officer.today(row.timeline.zone)))
            else:
                doubts = row
    finally:
        gc.enable()
    today = officer.now.astimezone(UTC).date()
    rules = rules_of({"algorithm": ALGORITHM, "calendar": officer.jurisdiction.calendar.version})
    return ReadPeriod(period, today, doubts, rules, [m for m in found if period.holds(m.received)], found)


def report(officer: Officer, period: ReportPeriod, *, outside: bool = False) -> dict[str, Any]:
    """The report of a period, in the language that is served.

    Args:
        officer: who asks for it.
        period: of receipt.
        outside: for readers outside the house: figures below five are not given, and no request is named.
    """
    found = read(officer, period)
    open_now = [row for row in found.known if row.outcome == "open"]
    made = list(groups(found.of_period, open_now)) if not found.doubts.whole else []
    shown = withheld(made) if outside else {}
    titles = {name: gettext(kind.title) for name, kind in KINDS.items()}
    titles |= {code: in_served(ground.title) for code, ground in officer.grounds.grounds.items()}
    return {
        "format": FORMAT,
        "language": served_language(),
        "from": str(period.since),
        "to": str(period.until),
        "made_on": str(found.today),
        "made_at": rfc3339(officer.now),
        "outside": outside,
        "notes": _notes(found, outside=outside),
        "groups": [_group(group, titles, shown.get(group.id, {}), outside=outside) for group in made],
        "charts": _charts(found, open_now, outside=outside) if made else [],
    }


def _instant(day: date) -> str:
    return rfc3339(datetime.combine(day, time(), UTC))


def _notes(found: ReadPeriod, *, outside: bool) -> list[str]:
    doubts, notes = found.doubts, []
    if doubts.whole:
        notes.append(
            gettext(
                "The register does not follow from its trail ({code}): no figure can be given. Inform the "
                "data protection officer.",
                code=doubts.whole,
            )
        )
    if number := len(doubts.requests):
        words = ngettext(
            "{number} request was changed without the software, and is in no figure.",
            "{number} requests were changed without the software, and are in no figure.",
            number,
        )
        if outside and number < FEW:
            words = gettext(
                "Fewer than {few} requests were changed without the software, and are in no figure.", few=FEW
            )
        notes.append(words if outside else f"{words} {', '.join(sorted(doubts.requests))}")
    if doubts.cases:
        words = ngettext(
            "{number} case was taken out of the register without the software, and is in no figure.",
            "{number} cases were taken out of the register without the software, and are in no figure.",
            doubts.cases,
        )
        if outside and doubts.cases < FEW:
            words = gettext(
                "Fewer than {few} cases were taken out of the register without the software, and are in no "
                "figure.",
                few=FEW,
            )
        notes.append(words)
    for year in doubts.dropped:
        text = gettext(
            "The trail of {year} was destroyed: what of that year is gone is not known, and not none.",
            year=year,
        )
        notes.append(text)
    if before := sorted({rules for row in found.of_period for rules in row.counted} - {found.rules}):
        text = gettext(
            "Days of some of these requests were counted by other rules when a letter was sent ({before}). "
            "All figures are by those of today ({now}).",
            before="; ".join(before),
            now=found.rules,
        )
        notes.append(text)
    if found.period.until > found.today:
        notes.append(
            gettext("The period is not over: the figures are those of {day}.", day=say_day(found.today))
        )
    years = range(found.period.since.year, found.period.until.year + 1)
    if not found.of_period and not doubts.whole and not {*years} & {*doubts.dropped}:
        notes.append(gettext("No request was received in this period."))
    return notes


def _group(
    group: FigureGroup, titles: dict[str, str], shown: dict[str, str], *, outside: bool
) -> dict[str, Any]:
    figures = [
        {
            "id": f"{group.id}.{figure.code}".rstrip("."),
            "title": _title(figure.code, titles),
            "value": shown.get(figure.code, figure.value),
            "requests": [] if outside else list(figure.requests[:MANY]),
        }
        for figure in group.figures
    ]
    unit = gettext("days") if group.counts_days else gettext("requests")
    return {"id": group.id, "title": gettext(SUBJECTS[group.id]), "unit": unit, "figures": figures}


def _title(code: str, titles: dict[str, str]) -> str:
    if code in TITLES:
        return gettext(TITLES[code])
    return titles.get(code) or in_words(code)


TITLES = {
    "": "All",
    "in_time": "Answered or refused in time",
    "late": "Answered or refused late",
    "open_in_time": "Open, and not late",
    "open_late": "Open, and late",
    "ended_otherwise": "Ended otherwise",
    "refused_late": "Refused, wholly or in part, after the first month",
    "valid": "With the notice in time",
    "void": "Void: the notice came after the first month",
    "not_sent": "The notice was not sent",
    "identity_asked": "An officer had to judge who asks",
    "in_parts": "Answered in parts",
    "supplements": "With a supplement",
    "misdelivered": "Delivered to another person",
    "looked_up": "Keys looked up in the sources",
    "not_searched": "With a system that was not searched",
    "lies": "Delivered, and still at the destination",
    "number": "Requests",
    "median": "Median",
    "percentile": "95th percentile",
    "reply": "A reply of the person",
    "letter": "A letter that is not sent",
    "run": "The next run",
    "open": "Open",
    "over": "Late",
    "more": "More",
    "suspended": "The clock waits",
    "channel": "By the channel itself",
}
"""Code of a figure -> its title in English; others are read as their codes."""


def withheld(made: Iterable[FigureGroup]) -> dict[str, dict[str, str]]:
    """What is given outside in place of small numbers, by group; of few suspensions the days neither."""
    shown = {group.id: hidden(group) for group in made}
    of_few = {code: words for code, words in shown.get("suspended", {}).items() if words == f"<{FEW}"}
    return shown | {"suspended_days": of_few | shown.get("suspended_days", {})}


def hidden(group: FigureGroup) -> dict[str, str]:
    """Code -> what is given outside the house in place of a small number.

    Where one number alone is small, the next one is not given exactly either: the others would show it.
    """
    small = {f.code: f"<{FEW}" for f in group.figures if 0 < (f.value or 0) < FEW}
    if group.counts_days:
        of_few = small if "number" in small else {}
        return dict.fromkeys((f.code for f in group.figures), f"<{FEW}") if of_few else small
    rest = sorted((f.value, f.code) for f in group.figures if f.code and (f.value or 0) >= FEW)
    if small and len(group.figures) > 1 and not group.figures[0].code:
        small = {"": f">={FEW}", **small}
    if len(small.keys() - {""}) == 1 and rest:
        small[rest[0][1]] = f">={FEW}"
    return small


def _charts(found: ReadPeriod, open_now: Sequence[MeasuredRequest], *, outside: bool) -> list[dict[str, Any]]:
    left = [Figure(label, number) for label, number in days_left(open_now)]
    few = hidden(FigureGroup("left", tuple(left))) if outside else {}
    rows = [[_title(f.code, {}), few.get(f.code, f.value)] for f in left]
    taken: list[list[Any]] = [list(row) for row in days_taken(found.known, found.period.until)]
    for row in taken if outside else ():
        row[1:3] = row[1:3] if row[3] >= FEW else [None, None]
        row[3:] = [f"<{FEW}" if 0 < number < FEW else number for number in row[3:]]
    heads = {"left": ("Days left", "Requests"), "taken": ("Month", "Taken", "Allowed", "Requests", "Late")}
    return [
        {
            "id": id_,
            "title": gettext(CHARTS[id_]),
            "heads": [gettext(CHARTS[h]) for h in heads[id_]],
            "rows": rows,
        }
        for id_, rows in (("left", rows), ("taken", taken))
    ]


CHARTS = {
    "left": "Days left of open requests",
    "taken": "Days taken against the days allowed, by month of the end: medians",
    **{head: head for head in ("Days left", "Requests", "Month", "Taken", "Allowed", "Late")},
}
"""Chart or head of a column -> its title in English."""


def flat(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The figures as rows; for an authority's questions also a row of each that has no figure."""
    if "questions" in document:
        return [
            {"question": asked["asks"], "evidence": asked["evidence"], **figure}
            for asked in document["questions"]
            for figure in asked["figures"] or [{}]
        ]
    return [
        {**figure, "subject": group["title"], "unit": group["unit"]}
        for group in document["groups"]
        for figure in group["figures"]
    ]
