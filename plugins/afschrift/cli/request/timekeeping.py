"""`afschrift request suspend`, `resume`, `extend`, `sent` and others: facts that move a request's clock."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from afschrift.app.jurisdiction import own_keys
from afschrift.cli import given
from afschrift.cli.common import AsJson, open_register
from afschrift.cli.request.overview import app, clocks, print_clock
from afschrift.cli.running import RequestId
from afschrift.domain.errors import ConfigurationError

SentOn = Annotated[
    str | None, typer.Option(metavar="DATE", help="Day on which the letter was sent, if it was already.")
]
Channel = Annotated[str | None, typer.Option(help="How it was sent: post, email, portal, counter, ...")]
Proof = Annotated[
    str | None, typer.Option(help="Reference of the proof, without spaces: track and trace, message id, ...")
]
On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="The day; default: today.")]
Letter = Annotated[str | None, typer.Option(help="Id of the letter in the outbox.")]
Other = Annotated[str, typer.Argument(metavar="EARLIER", help="Id of the earlier request.")]


class Link(StrEnum):
    """The relation of a later request to an earlier one."""

    REPEAT = "repeat"
    REMINDER = "reminder"


@app.command()
def suspend(
    request: RequestId,
    ground: Annotated[str, typer.Option(help="identity, or specification (access only).")],
    doubt: Annotated[
        str | None,
        typer.Option(
            help="identity: unknown_sender, other_address, keys_disagree, special_data or sent_by_another."
        ),
    ] = None,
    overview: Annotated[
        bool,
        typer.Option("--overview", help="specification: the letter gives an overview of the processing."),
    ] = False,
    term: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Last day for the reply, as set by the letter: a public body's clock continues after it.",
        ),
    ] = None,
    letter: Letter = None,
    sent_on: SentOn = None,
    channel: Channel = None,
    proof: Proof = None,
    as_json: AsJson = False,
) -> None:
    """Record a question to the person that stops the clock (R42). It counts from the day it is sent."""
    sending = given.sending(sent_on, channel, proof)
    until = given.date_(term, "--term")
    done = clocks().suspend(
        request, ground, doubt=doubt, overview=overview, term=until, letter=letter, sending=sending
    )
    print_clock(*done, as_json=as_json)


@app.command()
def resume(
    request: RequestId,
    on: On = None,
    insufficient: Annotated[
        bool,
        typer.Option(
            "--insufficient", help="The reply is not sufficient; a further question follows at once (R43)."
        ),
    ] = False,
    letter: Letter = None,
    sent_on: SentOn = None,
    channel: Channel = None,
    proof: Proof = None,
    as_json: AsJson = False,
) -> None:
    """Record the person's sufficient answer and its day: the clock continues (R43)."""
    day, sending = given.date_(on, "--on"), given.sending(sent_on, channel, proof)
    if insufficient:
        done = clocks().insufficient(request, day, letter=letter, sending=sending)
    elif sending or letter:
        raise ConfigurationError(
            "A letter belongs only to a reply that is not sufficient.",
            remedy="add --insufficient, or leave it out.",
        )
    else:
        done = clocks().resume(request, day)
    print_clock(*done, as_json=as_json)


@app.command()
def extend(
    request: RequestId,
    reason: Annotated[
        list[str],
        typer.Option(
            help="amount_of_data, scattered_over_systems, rights_of_others, processors_must_answer, "
            "hard_to_retrieve, several_requests or temporary_flood. Repeatable."
        ),
    ],
    text_file: Annotated[
        Path | None,
        typer.Option(help="The reasons in words, kept encrypted: a file, or - for standard input."),
    ] = None,
    letter: Letter = None,
    sent_on: SentOn = None,
    channel: Channel = None,
    proof: Proof = None,
    as_json: AsJson = False,
) -> None:
    """Decide on two further months (R39-R41). It holds once its letter is sent within the first month."""
    sending, text = given.sending(sent_on, channel, proof), given.text(text_file)
    print_clock(*clocks().extend(request, reason, letter=letter, sending=sending, text=text), as_json=as_json)


@app.command()
def sent(
    request: RequestId,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Day on which the letter was sent.")],
    channel: Annotated[str, typer.Option(help="How it was sent: post, email, portal, counter, ...")],
    proof: Annotated[str, typer.Option(help="Reference of the proof, without spaces.")],
    fact: Annotated[
        str | None,
        typer.Option(help="Id of the suspension or extension, if several wait: see `request show`."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record that the letter of a suspension or an extension was sent, how, and with which proof."""
    sending = given.sending(on, channel, proof)
    assert sending is not None
    print_clock(*clocks().sent(request, sending, fact), as_json=as_json)


@app.command("handed-over")
def handed_over(
    request: RequestId,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Day on which the person received it.")],
    channel: Annotated[str, typer.Option(help="How: by_hand, portal, registered_post, ...")],
    proof: Annotated[str, typer.Option(help="Reference of the proof, without spaces.")],
    as_json: AsJson = False,
) -> None:
    """Enter that the person received the ready answer, or was notified where it is: it closes the request.

    If a letter of the outbox notifies them, send that, or enter its sending: `afschrift letter sent`.
    """
    sending = given.sending(on, channel, proof)
    assert sending is not None
    print_clock(*clocks().inform(request, sending), as_json=as_json)


@app.command()
def acknowledge(
    request: RequestId,
    text_file: Annotated[
        Path, typer.Option(help="Why it is late, in words, kept encrypted: a file, or - for standard input.")
    ],
    as_json: AsJson = False,
) -> None:
    """Acknowledge by name why a request is overdue (R37). It remains overdue; `check_deadlines` succeeds."""
    text = given.text(text_file)
    if text is None:
        raise ConfigurationError(
            "The reason is empty.", remedy="write why the request is overdue, and what is done about it."
        )
    print_clock(*clocks().acknowledge(request, text), as_json=as_json)


@app.command()
def withdraw(
    request: RequestId,
    channel: Annotated[str, typer.Option(help="How the person said so: email, phone, letter, ...")],
    on: On = None,
    as_json: AsJson = False,
) -> None:
    """Record that the person withdrew the request. Only they can: a controller refuses instead."""
    print_clock(*clocks().withdraw(request, channel, given.date_(on, "--on")), as_json=as_json)


@app.command()
def correct(
    request: RequestId,
    received_at: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="First arrival, such as 2026-11-20T09:30:00+01:00.")
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option(help="typing_error, wrong_zone, other_channel or not_official_channel."),
    ] = None,
    sign: Annotated[
        bool, typer.Option("--sign", help="As second signer: the proposed later receipt applies.")
    ] = False,
    turn_down: Annotated[
        bool, typer.Option("--turn-down", help="As second signer: it does not apply.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Correct the time of receipt. Both are kept; a later one applies once a second signer agreed (R02)."""
    if (received_at is not None) + sign + turn_down != 1 or (received_at is None) != (reason is None):
        raise ConfigurationError(
            f"A correction is proposed, or signed, or turned down.{_waiting(request)}",
            remedy="give --received-at with --reason, or --sign, or --turn-down.",
        )
    if received_at is not None and reason is not None:
        done = clocks().correct(request, given.instant(received_at), reason)
    else:
        done = clocks().sign(request, agree=sign)
    print_clock(*done, as_json=as_json)
    if not as_json and done[0].proposed:
        typer.echo(
            f"The later receipt applies after a second signer's `afschrift request correct {request} --sign`."
        )


def _waiting(request: str) -> str:
    """Return a sentence on the later receipt that waits for a second signer, if any."""
    timeline = open_register().facts.timeline(request)
    if (fact := timeline.proposed) is None:
        return ""
    return (
        f" It waits for a second signer: {fact.by} said on {timeline.local(fact.at)} that it was received at "
        f"{fact.instant}, not at {timeline.received_at} ({fact.detail['reason']})."
    )


@app.command()
def merge(
    request: Annotated[str, typer.Argument(metavar="LATER", help="Id of the request that the merge closes.")],
    earlier: Other,
    as_json: AsJson = False,
) -> None:
    """Merge an overlapping request into an earlier, open one of the person, whose receipt applies (R55)."""
    print_clock(*clocks().merge(request, earlier, own_keys()), as_json=as_json)


@app.command()
def link(
    request: Annotated[str, typer.Argument(metavar="LATER", help="Id of the later request.")],
    earlier: Other,
    as_: Annotated[
        Link,
        typer.Option(
            "--as",
            help="repeat: answered in full again (R26); reminder: of an incomplete answer (R54).",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Record that a request follows a closed one of the same person."""
    print_clock(*clocks().link(request, earlier, as_.value, own_keys()), as_json=as_json)
