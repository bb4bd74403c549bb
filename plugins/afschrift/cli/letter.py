"""`afschrift letter`: letters to the person, from making to sending."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.app.settings import Settings
from afschrift.casework.informing.question import ask_to_inform
from afschrift.cli.common import AsJson, actor, officer, open_register, print_json, print_lines, say
from afschrift.cli.forms import ask_letter, described_kind, letter_form, listed_kind, read_form
from afschrift.cli.given import id_copy, opened, write
from afschrift.cli.terminal import one_line
from afschrift.domain.errors import RefusedError
from afschrift.law.case_documents import checked_content, media_type
from afschrift.law.letter import Bounce, LetterState, SendingChannel
from afschrift.law.roles import Act
from afschrift.letters.kinds import KINDS, kind_named
from afschrift.register.outbox import Proof

if TYPE_CHECKING:
    from afschrift.casework.officer import Officer
    from afschrift.law.letter import LetterRow
    from afschrift.register.register import Register


app = typer.Typer(no_args_is_help=True)

Letter = Annotated[str, typer.Argument(metavar="LETTER", help="Id of a letter: `letter list`.")]
On = Annotated[str, typer.Option(metavar="DATE", help="Local day on which it happened, as 2026-03-05.")]


@app.command()
def kinds(
    kind: Annotated[str | None, typer.Argument(help="Show a form of this kind, to be filled in.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the kinds of letters; or print a form of one, as YAML for `letter make --from`."""
    chosen = [kind_named(kind)] if kind else list(KINDS.values())
    if as_json:
        print_json([described_kind(one) for one in chosen], ascii=False)
    elif kind:
        typer.echo(letter_form(chosen[0]))
    else:
        for one in chosen:
            typer.echo(listed_kind(one))


@app.command("list")
def listing(
    request: Annotated[str | None, typer.Option(help="Of one request only.")] = None,
    state: Annotated[list[LetterState] | None, typer.Option(help="Of these states only. Repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """List letters in the order in which they were made. No text is read."""
    found = open_register().letters.all(request_id=request, states=state)
    if as_json:
        print_json([asdict(one) for one in found], ascii=False)
        return
    if not found:
        typer.echo("No letter.")
    for one in found:
        typer.echo(_line(one))


@app.command()
def make(
    request: Annotated[str, typer.Argument(help="Id of the request that it is about.")],
    kind: Annotated[str, typer.Argument(help="Kind of letter: `letter kinds`.")],
    from_: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Filled-in form (YAML or JSON); `-`: standard input."),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show it and keep nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a letter and keep it in the case file; it is not sent yet.

    What the register knows (days, reference, authority, court) goes in by itself. The rest comes from a
    filled-in form, or is asked for at a terminal: never from the command line, which others can read.

    A letter that lacks something it must say is not made. While the requester is not identified, it may tell
    them nothing that they did not write themselves.
    """
    from afschrift.casework.letters.make import make as make_letter

    who = officer()
    authority = _may_decide(who, request)
    given = ask_letter(kind_named(kind)) if from_ is None else read_form(from_, who.settings.document_bytes)
    made = make_letter(who, request, kind, given, authority=authority, keep=not preview)
    if made.warning:
        say(made.warning)
    if made.letter is None:
        typer.echo(made.text.text, nl=False)
    elif as_json:
        print_json(asdict(made.letter), ascii=False)
    else:
        typer.echo(made.letter.id)
        say("It is not sent yet: `afschrift letter show`, then `afschrift letter send`.")


@app.command()
def show(
    letter: Letter,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write its HTML into a new file, to print it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a letter as it goes out. That you looked is an event."""
    from afschrift.letters.mail_message import parts

    register = open_register()
    found = register.letters.get(letter)
    officer().acting(found.request, Act.TIMELINE, "letter_show")
    subject, text, page = parts(b"".join(register.documents.read(found.document, actor())))
    if html is not None:
        write(html, [page.encode()])
        say("Written. Delete the file when you are done.")
    elif as_json:
        typer.echo(
            json.dumps({**asdict(found), "subject": subject, "text": text}, indent=2, ensure_ascii=False)
        )
    else:
        typer.echo(f"{_line(found)}\n\n{one_line(subject)}\n")
        print_lines(text.splitlines())


@app.command()
def send(letter: Letter, as_json: AsJson = False) -> None:
    """Send a letter by e-mail, once. It counts from the day on which the mail server took it.

    Where the server breaks off with the letter in its hands, nobody knows whether it went: the letter is then
    `unknown`, and is not sent again before somebody has looked.
    """
    from afschrift.casework.letters.send import send as send_letter

    register = open_register()
    _may_decide(officer(), register.letters.get(letter).request)
    found = send_letter(Settings.from_environment(), register, letter, actor())
    _done(found, as_json)
    if found.state is LetterState.BOUNCED:
        _to_inform(register, found.request)


@app.command()
def sent(
    letter: Letter,
    on: On,
    channel: Annotated[SendingChannel, typer.Option(help="How it went.")],
    proof: Annotated[Path, typer.Option(metavar="FILE", help="What shows it; kept in the case file.")],
    no_id_copy: Annotated[
        bool,
        typer.Option("--no-id-copy", help="Say beforehand that the proof is no copy of an identity one."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Enter that you sent a letter yourself, with the proof: a receipt of the post, a print of the e-mail.

    It counts from the day that you give. A copy of an identity document (passport, identity card, driving
    licence, residence permit) proves no sending and must not be kept (R11). No software can tell one
    reliably, so this command asks, and the trail holds your answer.
    """
    from afschrift.casework.intake.case_file import NO_ID_COPY, PART_BYTES

    register, day = open_register(), _day(on)
    authority = _may_decide(officer(), register.letters.get(letter).request)
    with opened(proof) as stream:
        first = stream.read(PART_BYTES)
        kind = media_type(proof.name, first)
        parts = chain([first], iter(partial(stream.read, PART_BYTES), b""))
        if id_copy(no_id_copy):
            raise RefusedError("Nothing was entered.", remedy=NO_ID_COPY)
        kept = Proof(
            proof.name, kind, checked_content(proof.name, parts, Settings.from_environment().document_bytes)
        )
        _done(
            register.outbox.enter_sending(letter, day, channel, kept, actor(), authority=authority), as_json
        )


@app.command()
def bounced(
    letter: Letter,
    on: On,
    reason: Annotated[Bounce, typer.Option(help="Why it did not arrive.")],
    as_json: AsJson = False,
) -> None:
    """Enter that a letter came back. It counts as sent no more; make it anew with the right address.

    Where its sending had ended the request, the request is open again, and its period runs: nobody was told
    (R45).
    """
    register, day = open_register(), _day(on)
    request = register.letters.get(letter).request
    authority = _may_decide(officer(), request)
    was_open = register.requests.get(request).state.open
    found = register.outbox.enter_bounce(letter, day, reason, actor(), authority=authority)
    _done(found, as_json)
    if _to_inform(register, request):
        return
    if register.requests.get(request).state.open and not was_open:
        say(
            f"Request {request} is open again: nobody was told that it is refused (R45). Make it anew, "
            f"then send it: `afschrift letter again {found.id}`."
        )


@app.command()
def again(
    letter: Letter,
    to_file: Annotated[
        Path | None,
        typer.Option(help="Another e-mail address: a file, or - for standard input. Else as decided."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a letter that came back anew, with the words of its decision. It is not sent yet."""
    from afschrift.casework.decision.answer import letter_again
    from afschrift.cli.given import text

    who = officer()
    authority = _may_decide(who, who.register.letters.get(letter).request)
    _done(letter_again(who, letter, to=text(to_file), authority=authority), as_json)


@app.command()
def release(letter: Letter, as_json: AsJson = False) -> None:
    """Enter that you looked, and a letter of unknown fate did not go out: it may be sent again."""
    register = open_register()
    authority = _may_decide(officer(), register.letters.get(letter).request)
    _done(register.outbox.release(letter, actor(), authority=authority), as_json)


def _may_decide(who: Officer, request: str) -> dict[str, str]:
    return who.acting(request, Act.DECIDE, "letter")


def _to_inform(register: Register, request: str) -> bool:
    """Ask to tell the person anew where the answer is ready, and say so; whether it is."""
    question = ask_to_inform(register, request)
    if question:
        say(
            f"Nobody was told of the answer of request {request}, which is open and runs. Tell them another "
            f"way: `afschrift answer {question} --choice make_letter`, or `told` where you told them."
        )
    return bool(question)


def _done(letter: LetterRow, as_json: bool) -> None:
    typer.echo(json.dumps(asdict(letter), indent=2, ensure_ascii=False) if as_json else _line(letter))


def _line(letter: LetterRow) -> str:
    line = f"{letter.id}  {letter.request}  {letter.kind} ({letter.language})  {letter.state}"
    if letter.sent_on:
        line += f"  sent {letter.sent_on} by {letter.channel}"
    if letter.bounced_on:
        line += f"  came back {letter.bounced_on}: {letter.bounce}"
    return line


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write a date as 2026-03-05", param_hint="--on") from None
