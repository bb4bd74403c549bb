"""The lawful clock: when a request must be answered, and why then (R37, R38, R39, R41-R43).

A period of one calendar month after receipt, or of three where an extension was announced in time; what it
was suspended for is added, and no day before the last answer counts; then one roll over days off at the end.
Regulation 1182/71, Art. 3; EDPB
Guidelines 01/2022, 157-164. Pure: no clock, no register.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.law.clock.calendar import Calendar
from afschrift.law.clock.reach import remarks
from afschrift.law.clock.span import RunningPeriod, Suspension, in_order, weekday

ALGORITHM = "2"
"""Version of the calculation, kept with every date that was told to somebody. 2: never before the answer."""

MONTHS, EXTENDED = 1, 3


@dataclass(frozen=True)
class Deadline:
    """When an answer is due.

    Attributes:
        received: local date of receipt.
        due: last day, which ends at 23:59:59 local time; None while the period is suspended.
        notice_due: last day for announcing an extension, a refusal or a fee; None while it is suspended.
        target: the day to be ready by: a working day before the earliest reading of the law.
        extended: a valid extension counts.
        breaches: what was done without effect: codes, each with its rule.
        steps: how it was reached, in words.
    """

    received: date
    due: date | None
    notice_due: date | None
    target: date
    extended: bool
    breaches: tuple[str, ...]
    steps: tuple[str, ...]
    algorithm: str = ALGORITHM

    def overdue(self, today: date) -> bool:
        """Whether the last day is over on a local date."""
        return self.due is not None and today > self.due


def deadline(
    received: date,
    calendar: Calendar,
    *,
    suspensions: Sequence[Suspension] = (),
    extension_sent: date | None = None,
    public_body: bool = False,
) -> Deadline:
    """The due date of a request.

    Args:
        received: local date of receipt, see `local_date`.
        calendar: days off where the controller must act.
        suspensions: in any order; only those whose question and answer are proven.
        extension_sent: local date on which the reasoned notice was really sent.
        public_body: a Dutch public body, whose suspension counts a day less (Awb 4:15).

    Raises:
        RefusedError: suspensions overlap, or end before they began; something was sent before the receipt.
    """
    _must_follow(received, suspensions, extension_sent)
    steps = [f"Received on {weekday(received)} ({calendar.country}).", *remarks(calendar.country)]
    breaches: list[str] = []
    first = RunningPeriod(MONTHS, received, calendar)
    whole = RunningPeriod(EXTENDED if extension_sent else MONTHS, received, calendar)
    ordered = in_order(suspensions)
    extended = False
    if extension_sent is not None:
        until = _notice_until(first, extension_sent, ordered, public_body)
        extended = until is None or extension_sent <= until
        steps.append(_extension(extension_sent, until, extended))
        if not extended:
            breaches.append("extension_void:R41")
            whole.months = MONTHS
    open_since: date | None = None
    for suspension in ordered:
        counts = suspension.start <= whole.due
        breaches += _asked(whole, suspension, steps)
        if suspension.end is None and counts:
            open_since = suspension.start
            steps.append(f"Suspended since {weekday(suspension.start)}; an answer is awaited (R42).")
        elif counts:
            steps.append(whole.add(suspension, public_body))
            if suspension.start <= first.due:
                first.add(suspension, public_body)
    steps += _last_day(whole)
    stopped = open_since is not None
    return Deadline(
        received=received,
        due=None if stopped else whole.due,
        notice_due=None if open_since is not None and open_since <= first.due else first.due,
        target=whole.target,
        extended=extended,
        breaches=tuple(dict.fromkeys(breaches)),
        steps=tuple(steps),
    )


def _must_follow(received: date, suspensions: Sequence[Suspension], extension_sent: date | None) -> None:
    sent = [("question", one.start) for one in suspensions]
    if extension_sent is not None:
        sent.append(("extension", extension_sent))
    for what, day in sent:
        if day < received:
            raise RefusedError(
                f"The {what} of {weekday(day)} lies before the receipt of {weekday(received)} (R02).",
                remedy="see which of both days is wrong: the request came by then, or the letter left later.",
            )


def _asked(whole: RunningPeriod, suspension: Suspension, steps: list[str]) -> list[str]:
    """What is to be said of the day on which a question was sent: its code, and to `steps` its words."""
    if suspension.start > whole.due:
        steps.append(
            f"The question of {weekday(suspension.start)} came after the last day, "
            f"{weekday(whole.due)}: it suspends nothing (R42)."
        )
        return ["suspension_after_expiry:R42"]
    if late := whole.late(suspension.start):
        steps.append(late)
        return ["suspension_asked_late:R42"]
    return []


def _last_day(whole: RunningPeriod) -> list[str]:
    """How the last day follows from the period, in words."""
    last, reasons = whole.calendar.roll(whole.raw)
    words = [
        f"{whole.months} month{'s' if whole.months > 1 else ''} after {weekday(whole.begin)}"
        + (f", and {whole.shift} days" if whole.shift else "")
        + f": {weekday(whole.counted)}."
    ]
    if whole.raw > whole.counted:
        words.append(f"The answer came after that: not before {weekday(whole.raw)} (R43).")
    if reasons:
        words.append(f"Not a working day ({', '.join(reasons)}): {weekday(last)} (Reg. 1182/71, Art. 3(4)).")
    if why := whole.calendar.not_settled(last):
        other = whole.calendar.roll(last, unsettled=True)[0]
        words.append(
            f"{weekday(last)} may be a day off ({why}), which is not settled: of two readings the earlier "
            f"day is due, and not {weekday(other)}."
        )
    return words


def local_date(received: datetime | date | str, zone: str) -> date:
    """The calendar date of an instant where the controller must act (R02). A plain date stays what it is.

    received: text is an RFC 3339 instant, as rows of the register hold it.

    Raises:
        ConfigurationError: the zone is not known.
        RefusedError: a time of day without its offset from UTC.
    """
    try:
        local_zone = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"{zone!a} is not a time zone.", remedy="name one of the IANA list, as Europe/Amsterdam."
        ) from None
    if isinstance(received, str):
        received = datetime.fromisoformat(received)
    if not isinstance(received, datetime):
        return received
    if received.tzinfo is None:
        raise RefusedError(
            "A time of day needs its offset from UTC.",
            remedy="write 2025-03-30T22:30:00Z or 2025-03-31T00:30:00+02:00, or a date alone.",
        )
    return received.astimezone(UTC).astimezone(local_zone).date()


def _notice_until(
    first: RunningPeriod, sent: date, suspensions: list[Suspension], public_body: bool
) -> date | None:
    """The last day of the first month by what was known when a notice was sent; None while it stood still."""
    known = RunningPeriod(first.months, first.begin, first.calendar)
    for suspension in suspensions:
        if suspension.start > min(sent, known.due):
            break
        if suspension.end is None or suspension.end >= sent:
            return None
        known.add(suspension, public_body)
    return known.due


def _extension(sent: date, until: date | None, valid: bool) -> str:
    if valid:
        return f"An extension was announced on {weekday(sent)}, in the first month: two more months (R39)."
    assert until is not None
    return (
        f"The extension of {weekday(sent)} was announced after {weekday(until)}, the end of the first month: "
        "it has no effect (R41)."
    )
