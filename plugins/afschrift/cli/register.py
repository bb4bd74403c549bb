"""`afschrift register`: the register's tables, its back-up and restoration, the end of data keys."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.casework.destruction import DestructionService
from afschrift.cli.common import Yes, actor, confirm, officer, open_keys, open_register, say
from afschrift.domain.errors import AfschriftError
from afschrift.law.destruction import Destroying
from afschrift.law.roles import Act

if TYPE_CHECKING:
    from afschrift.register.trail.height import Height

Sign = Annotated[bool, typer.Option("--sign", help="As second person: agree, and destroy it.")]
TurnDown = Annotated[bool, typer.Option("--turn-down", help="As second person: disagree.")]

app = typer.Typer(no_args_is_help=True)


@app.command()
def upgrade(
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="Take what stands in the register as it is: give its events their codes, though the key "
            "for them is no new one. First compare it with your checkpoints: `afschrift audit verify`.",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would run and whether it can be undone; change nothing."),
    ] = False,
) -> None:
    """Bring the tables to the version of this software; nothing that stands there is lost.

    A register from before its events had codes gets them, with the key that is made for them now.
    """
    from afschrift.register.open import upgrade_register

    if dry_run:
        _say_pending()
        return
    adopted = upgrade_register(Settings.from_environment(), adopt=adopt, by=actor())
    say("The register is at its newest version.")
    if adopted:
        say(f"{adopted} events have codes now, and what stands in the tables is taken as it is.")


def _say_pending() -> None:
    from afschrift.register.schema import pending, revisions

    found, migrations = pending(_url())
    at = f"is at revision {found}" if found else "has no tables yet"
    if not migrations:
        say(f"The register {at}, the newest one. Nothing would run.")
        return
    say(f"The register {at}; this software needs {revisions()[-1]}. These would run, in one transaction:")
    for one in migrations:
        undone = "can be undone" if one.undone else "cannot be undone: back the register up first"
        typer.echo(f"{one.revision}  {one.what}  ({undone})")
    say("Nothing was changed.")


@app.command()
def roles() -> None:
    """Print the SQL that makes the roles of a register on PostgreSQL (docs/operator/operations.md)."""
    typer.echo(files("afschrift.register").joinpath("roles.sql").read_text(encoding="utf-8"), nl=False)


@app.command()
def backup(
    into: Annotated[Path, typer.Argument(help="New file for the register without its data keys.")],
    data_keys: Annotated[
        Path | None, typer.Option(help="New file for the data keys. Keep it elsewhere, and only the newest.")
    ] = None,
) -> None:
    """Back up a register on SQLite, also while it is in use.

    The data keys go to a file of their own or to none: so the back-up of the register brings no key back
    that was destroyed meanwhile. For PostgreSQL see docs/operator/keys.md.
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

    _may_restore()
    confirm("Everything entered since the back-up is lost. Go on?", yes)
    put_back(_url(), file, open_keys(), data_keys, actor(), witnessed=_witnessed())
    say("Restored, and entered in the trail. Verify it against your newest checkpoint and bundles.")
    say(_SIGN)
    _name_half_forgotten()


@app.command()
def restored(sign: Sign = False) -> None:
    """Enter in the trail that the register was restored with PostgreSQL's own programs.

    `afschrift register restore` does that by itself. Either opens nothing that the trail had come to before,
    until another person signs it with --sign.
    """
    if sign:
        from afschrift.casework.trail_acts import sign_restoration

        done = sign_restoration(officer(), _witnessed())
        say(f"Signed: events {done['restored'][0] + 1} to {done['replaced'][0]} are lost. `afschrift check` ")
        say("lists what the witness shows of them. Requests go on.")
        return
    from afschrift.register.backup import record_restoration

    _may_restore()
    if record_restoration(_url(), open_keys(), by=actor(), witnessed=_witnessed()):
        say("Entered in the trail. Verify it against your newest checkpoint and bundles.")
    else:
        say("The trail's last event tells of it already.")
    say(_SIGN)
    _name_half_forgotten()


@app.command()
def shred(
    request: Annotated[str, typer.Argument(help="Id of a request that is closed.")],
    rule: Annotated[
        str, typer.Option(help="Why, from a closed list: see docs/operator/keys.md. Left out with --sign.")
    ] = "",
    sign: Sign = False,
    turn_down: TurnDown = False,
    yes: Yes = False,
) -> None:
    """Destroy a request's data key: its identity, texts, plans and staged files are unreadable from then on.

    An officer proposes it with --rule, and another person signs with --sign; then it is destroyed. States,
    times and the trail stay, and so does the pseudonym by which a person who asks again is recognised.
    Delivered bundles and your sources are not touched. There is no way back, and a hold refuses.
    """
    service = _destruction()
    if sign or turn_down:
        if sign:
            confirm(f"Nobody will be able to read who made request {request}. Destroy its data key?", yes)
        _signed(service.sign(Destroying.SHRED, request, agree=sign), turn_down)
    elif not service.propose_shredding(request, rule):
        say("It was destroyed before; the trail says when and by which rule.")
    else:
        say(f"Proposed. Another person destroys it: `afschrift register shred {request} --sign`.")


@app.command()
def shred_strays(sign: Sign = False, turn_down: TurnDown = False, yes: Yes = False) -> None:
    """After a restoration: destroy the data keys of requests and cases that the restored register lacks.

    They stay at first, so that a newer back-up can still take its place, and no rule would ever find them.
    An officer proposes it, and another person signs with --sign; then they are destroyed.
    """
    service = _destruction()
    if sign or turn_down:
        if sign:
            confirm(
                "What a newer back-up of the register holds beyond this one could not be read. Go on?", yes
            )
        _signed(service.sign(Destroying.SHRED_STRAYS, agree=sign), turn_down)
        return
    owners = service.propose_strays()
    typer.echo("\n".join(owners) if owners else "There is none.")
    if owners:
        say("Proposed. Another person destroys them: `afschrift register shred-strays --sign`.")


_SIGN = "Another person signs it, and requests go on: `afschrift register restored --sign`."


def _name_half_forgotten() -> None:
    """Whoever was forgotten since the back-up is back, but for the key: numbers, digests, payloads."""
    if found := open_register().data_keys.half_forgotten():
        typer.echo("\n".join(found))
        say(
            f"{len(found)} request(s) above have no data key, and what went with it is back. Once the "
            "restoration is signed, forget each again: `afschrift register shred REQUEST --rule restoration`."
        )


def _witnessed() -> Height | None:
    """The highest height that a witness place knows; where the present register cannot be asked, none."""
    from afschrift.witnesses.heights import ask

    try:
        asked = ask(Settings.from_environment(), open_register())
    except AfschriftError:  # the register is lost, and with it which of the heights are its own
        return None
    for name, why in asked.away.items():
        say(f"The witness place '{name}' was not asked: {why}")
    return asked.height


def _may_restore() -> None:
    """Whether they may lose what was entered since; the register itself may be lost, and cannot be asked."""
    if not load_roles().may(actor(), Act.DECIDE):
        _destruction().officer.deciding(None, "restore")


def _destruction() -> DestructionService:
    return DestructionService(officer())


def _signed(owners: tuple[str, ...], turned_down: bool) -> None:
    if turned_down:
        say("Turned down, and entered in the trail. Nothing was destroyed.")
        return
    typer.echo("\n".join(owners))
    say("Destroyed, and entered in the trail. The next back-up of the data keys is without it.")


def _url() -> str:
    return Settings.from_environment().register
