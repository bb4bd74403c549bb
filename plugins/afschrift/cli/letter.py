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
from afschrift.law.clock.facts import FactKind
from afschrift.law.letter import Bounce, Discard, LetterState, SendingChannel
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
        print_json([described_kind(each) for each in chosen], ascii=False)
    elif kind:
        typer.echo(letter_form(chosen[0]))
    else:
        for each in chosen:
            typer.echo(listed_kind(each))


@app.command("list")
def listing(
    request: Annotated[str | None, typer.Option(help="Of one request only.")] = None,
    state: Annotated[list[LetterState] | None, typer.Option(help="Of these states only. Repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """List letters in the order in which they were made. No text is read."""
    found = open_register().letters.all(request_id=request, states=state)
    if as_json:
        print_json([asdict(letter) for letter in found], ascii=False)
        return
    if not found:
        typer.echo("No letter.")
    for letter in found:
        typer.echo(_line(letter))


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

    What the register knows (dates, reference, authority, court) is filled in automatically. The rest comes
    from a filled-in form, or from prompts at the terminal: never from arguments, which others can read.

    A letter that lacks required content is not made. While the requester is not identified, it may contain
    nothing about them that they did not write themselves.
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
    """Send a letter by e-mail, once. It counts from the day on which the mail server accepted it.

    If the connection breaks while the server has the letter, it is not known whether it was sent: its state
    is then `unknown`, and it is not sent again before an officer has checked.
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
    channel: Annotated[SendingChannel, typer.Option(help="How it was sent.")],
    proof: Annotated[Path, typer.Option(metavar="FILE", help="The proof; kept in the case file.")],
    no_id_copy: Annotated[
        bool,
        typer.Option("--no-id-copy", help="State that the proof is no copy of an identity document."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Enter that you sent a letter yourself, with the proof: a receipt of the post, a print of the e-mail.

    It counts from the day that you give. A copy of an identity document (passport, identity card, driving
    licence, residence permit) proves no sending and must not be kept (R11). No software recognises one
    reliably, so this command asks, and the trail records your answer.
    """
    from afschrift.casework.identity.breach import require_no_breach
    from afschrift.casework.intake.case_file import NO_ID_COPY, PART_BYTES

    register, day = open_register(), _day(on)
    found = register.letters.get(letter)
    authority = _may_decide(officer(), found.request)
    require_no_breach(register, found.request, day, found)
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
    """Enter that a letter came back. It no longer counts as sent; make it again with the right address.

    If its sending had closed the request, the request is open again, and its period runs: the person was not
    informed (R45).
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
        facts = {fact.id: fact.kind for fact in register.facts.timeline(request).facts}
        decided = facts.get(found.fact or "") is FactKind.DECIDED
        way = f"again {found.id}" if decided else f"make {request} {found.kind}"
        say(
            f"Request {request} is open again: its letter '{found.kind}' of {found.sent_on} came back, so "
            f"the person was not informed (R45). Make it again, then send it: `afschrift letter {way}`."
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
    """Make a letter that came back again, with the words of its decision. It is not sent yet."""
    from afschrift.casework.decision.answer import letter_again
    from afschrift.cli.given import text

    who = officer()
    authority = _may_decide(who, who.register.letters.get(letter).request)
    _done(letter_again(who, letter, to=text(to_file), authority=authority), as_json)


@app.command()
def release(letter: Letter, as_json: AsJson = False) -> None:
    """Enter that you checked, and a letter in state `unknown` was not sent: it may be sent again."""
    register = open_register()
    authority = _may_decide(officer(), register.letters.get(letter).request)
    _done(register.outbox.release(letter, actor(), authority=authority), as_json)


@app.command()
def discard(
    letter: Letter,
    reason: Annotated[Discard, typer.Option(help="Why it is not sent.")],
    as_json: AsJson = False,
) -> None:
    """Enter that a letter that was made will not be sent. It stays in the case file and in the trail."""
    register = open_register()
    authority = _may_decide(officer(), register.letters.get(letter).request)
    found = register.outbox.discard(letter, reason, actor(), authority=authority)
    _done(found, as_json)
    _to_inform(register, found.request)


def _may_decide(who: Officer, request: str) -> dict[str, str]:
    return who.acting(request, Act.DECIDE, "letter")


def _to_inform(register: Register, request: str) -> bool:
    """If the answer is ready, ask an officer to notify the person again; return whether it is."""
    question = ask_to_inform(register, request)
    if question:
        say(
            f"The person was not notified of the answer of request {request}, which is open and runs. Notify "
            f"them another way: `afschrift answer {question} --choice make_letter`, or `told` once you did."
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
