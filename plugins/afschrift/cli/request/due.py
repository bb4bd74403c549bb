"""`afschrift due`: when an answer is due, and why; without a register."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Annotated

import typer

from afschrift.cli.common import AsJson, print_found
from afschrift.cli.given import date_
from afschrift.domain.errors import ConfigurationError
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.deadline import ALGORITHM, Deadline, Suspension, deadline, local_date

commands = typer.Typer()
Suspended = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FROM:TO",
        help="A question about identity, from sent to answered; without TO while it is open. Repeatable.",
    ),
]
Clarified = Annotated[
    list[str] | None,
    typer.Option(metavar="FROM:TO", help="The same for a question about what is wanted. Repeatable."),
]
Term = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help="Last day for the reply, as the last question set it: a public body's suspension ends with it.",
    ),
]
Unsettled = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DATE",
        help="A day off that is not certain, as Dutch ones by decree: the earlier date is due. Repeatable.",
    ),
]


@commands.command()
def due(
    received: Annotated[
        str, typer.Option(help="A date, or an instant with its offset: 2025-03-30T22:30:00Z.")
    ],
    country: Annotated[
        str, typer.Option(help="Where the controller must act: NL, BE, DE-BY, GB, ...")
    ] = "NL",
    timezone: Annotated[
        str | None, typer.Option(help="IANA zone of that place; default: the country's.")
    ] = None,
    extended: Annotated[bool, typer.Option("--extended", help="An extension was announced in time.")] = False,
    extension_sent: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day on which its notice was sent.")
    ] = None,
    suspended: Suspended = None,
    clarified: Clarified = None,
    term: Term = None,
    public_body: Annotated[
        bool, typer.Option("--public-body", help="A suspension counts a day less (Awb 4:15).")
    ] = False,
    holiday: Annotated[
        list[str] | None, typer.Option(metavar="DATE", help="A further day off. Repeatable.")
    ] = None,
    unsettled: Unsettled = None,
    as_json: AsJson = False,
) -> None:
    """Compute the last day for an answer, with every step and its rule (R37-R43)."""
    days_off = calendar(
        country,
        [date_(day, "--holiday") for day in holiday or ()],
        [date_(day, "--unsettled") for day in unsettled or ()],
    )
    zone = timezone or days_off.zone
    if zone is None:
        raise ConfigurationError(
            f"The time zone of {days_off.country} is not known here.", remedy="name it with --timezone."
        )
    day = local_date(_moment(received), zone)
    waits = [_suspension(text, identity=True) for text in suspended or ()]
    waits += [_suspension(text, identity=False) for text in clarified or ()]
    words = _end_with(waits, date_(term, "--term"), public_body=public_body) if term else ""
    sent = date_(extension_sent, "--extension-sent") if extension_sent else day if extended else None
    found = deadline(day, days_off, suspensions=waits, extension_sent=sent, public_body=public_body)
    if words:
        found = replace(found, steps=(*found.steps, words))
    more = {"algorithm": ALGORITHM, "zone": zone, "calendar": days_off.version}
    print_found(lambda: asdict(found) | more, _lines(found), as_json)


def _lines(found: Deadline) -> Iterator[str]:
    yield f"due     {found.due or 'not known while an answer is awaited'}"
    yield f"notice  {found.notice_due or 'not known'}  (extension, refusal, fee)"
    yield f"target  {found.target}"
    yield from ("", *found.steps)


def _moment(text: str) -> date | datetime:
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"--received {text!a} is no date.", remedy="write 2025-03-05 or 2025-03-30T22:30:00Z."
        ) from None


def _end_with(waits: list[Suspension], term: date, *, public_body: bool) -> str:
    """End the last suspension of a public body with its term; returns what the term does, in words."""
    last = max(waits, key=lambda wait: wait.start, default=None)
    if last is None or term <= last.start:
        raise ConfigurationError(
            f"No question was sent before the term of {term}.",
            remedy="give the question with --suspended or --clarified, and a later day.",
        )
    if last.end is not None and last.end <= term:
        return f"A reply was asked for by {term} and came in time."
    if not public_body:
        return f"A reply was asked for by {term}; the clock waits for it after that day too (R42)."
    waits[waits.index(last)] = replace(last, end=term)
    return f"The suspension ends with the term of {term} that the question set (Awb 4:15)."


def _suspension(text: str, *, identity: bool) -> Suspension:
    start, _, end = text.partition(":")
    option = "--suspended" if identity else "--clarified"
    return Suspension(date_(start, option), date_(end, option) if end else None, identity)
