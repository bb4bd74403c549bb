"""`afschrift case`: the case file, encrypted under the keys of its requests."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afschrift.app.settings import Settings
from afschrift.casework.actions.action import Subject
from afschrift.casework.actions.actions import actions_of
from afschrift.casework.intake.case_story import story
from afschrift.casework.intake.referral import to_hand_over
from afschrift.cli import given
from afschrift.cli.actions import add_actions
from afschrift.cli.common import AsJson, actor, officer, open_register, print_found, print_json, say
from afschrift.cli.forms import read_form
from afschrift.cli.given import empty_folder, harmless, id_copy, opened, write
from afschrift.cli.terminal import one_line
from afschrift.domain.errors import RefusedError
from afschrift.law.case_facts import CaseFactKind, referrals

if TYPE_CHECKING:
    from afschrift.domain.request import Hold
    from afschrift.register.cases import CaseRow
    from afschrift.register.register import Register


app = typer.Typer(no_args_is_help=True)
add_actions(app, actions_of(Subject.CASE))

Owner = Annotated[str, typer.Argument(metavar="CASE|REQUEST", help="Id of a case or of a request.")]


class AddedKind(StrEnum):
    """Kind of an added text."""

    NOTE = "note"
    RECEIVED = "received"
    SENT = "sent"
    DOCUMENT = "document"


@app.command("list")
def listing(
    all_: Annotated[bool, typer.Option("--all", help="Also cases whose requests are all closed.")] = False,
    held: Annotated[bool, typer.Option("--held", help="Only cases under hold, closed ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the cases in the order of their receipt. No text is read."""
    register = open_register()
    still_open = {r.case for r in register.requests.all(open_only=True)}
    holds = register.disputes.holds()
    under = {hold.request for hold in holds}
    found = [
        case
        for case in register.cases.all()
        if (under & set(case.requests) if held else all_ or case.id in still_open)
    ]
    of = {case.id: [hold for hold in holds if hold.request in case.requests] for case in found}
    nothing = "No open case." if not all_ else "No case yet: `afschrift submit`."
    print_found(
        lambda: [asdict(case) | {"holds": list(map(asdict, of[case.id]))} for case in found],
        (line for case in found for line in _listed(case, of[case.id])),
        as_json,
        "No case is under hold." if held else nothing,
    )


def _listed(case: CaseRow, holds: Iterable[Hold]) -> Iterator[str]:
    yield (
        f"{case.id}  received {case.received_at[:16]}Z by {case.channel}  made by {case.made_by}  "
        f"texts {case.texts}  requests {', '.join(case.requests)}"
    )
    yield from dict.fromkeys(f"    held: {hold.words}" for hold in holds)


@app.command("print")
def print_(
    request: Annotated[str, typer.Argument(help="Id of a request.")],
    file: Annotated[Path, typer.Argument(help="A new file, .html; its signature is FILE.sig.json.")],
    check: Annotated[bool, typer.Option("--check", help="Compare a file that is there.")] = False,
) -> None:
    """Write a case as a page to print: what happened, in words, with a signature. The look is an event."""
    from afschrift.report.case_sheet import case_sheet, fault_of

    signature = file.with_name(f"{file.name}.sig.json")
    if check:
        try:
            fault = fault_of(officer(), request, file.read_bytes(), signature.read_bytes())
        except (OSError, ValueError, KeyError, TypeError):
            raise RefusedError(f"{file} with {signature.name} is no readable case.") from None
        if fault:
            raise RefusedError(f"{file} is not as it was made ({fault}).", remedy="print the case again.")
        say(f"{file} is as this installation made it.")
        return
    for path, content in zip((file, signature), case_sheet(officer(), request), strict=True):
        write(path, [content])
    say(f"Written to {file}, with its signature.")


@app.command()
def show(
    owner: Owner,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the documents into this new or empty folder, which only you can read."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a case in order of time: who did what and when, the texts, the documents by name and size.

    A request's id shows what belongs to it or to its case as a whole. Each view is an event of the trail, and
    so is each exported document. After the retention period it shows which rule destroyed a text.
    """
    register = open_register()
    case = register.cases.get(owner)
    folder = empty_folder(out) if out else None
    found = register.cases.texts(owner, actor())
    if as_json:
        texts = [
            asdict(t) | {"text": None if t.text is None else t.text.decode(errors="replace")} for t in found
        ]
        facts = [asdict(fact) for fact in register.case_facts.of(case.id)]
        story_rows = [entry.document() for entry in story(register, owner, found)]
        shown = {"case": asdict(case), "facts": facts, "texts": texts, "story": story_rows}
        print_json(shown, ascii=False)
    else:
        typer.echo(f"{case.id}: received {case.received_at} by {case.channel}, made by {case.made_by}")
        typer.echo(f"  requests {', '.join(case.requests) or 'none'}")
        for line in case_lines(register, case.id):
            typer.echo(f"  {line}")
        for entry in story(register, owner, found):
            _show(entry)
    documents = [t for t in found if t.kind == "document" and t.destroyed is None]
    if folder:
        for document in documents:
            content = register.documents.read(document.id, actor())
            write(folder / harmless(document.id, document.name), content)
        say(f"{len(documents)} documents written to {folder}. Delete them when you are done.")
    elif documents and not as_json:
        say("All documents are written out with --out FOLDER, one with `afschrift case export`.")


@app.command()
def export(
    text: Annotated[str, typer.Argument(metavar="ID", help="Id of a document or text: `case show`.")],
    out: Annotated[Path, typer.Option(help="New file, which only you can read.")],
) -> None:
    """Write one document or text of a case file into a file, unchanged. This is recorded as an event."""
    if out.exists():  # before the event
        raise RefusedError("There is a file of this name already.", remedy="name a new one.")
    size = write(out, open_register().documents.read(text, actor()))
    say(f"{size} bytes written. Delete the file when you are done.")


@app.command()
def add(
    owner: Owner,
    kind: Annotated[AddedKind, typer.Option(help="received and sent: letters and e-mails with others.")],
    file: Annotated[
        Path | None, typer.Option(help="File to read; for a text by default standard input.")
    ] = None,
    request: Annotated[
        str | None, typer.Option(help="With a case: the request of it that this belongs to.")
    ] = None,
    no_id_copy: Annotated[
        bool,
        typer.Option("--no-id-copy", help="State that the document is no copy of an identity document."),
    ] = False,
) -> None:
    """Add a text or document to a case file, encrypted under the request's key (or the case's).

    A text is typed or piped in, or read from a file: never given as an argument, which others could read.

    A copy of an identity document (passport, identity card, driving licence, residence permit) must not be
    kept (R11). No software recognises one reliably, so this command asks, and the trail records your answer.
    Documents may be text, e-mail, PDF, image or office file, up to a size; programs are refused.
    """
    from afschrift.casework.intake.case_file import add_document, add_text

    register = open_register()
    case = register.cases.get(owner)
    if request is not None:
        if request not in case.requests:
            raise RefusedError(
                f"This request is none of case {case.id}.", remedy="see `afschrift case list --all`."
            )
        owner = request
    at_most = Settings.from_environment().document_bytes
    if kind is AddedKind.DOCUMENT:
        if file is None:
            raise typer.BadParameter("a document comes from a file: --file FILE")
        with opened(file) as stream:
            is_copy = id_copy(no_id_copy)
            text_id = add_document(
                register, owner, file.name, stream, actor(), at_most=at_most, id_copy=is_copy
            )
    else:
        if file is None and sys.stdin.isatty():
            say("Type the text; Ctrl-D on an empty line ends it.")
        content = given.content(file or Path("-"), "The text", at_most)
        text_id = add_text(register, owner, kind.value, content, actor(), at_most=at_most)
    typer.echo(text_id)


@app.command()
def parties(
    owner: Owner,
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Record them: person, representative, heir, each with name, organisation, email, phone, "
            "address, language, channel; null takes one out. YAML or JSON; `-`: standard input.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show or record the parties of a case: whom the data is about, who acts for them, who inherits.

    They are kept encrypted under the key of the case, and destroyed with it. Letters go to one of them and
    name the person concerned. Each look is an event.
    """
    from afschrift.casework.intake.parties import record_parties

    who = officer()
    if from_ is not None:
        record_parties(who, owner, read_form(from_, who.settings.document_bytes))
    found = who.register.cases.parties(owner, who.by)
    lines = (
        line
        for role, party in found.items()
        for line in (f"{role}:", *(f"  {name}: {one_line(value)}" for name, value in party.items()))
    )
    print_found(lambda: found, lines, as_json, "No party is recorded.")


def _show(entry: Any) -> None:
    text = entry.text
    at = f"{entry.at[:19]}Z" if len(entry.at) > 10 else f"{entry.at:<20}"
    by = f"  by {entry.by}" if entry.by else ""
    ids = ", ".join(known for known in (text.id if text else None, entry.request) if known)
    typer.echo(f"{chr(10) if text else ''}{at}  {entry.what}{by}  {f'({ids})' if ids else ''}".rstrip())
    if text is None:
        return
    if text.destroyed:
        rule = text.destroyed.rule or "no longer in the trail"
        at = text.destroyed.at or "an unknown time"
        typer.echo(f"    destroyed at {at}; rule: {rule}. It is gone for good.")
    elif text.kind == "document":
        typer.echo(f"    {one_line(text.name)}, {text.media_type}, {text.size} bytes")
    else:
        for line in text.text.decode(errors="replace").splitlines():
            typer.echo(f"    {line}")


@app.command()
def waiting(
    as_json: AsJson = False,
) -> None:
    """List what waits to be handed over, in order of due dates."""
    found = to_hand_over(open_register())
    lines, nothing = (wait.words for wait in found), "Nothing waits to be handed over."
    print_found(lambda: [wait.document() for wait in found], lines, as_json, nothing)


def case_lines(register: Register, case: str) -> list[str]:
    """Return lines for `case show` on forwarding, and on matters that are not fulfilled here."""
    facts = register.case_facts.of(case)
    lines = [
        f"forwarded {fact.detail['at'][:16]}Z from {fact.detail['from']} to {fact.detail['to']}"
        for fact in facts
        if fact.kind is CaseFactKind.FORWARDED
    ]
    for referral in referrals(facts):
        article = f" (Art. {referral.matter.article})" if referral.matter.article else ""
        due = f"due {referral.due}" if referral.due else "without a period of the GDPR"
        if referral.handed_over is not None:
            detail = referral.handed_over.detail
            on = f"{referral.handed_over.at[:16]}Z"
            state = f"handed over to {detail['to']} on {on}, reference {detail['reference']}"
        else:
            state = f"NOT HANDED OVER{f', for {referral.desk}' if referral.desk else ''}"
        lines.append(f"asks for {referral.matter}{article}, {due}: {state}")
    return lines
