"""`afschrift letter`: letters to the person, from making to sending."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from afschrift.casework.actions.action import Subject
from afschrift.casework.actions.actions import actions_of
from afschrift.casework.intake.case_file import NO_ID_COPY, PART_BYTES
from afschrift.casework.letters.letter_form import letter_form, make_letter, read_letter
from afschrift.casework.letters.send import enter_sent
from afschrift.cli.actions import add_actions
from afschrift.cli.common import AsJson, officer, open_register, print_found, print_json, say
from afschrift.cli.forms import ask_fields, blank_letter, described_kind, listed_kind, read_form
from afschrift.cli.given import date_, id_copy, opened, write
from afschrift.cli.terminal import one_line
from afschrift.domain.errors import RefusedError
from afschrift.law.case_documents import checked_content, media_type
from afschrift.law.letter import LetterState, SendingChannel
from afschrift.law.roles import Act
from afschrift.letters.kinds import KINDS, kind_named
from afschrift.questions.form_fields import fields_of, read_fields
from afschrift.register.outbox import Proof

app = typer.Typer(no_args_is_help=True)
add_actions(app, actions_of(Subject.LETTER))

Letter = Annotated[str, typer.Argument(metavar="LETTER", help="Id of a letter: `letter list`.")]
On = Annotated[str, typer.Option(metavar="DATE", help="Local day on which it happened, as 2026-03-05.")]


@app.command()
def kinds(
    kind: Annotated[str | None, typer.Argument(help="Show a form of this kind, to be filled in.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the kinds of letters; or print a form of one, as YAML for `letter make --from`."""
    chosen = [kind_named(kind)] if kind else list(KINDS.values())
    lines = map(blank_letter if kind else listed_kind, chosen)
    print_found(lambda: list(map(described_kind, chosen)), lines, as_json)


@app.command("list")
def listing(
    request: Annotated[str | None, typer.Option(help="Of one request only.")] = None,
    state: Annotated[list[LetterState] | None, typer.Option(help="Of these states only. Repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """List letters in the order in which they were made. No text is read."""
    found = open_register().letters.all(request_id=request, states=state)
    print_found(lambda: list(map(asdict, found)), (letter.line for letter in found), as_json, "No letter.")


@app.command()
def make(
    request: Annotated[str, typer.Argument(help="Id of the request that it is about.")],
    kind: Annotated[str, typer.Argument(help="Kind of letter: `letter kinds`.")],
    from_: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Filled-in form (YAML or JSON); `-`: standard input."),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show it and keep nothing.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Though one of its kind waits or was sent.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a letter and keep it in the case file; it is not sent yet.

    What the register knows (dates, reference, authority, court) is filled in automatically. The rest comes
    from a filled-in form, or from prompts at the terminal: never from arguments, which others can read.

    A letter that lacks required content is not made. While the requester is not identified, it may contain
    nothing about them that they did not write themselves.
    """
    who = officer()
    given: dict[str, Any] = {}
    if from_ is not None:
        given = read_form(from_, who.settings.document_bytes)
    elif sys.stdin.isatty():
        form = letter_form(who, request, kind_named(kind))
        fields = [field for field in fields_of(form, ()) if field.name != "again"]
        codes, words = read_fields(fields, ask_fields(fields))
        given = {**codes, **words}
    made = make_letter(who, request, kind, given, again=again, keep=not preview)
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
    found = read_letter(officer(), letter)
    if html is not None:
        write(html, [found.html.encode()])
        say("Written. Delete the file when you are done.")
    else:
        document = {**asdict(found.letter), "subject": found.subject, "text": found.text}
        lines = [found.letter.line, "", one_line(found.subject), "", *found.text.splitlines()]
        print_found(lambda: document, lines, as_json)


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
    who, day = officer(), date_(on, "--on")
    who.acting(who.register.letters.get(letter).request, Act.DECIDE, "letter")  # before the file is read
    with opened(proof) as stream:
        first = stream.read(PART_BYTES)
        kind = media_type(proof.name, first)
        parts = chain([first], iter(partial(stream.read, PART_BYTES), b""))
        if id_copy(no_id_copy):
            raise RefusedError("Nothing was entered.", remedy=NO_ID_COPY)
        kept = Proof(proof.name, kind, checked_content(proof.name, parts, who.settings.document_bytes))
        done = enter_sent(who, letter, day, channel, kept)
    print_found(lambda: asdict(done), [done.line], as_json)
