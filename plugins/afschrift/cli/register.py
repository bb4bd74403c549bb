"""`afschrift register`: upgrade, back up and restore the register, and destroy data keys."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.casework.destruction import DestructionService
from afschrift.cli.common import Yes, actor, agreed, confirm, officer, open_keys, open_register, say
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
            help="Accept the content of the register unchanged: give its events their codes, though the key "
            "for them is not new. First compare it with your checkpoints: `afschrift audit verify`.",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would run and whether it can be undone; change nothing."),
    ] = False,
) -> None:
    """Bring the tables to the version of this software; no content is lost.

    A register from before events had codes gets them, with a key that is made for them now.
    """
    from afschrift.register.open import upgrade_register

    if dry_run:
        _say_pending()
        return
    adopted = upgrade_register(Settings.from_environment(), adopt=adopt, by=actor())
    say("The register is at its newest version.")
    if adopted:
        say(f"{adopted} events have codes now, and the content of the tables is accepted unchanged.")


def _say_pending() -> None:
    from afschrift.register.schema import pending, revisions

    found, migrations = pending(_url())
    at = f"is at revision {found}" if found else "has no tables yet"
    if not migrations:
        say(f"The register {at}, the newest one. Nothing would run.")
        return
    say(f"The register {at}; this software needs {revisions()[-1]}. These would run, in one transaction:")
    for migration in migrations:
        undone = "can be undone" if migration.undone else "cannot be undone: back the register up first"
        typer.echo(f"{migration.revision}  {migration.what}  ({undone})")
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

    The data keys go to a separate file or to none: so restoring the register does not restore a key that was
    destroyed meanwhile. For PostgreSQL see docs/operator/keys.md.
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
        typer.Option(help="Back-up of the data keys; default: those of the present register remain."),
    ] = None,
    yes: Yes = False,
) -> None:
    """Restore a register on SQLite from a back-up.

    Everything entered since the back-up is lost. The data keys of the present register remain, so that what
    was destroyed since remains destroyed; name their back-up only if they are lost too.
    """
    from afschrift.register.backup import restore as put_back

    _may_restore()
    confirm("Everything entered since the back-up is lost. Continue?", yes)
    put_back(_url(), file, open_keys(), data_keys, actor(), witnessed=_witnessed())
    say("Restored, and entered in the trail. Verify it against your newest checkpoint and bundles.")
    say(_SIGN)
    _name_half_forgotten()


@app.command()
def restored(sign: Sign = False) -> None:
    """Enter in the trail that the register was restored with PostgreSQL's own programs.

    `afschrift register restore` does that itself. After either, gates remain closed for what the lost events
    concerned, until another person signs it with --sign.
    """
    if sign:
        from afschrift.casework.trail_acts import sign_restoration

        done = sign_restoration(officer(), _witnessed())
        say(f"Signed: events {done['restored'][0] + 1} to {done['replaced'][0]} are lost. `afschrift check` ")
        say("lists what the witness shows of them. Requests continue.")
        return
    from afschrift.register.backup import record_restoration

    _may_restore()
    if record_restoration(_url(), open_keys(), by=actor(), witnessed=_witnessed()):
        say("Entered in the trail. Verify it against your newest checkpoint and bundles.")
    else:
        say("The trail's last event records the restoration already.")
    say(_SIGN)
    _name_half_forgotten()


@app.command()
def shred_strays(sign: Sign = False, turn_down: TurnDown = False, yes: Yes = False) -> None:
    """After a restoration: destroy the data keys of requests and cases that the restored register lacks.

    They remain at first, so that a newer back-up can still be restored instead; no retention rule would ever
    find them. An officer proposes it, and another person signs with --sign; then they are destroyed.
    """
    service = _destruction()
    if (agree := agreed(sign, turn_down)) is not None:
        if agree:
            confirm(
                "Later content of a newer back-up of the register could not be read any more. Continue?", yes
            )
        _signed(service.sign(Destroying.SHRED_STRAYS, agree=agree), turn_down)
        return
    owners = service.propose_strays()
    typer.echo("\n".join(owners) if owners else "There is none.")
    if owners:
        say("Proposed. Another person destroys them: `afschrift register shred-strays --sign`.")


_SIGN = "Once another person signs it, requests continue: `afschrift register restored --sign`."


def _name_half_forgotten() -> None:
    """Name the requests that were forgotten since the back-up: all but their keys was restored."""
    if found := open_register().data_keys.half_forgotten():
        typer.echo("\n".join(found))
        say(
            f"{len(found)} request(s) above have no data key, but their other data were restored. Once the "
            "restoration is signed, forget each again: `afschrift request destroy REQUEST --rule "
            "restoration`."
        )


def _witnessed() -> Height | None:
    """Return the greatest height that a witness knows; None if the present register cannot be opened."""
    from afschrift.witnesses.heights import ask

    try:
        asked = ask(Settings.from_environment(), open_register())
    except AfschriftError:  # without the register it is not known which heights are its own
        return None
    for name, why in asked.away.items():
        say(f"The witness place '{name}' was not asked: {why}")
    return asked.height


def _may_restore() -> None:
    """Require the role officer. Only a refusal opens the register, which may be lost."""
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
