"""`afschrift register`: the register's tables, its back-up and restoration, the end of data keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from afschrift.cli.common import actor, open_register, say
from afschrift.domain.errors import RefusedError

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

app = typer.Typer(
    help="The register: bring its tables to the newest version, back it up, restore it, shred a request.",
    no_args_is_help=True,
)


@app.command()
def upgrade() -> None:
    """Bring the tables to the version of this software; nothing that stands there is lost."""
    from afschrift.register.schema import upgrade as bring_up

    bring_up(_url())
    say("The register is at its newest version.")


@app.command()
def backup(
    into: Annotated[Path, typer.Argument(help="New file for the register without its data keys.")],
    data_keys: Annotated[
        Path | None, typer.Option(help="New file for the data keys. Keep it elsewhere, and only the newest.")
    ] = None,
) -> None:
    """Back up a register on SQLite, also while it is in use.

    The data keys go to a file of their own or to none: so the back-up of the register brings no key back
    that was destroyed meanwhile. For PostgreSQL see docs/keys.md.
    """
    from afschrift.register.backup import back_up

    back_up(_url(), into, data_keys)
    say(f"The register, without its data keys, is in {into}.")
    if data_keys:
        say(f"The data keys are in {data_keys}. Destroy the back-up of them before this one.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="File that `afschrift register backup` made.")],
    data_keys: Annotated[
        Path | None,
        typer.Option(help="Back-up of the data keys; default: those of the present register stay."),
    ] = None,
    yes: Yes = False,
) -> None:
    """Make the register on SQLite what a back-up holds.

    Everything entered since the back-up is lost. The data keys of the present register stay, so that what
    was destroyed since stays destroyed; only where they are lost too, name their back-up.
    """
    from afschrift.register.backup import restore as put_back

    _confirm("Everything entered since the back-up is lost. Go on?", yes)
    put_back(_url(), file, data_keys, actor())
    say("Restored, and entered in the trail. Verify it against your newest checkpoint and bundles.")


@app.command()
def restored() -> None:
    """Enter in the trail that the register was restored with PostgreSQL's own programs.

    `afschrift register restore` does that by itself.
    """
    from afschrift.register.backup import enter

    if enter(_url(), by=actor()):
        say("Entered in the trail. Verify it against your newest checkpoint and bundles.")
    else:
        say("The trail's last event tells of it already.")


@app.command()
def shred(
    request: Annotated[str, typer.Argument(help="Id of a request that is closed.")],
    rule: Annotated[str, typer.Option(help="The rule that says so, a code, such as retention_identity.")],
    yes: Yes = False,
) -> None:
    """Destroy a request's data key: its identity, texts, plans and staged files are unreadable from then on.

    States, times and the trail stay, and so does the pseudonym by which a person who asks again is
    recognised. Delivered bundles and your sources are not touched. There is no way back.
    """
    register = open_register()
    if register.requests.get(request).state.open:
        raise RefusedError(
            f"Request {request} is open, and cannot be answered without what its data key protects.",
            remedy="close it first: deliver, refuse or withdraw it.",
        )
    _confirm(f"Nobody will be able to read who made request {request}. Destroy its data key?", yes)
    if register.data_keys.shred(request, code(rule), actor()):
        say("Destroyed, and entered in the trail. The next back-up of the data keys is without it.")
    else:
        say("It was destroyed before; the trail says when and by which rule.")


@app.command()
def shred_strays(yes: Yes = False) -> None:
    """After a restoration: destroy the data keys of requests and cases that the restored register lacks.

    They stay at first, so that a newer back-up can still take its place, and no rule would ever find them.
    """
    _confirm("What a newer back-up of the register holds beyond this one could not be read. Go on?", yes)
    owners = open_register().data_keys.shred_strays("restoration", actor())
    typer.echo("\n".join(owners) if owners else "There is none.")


def code(rule: str) -> str:
    """The rule, which goes into the trail for good, and so must not be a sentence.

    Raises:
        RefusedError: it is no code.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", rule):
        raise RefusedError("The rule is no code.", remedy="name it in letters, digits and ._:- alone.")
    return rule


def _confirm(question: str, yes: bool) -> None:
    if not yes:
        typer.confirm(question, abort=True, err=True)


def _url() -> str:
    from afschrift.app.settings import Settings

    return Settings.from_environment().register
