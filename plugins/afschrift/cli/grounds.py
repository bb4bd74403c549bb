"""`afschrift grounds`: the grounds for a decision other than to fulfil, and the form of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from afschrift.app.jurisdiction import load_grounds
from afschrift.casework.actions.action import Subject
from afschrift.casework.actions.actions import actions_of
from afschrift.casework.answer_form import ground_form
from afschrift.casework.decision.denial import sources_at
from afschrift.cli.actions import add_actions
from afschrift.cli.common import AsJson, officer, print_found, print_json, print_lines, right_of
from afschrift.cli.forms import template
from afschrift.domain.errors import RefusedError
from afschrift.domain.instants import rfc3339
from afschrift.domain.right import Right
from afschrift.law.grounds import Outcome

if TYPE_CHECKING:
    from afschrift.law.grounds import Grounds

app = typer.Typer(no_args_is_help=True)
add_actions(app, actions_of(Subject.SOURCE))


@app.command("list")
def listing(
    right: Annotated[
        Right | None,
        typer.Option(parser=right_of, metavar="RIGHT", help="Of one right only: access or portability."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the grounds with outcomes, rights and who signs, and the codes that are turned down."""
    grounds = load_grounds()
    codes = [c for c in grounds.codes if c in grounds.never or right in (None, *grounds.grounds[c].rights)]
    print_found(
        lambda: [_shown(grounds, code) for code in codes],
        (_listed(grounds, code) for code in codes),
        as_json,
    )


def _listed(grounds: Grounds, code: str) -> str:
    if code in grounds.never:
        never = grounds.never[code]
        return f"{code}  turned down ({', '.join(never.rules)}): {never.because}"
    ground = grounds.grounds[code]
    return (
        f"{code}  {ground.title['en']}: {', '.join(ground.outcomes)}  ({' and '.join(ground.rights)})"
        f"  four eyes {ground.four_eyes}  {', '.join(ground.rules)}"
    )


@app.command()
def show(
    code: Annotated[str, typer.Argument(help="Code of a ground: `grounds list`.")],
    form: Annotated[
        bool, typer.Option("--form", help="Print a form to be filled in, for `answer --form`.")
    ] = False,
    choice: Annotated[
        str | None, typer.Option(help="The outcome of the form, if the ground has several.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a ground with the fields of its form: which are needed, and which are kept encrypted."""
    grounds = load_grounds()
    if code not in grounds.codes:
        raise RefusedError("There is no such ground.", remedy="`afschrift grounds list` shows all of them.")
    if as_json:
        print_json(_shown(grounds, code), ascii=False)
        return
    if code in grounds.never:
        never = grounds.never[code]
        typer.echo(
            f"{code} is turned down ({', '.join(never.rules)}): {never.because}.\nInstead: {never.instead}."
        )
        return
    ground = grounds.grounds[code]
    if choice is not None and choice not in ground.outcomes:
        raise RefusedError(f"{code} does not lead to that.", remedy=f"choose {' | '.join(ground.outcomes)}.")
    outcome = Outcome(choice) if choice else next(iter(ground.outcomes))
    if form:
        typer.echo(template(grounds, code, outcome))
        return
    typer.echo(f"{code}  {ground.title['en']} / {ground.title['nl']}")
    typer.echo(f"    rights   {', '.join(ground.rights)}")
    typer.echo(f"    rules    {', '.join(ground.rules)}")
    typer.echo(f"    signs    {', '.join(ground.signers)}; a second signer: {ground.four_eyes}")
    for result, letter in ground.outcomes.items():
        typer.echo(f"    outcome  {result}, letter {letter or 'none'}")
        for field in ground_form(grounds, code, result).fields:
            kept = "encrypted" if field.words else "trail"
            typer.echo(f"    field    {field.name} ({kept}, {field.need or 'may be left out'})")
            typer.echo(f"             {field.title}: {field.takes}")


@app.command()
def policies() -> None:
    """List the sources of which answers do not say whether nothing is held there (R09, R84)."""
    at_work = officer()
    print_lines(sorted(sources_at(at_work.register, rfc3339(at_work.now))))


def _shown(grounds: Grounds, code: str) -> dict[str, Any]:
    """Return a ground or a refused code for JSON."""
    if code in grounds.never:
        never = grounds.never[code]
        words = {"turned_down": never.because, "instead": never.instead}
        return {"code": code, "title": dict(never.title), "rules": never.rules, **words}
    ground = grounds.grounds[code]
    return {
        "code": code,
        "title": dict(ground.title),
        "rights": ground.rights,
        "outcomes": dict(ground.outcomes),
        "rules": ground.rules,
        "signers": ground.signers,
        "four_eyes": ground.four_eyes,
        "fields": {
            name: {"title": dict(field.title), "kept": field.kept, "schema": dict(field.schema)}
            for name in ground.fields
            for field in [grounds.fields[name]]
        },
        "needed": [
            {"fields": need.fields, "when": dict(need.when), "rule": need.rule or ground.rules[0]}
            for need in ground.needed
        ],
    }
