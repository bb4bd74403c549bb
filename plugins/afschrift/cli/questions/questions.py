"""`afschrift questions` and `afschrift answer`: the questions at which runs stopped, and their answers."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.app.roles_file import load_roles
from afschrift.casework.answer import answer_question, goes_on, look, still_open
from afschrift.casework.answer_form import answer_form
from afschrift.casework.answer_rows import form_of
from afschrift.casework.question_kinds import kind_named
from afschrift.cli import given
from afschrift.cli.common import AsJson, actor, officer, open_register, print_found, say
from afschrift.cli.forms import ask_answer, from_file
from afschrift.cli.given import opened
from afschrift.cli.running import CODES, Here, OnAirflow, begin, in_one_place, leave
from afschrift.domain.errors import ConfigurationError
from afschrift.questions.ask import assign as record
from afschrift.questions.ask import assigned_to
from afschrift.questions.form_fields import fields_of, read_fields
from afschrift.questions.kind import GivenAnswer

if TYPE_CHECKING:
    from afschrift.casework.officer import Officer
    from afschrift.law.manual_search import NewFile
    from afschrift.questions.view import Section
    from afschrift.register.records import QuestionRow
    from afschrift.register.register import Register


commands = typer.Typer()
app = typer.Typer(invoke_without_command=True)


@app.callback()
def questions(
    context: typer.Context,
    request: Annotated[str | None, typer.Option(help="Of one request only.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the questions that only a person may answer, with their options and fields."""
    if context.invoked_subcommand is not None:
        return
    register = open_register()
    found = register.questions.all(open_only=not all_, request_id=request)
    to = {q.id: assigned_to(register.facts.timeline(q.request), q.id) for q in found}
    print_found(
        lambda: [asdict(q) | {"form": form_of(q), "assigned_to": to[q.id]} for q in found],
        (line for q in found for line in _lines(q, to[q.id])),
        as_json,
        "No open question.",
    )


def _lines(q: QuestionRow, to: str | None) -> Iterator[str]:
    whose = f"  for {to}" if to else ""
    yield f"{q.id}  {q.request}  {q.kind}  role {q.role}{whose}  asked {q.asked_at[:16]}"
    yield f"    about   {json.dumps(q.detail, ensure_ascii=False)}"
    yield f"    options {', '.join(q.options)}"
    if q.kind == "identity":
        yield f"    see     `afschrift request look-up {q.request} --run`, then `request identity`"
    if q.kind == "decision":
        yield "    form    `afschrift grounds list`, then `afschrift grounds show CODE`"
        return
    for field in fields_of(form_of(q), q.options):
        words = ", ".join(filter(None, (field.title, field.need)))
        yield f"    field   {field.name}: {field.takes} ({words})"


@app.command()
def show(
    question: Annotated[str, typer.Argument(help="Id of the question.")],
    unmask: Annotated[bool, typer.Option("--unmask", help="The values of the person too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the evidence of a question, with values masked. This is recorded as an event."""
    found = look(officer(), question, unmask=unmask)
    print_found(
        lambda: asdict(found) if found else {"question": question, "sections": []},
        _sections(found.sections if found else ()),
        as_json,
        "It shows nothing besides what `afschrift questions` lists.",
    )
    if found and found.more and not as_json:
        say("Values are masked: --unmask shows them, which is an event too.")


def _sections(sections: Sequence[Section]) -> Iterator[str]:
    """Yield title, lines and table of each section."""
    for section in sections:
        yield section.title
        for line in section.lines:
            first, *more = line.value.split("\n")
            yield f"    {line.label}: {first}"
            yield from (f"        {text}" for text in more)
        for row in (section.heads, *section.rows) if section.rows else ():
            yield f"    {'  '.join(map(str, row))}"


@app.command()
def assign(
    question: Annotated[str, typer.Argument(help="Id of the question.")],
    to: Annotated[
        str | None, typer.Option(help="Name in the roles file, or account, of a person with the role.")
    ] = None,
    anybody: Annotated[bool, typer.Option("--anybody", help="Back to everyone with the role.")] = False,
) -> None:
    """Assign a question to one person; others with the role then cannot answer it, but deputies can."""
    if (to is None) != anybody:
        raise ConfigurationError("The assignee is missing.", remedy="give --to NAME, or --anybody.")
    name = record(open_register(), load_roles(), question, to, actor())
    typer.echo(f"Question {question} is for {name or 'everyone with its role'}.")


@commands.command(epilog=CODES)
def answer(
    question: Annotated[
        str, typer.Argument(metavar="QUESTION|REQUEST", help="Id of a question, or of a request: see --of.")
    ],
    of: Annotated[
        str | None,
        typer.Option(help="Of a request with several open questions: kind or system, such as review."),
    ] = None,
    choice: Annotated[str | None, typer.Option(help="One of the question's options.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A field of its form as name=value; codes only.")
    ] = None,
    form: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The whole answer as YAML or JSON, as in REST; `-`: standard input."
        ),
    ] = None,
    text_file: Annotated[
        Path | None,
        typer.Option(help="Reason in words, kept encrypted: a file, or - for standard input."),
    ] = None,
    file: Annotated[
        list[Path] | None, typer.Option("--file", help="A file that was found. Repeatable.")
    ] = None,
    here: Here = False,
    airflow: OnAirflow = False,
) -> None:
    """Answer a question. It is recorded with who, when and in which role; a second answer is refused.

    At a terminal an answer without --choice is asked for field by field. Files that were found in a system
    that people search are checked by their content and kept encrypted.
    """
    in_one_place(here, airflow)
    who = officer()
    asked = _asked_of(who.register, question, of)
    filled = _filled(who, asked, choice, set_ or [], form, text_file)
    with ExitStack() as held:
        files = tuple(_scanned(held, path, who.settings.manual_bytes) for path in file or ())
        done = answer_question(who, asked.id, **{**vars(filled), "files": files})
    typer.echo(f"Recorded: {done.decision.kind} = {done.decision.choice}.")
    if files:
        say(f"{len(files)} files are kept, encrypted. Delete your copies when you are done.")
    if done.next_step:
        say(done.next_step)
    if goes_on(who.register, done):
        go_on(who.register, asked.request, here=here, airflow=airflow)


def _asked_of(register: Register, owner: str, of: str | None) -> QuestionRow:
    """The question with an id, or the one open question of a request of a kind or system."""
    if not owner.startswith("req-"):
        return register.questions.get(owner)
    register.requests.get(owner)
    found = register.questions.all(request_id=owner)
    fitting = [q for q in found if of in (None, q.kind, q.detail.get("source"))]
    if len(fitting) != 1:
        raise ConfigurationError(
            f"{len(fitting) or 'No'} questions of request {owner} fit.",
            remedy="`afschrift questions` lists those that are open: name one by its id, or by --of.",
        )
    return fitting[0]


def _scanned(held: ExitStack, path: Path, at_most: int) -> NewFile:
    from afschrift.casework.manual.scan import scan

    stream = held.enter_context(opened(path))
    return scan(path.name, stream, os.fstat(stream.fileno()).st_size, at_most)


def go_on(register: Register, request: str, *, here: bool, airflow: bool) -> None:
    """Start the next run after an answer, or report what is left to do."""
    if here or airflow:
        leave(begin(request, airflow=airflow))
    elif others := still_open(register, request):
        say(f"Before its next run, the request needs an answer to {', '.join(others)} too.")
    else:
        say(f"Start the run again to continue: `afschrift run {request}`, or trigger fulfil_request.")


def _filled(
    who: Officer,
    asked: QuestionRow,
    choice: str | None,
    set_: list[str],
    form: Path | None,
    text_file: Path | None,
) -> GivenAnswer:
    """Return the answer from options, a form, or prompts."""
    if form is not None:
        if choice or set_ or text_file:
            raise ConfigurationError("The form is the whole answer.", remedy="give --form alone.")
        return from_file(form)
    form_for = partial(answer_form, who, asked)
    if choice is None:
        return ask_answer(form_for, asked.options)
    texts = dict(map(_pair, set_))
    # an argument is seen by others: words in one are taken for a code, and refused
    codes = [field for field in form_for({"choice": choice, **texts}).fields if not field.words]
    detail, _ = read_fields(codes, lambda name: [texts.get(name, "")])
    return GivenAnswer(choice, {**texts, **detail}, text=_text(text_file, asked))


def _pair(item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not equals:
        raise ConfigurationError("A --set has no value.", remedy="write it as --set name=value.")
    return name, value


def _text(file: Path | None, question: QuestionRow) -> str | None:
    """Read a reason from a file, standard input or a prompt; never from a flag, which other users see."""
    if file is not None:
        return given.text(file)
    wanted = question.answered_at is None and kind_named(question.kind).reason
    if not (wanted and sys.stdin.isatty()):
        return None
    return typer.prompt("Reason (kept encrypted; empty for none)", default="", show_default=False) or None
