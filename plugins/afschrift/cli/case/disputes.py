"""`afschrift case hold`, `release`, `complaint`, `reviewed`: holds, complaints, reviews of restrictions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.app.settings import Settings
from afschrift.casework.disputes import DisputeService
from afschrift.cli import given
from afschrift.cli.common import actor, officer, open_register, print_lines, say
from afschrift.cli.given import id_copy, opened
from afschrift.domain.errors import ConfigurationError
from afschrift.law.dispute import Ending, HoldGround, Sender, complaints, holds
from afschrift.law.restriction import ReviewOutcome

if TYPE_CHECKING:
    from afschrift.law.clock.facts import Timeline

app = typer.Typer(no_args_is_help=True)

Owner = Annotated[
    str, typer.Argument(metavar="CASE|REQUEST", help="Id of a case (all of it) or of a request.")
]
TextFile = Annotated[
    Path | None,
    typer.Option(help="Why, in words, kept encrypted: a file, or - for standard input. Else a prompt."),
]
HoldId = Annotated[str | None, typer.Option("--hold", help="Which hold, if there are several.")]


def disputes() -> DisputeService:
    """Return the dispute service for the user at the terminal."""
    return DisputeService(officer())


@app.command()
def hold(
    owner: Owner,
    ground: Annotated[HoldGround, typer.Option(help="Why nothing may be destroyed.")],
    review_on: Annotated[
        str | None, typer.Option(metavar="DATE", help="Day to check whether it is still needed.")
    ] = None,
    text_file: TextFile = None,
) -> None:
    """Prevent the destruction of a case or request: of its keys, texts, staging and trail.

    It holds until an officer releases it; of several holds, until the last one is released.
    """
    day = given.date_(review_on, "--review-on")
    found = disputes().hold(owner, ground.value, _why(text_file), day)
    _held(found)


@app.command()
def release(owner: Owner, hold_id: HoldId = None, text_file: TextFile = None) -> None:
    """End a hold. After the last one the usual retention periods apply again."""
    found = disputes().release(owner, _why(text_file), hold_id)
    for timeline in found:
        left = holds(timeline)
        still = f"still held: {', '.join(hold.words for hold in left)}" if left else "free"
        typer.echo(f"{timeline.request}  {still}")


@app.command()
def complaint(
    owner: Owner,
    reference: Annotated[str, typer.Option(help="The sender's reference, without spaces.")],
    from_: Annotated[Sender | None, typer.Option("--from", help="Who sent it.")] = None,
    received: Annotated[str | None, typer.Option(metavar="DATE", help="Local day on which it came.")] = None,
    outcome: Annotated[
        Ending | None, typer.Option(help="Later: the outcome of a complaint that was entered before.")
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Day of the outcome; default: today.")
    ] = None,
    reopen: Annotated[
        bool,
        typer.Option("--reopen", help="With an outcome: the request was closed wrongly, and is open again."),
    ] = False,
    document: Annotated[
        list[Path] | None, typer.Option(help="A document of it for the case file. Repeatable.")
    ] = None,
    no_id_copy: Annotated[
        bool,
        typer.Option("--no-id-copy", help="State that no document is a copy of an identity document."),
    ] = False,
    text_file: TextFile = None,
) -> None:
    """Enter a complaint or petition about a request, also a closed one; later, its outcome.

    It sets a hold, which remains after the outcome until you release it: an appeal may follow.
    """
    ends = outcome is not None
    if document and ends:
        raise ConfigurationError(
            "Documents belong to a complaint.", remedy="add those of its outcome with `afschrift case add`."
        )
    if ends == (from_ is not None) or ends == (received is not None) or ((on or reopen) and not ends):
        raise ConfigurationError(
            "A complaint is entered with --from and --received, and its outcome later with --outcome.",
            remedy="give --reference with --from and --received, or with --outcome (and --on, --reopen).",
        )
    at, text = disputes(), given.text(text_file)
    if outcome is not None:
        day = given.date_(on, "--on")
        found = at.end_complaint(owner, reference, outcome.value, day, text, reopen=reopen)
    else:
        assert from_ is not None
        day = given.date_(received, "--received")
        assert day is not None
        at.check_complaint(owner, from_.value, reference, day)
        documents = _documents(owner, document or [], no_id_copy)
        found = at.complain(owner, from_.value, reference, day, text, documents)
    for timeline in found:
        for entered in complaints(timeline):
            typer.echo(f"{timeline.request}  {entered.words}")
    if outcome is None:
        say("It sets a hold: nothing of it is destroyed until `afschrift case release`.")
    elif any(holds(timeline) for timeline in found):
        say("Its hold remains, since an appeal may follow: `afschrift case release` ends it.")


@app.command()
def reviewed(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="Id of a request, open or closed.")],
    restriction: Annotated[str, typer.Option(help="Id of the restriction: `case show` lists them.")],
    outcome: Annotated[ReviewOutcome | None, typer.Option(help="The outcome of the review.")] = None,
    next_: Annotated[
        str | None, typer.Option("--next", metavar="DATE", help="stays: the day of the next review.")
    ] = None,
    sign: Annotated[bool, typer.Option("--sign", help="As second signer: agree.")] = False,
    turn_down: Annotated[bool, typer.Option("--turn-down", help="As second signer: disagree.")] = False,
    open_request: Annotated[
        bool,
        typer.Option(
            "--open-request", help="After a restriction was lifted: open a request that gives its data."
        ),
    ] = False,
    text_file: TextFile = None,
) -> None:
    """Record the review of a restriction (R84): it remains until a next day, or is lifted.

    If its ground needs a second signer, so does this: another person, with --sign.
    """
    from afschrift.casework.disputes import follow_up, review_lines

    if sum((outcome is not None, sign, turn_down, open_request)) != 1:
        raise ConfigurationError(
            "A review is entered, signed or turned down; once a restriction is lifted, its data are given.",
            remedy="give one of --outcome, --sign, --turn-down, --open-request.",
        )
    at = disputes()
    if open_request:
        typer.echo(follow_up(at, request, restriction))
        say("Linked to the earlier one (R54). The identity is confirmed again, then it runs as any other.")
        return
    if outcome is not None:
        day = given.date_(next_, "--next")
        timeline, found = at.review(request, restriction, outcome.value, _why(text_file), day)
    else:
        timeline, found = at.sign_review(request, restriction, agree=sign)
    print_lines(review_lines(timeline, found))


def _why(file: Path | None) -> str:
    """Return the reason in words from a file or the prompt; never from an argument, which others see."""
    if file is not None:
        text = given.text(file)
    elif sys.stdin.isatty():
        text = typer.prompt("Why, in your own words (kept encrypted)", err=True).strip()
    else:
        text = None
    if not text:
        raise ConfigurationError(
            "The reason in words is missing.", remedy="--text-file FILE, or - for standard input."
        )
    return text


def _documents(owner: str, files: Sequence[Path], no_id_copy: bool) -> list[str]:
    from afschrift.casework.intake.case_file import add_document

    register, kept = open_register(), []
    at_most = Settings.from_environment().document_bytes
    for file in files:
        with opened(file) as stream:
            is_copy = id_copy(no_id_copy)
            kept.append(
                add_document(register, owner, file.name, stream, actor(), at_most=at_most, id_copy=is_copy)
            )
    return kept


def _held(found: Sequence[Timeline]) -> None:
    for timeline in found:
        typer.echo(f"{timeline.request}  held: {', '.join(hold.words for hold in holds(timeline))}")
