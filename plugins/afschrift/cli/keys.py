"""`afschrift key`: the keys of the installation, kept apart from the register."""

from __future__ import annotations

import typer

from afschrift.cli.common import say
from afschrift.ledger.keys import KeyStore

app = typer.Typer(help="Keys: make, list, rotate, print the public signing key.", no_args_is_help=True)


@app.command()
def new() -> None:
    """Make the key file and bring the register's tables to the newest version."""
    from afschrift.wiring.services import initialise
    from afschrift.wiring.settings import Settings

    settings = Settings.from_environment()
    if initialise(settings):
        say(f"Keys made in {settings.keys}. Keep a copy apart from the register's back-up.")
    else:
        say(f"Keys stand in {settings.keys} already and were left as they are.")
    say("The register is at its newest version.")


@app.command("list")
def listing() -> None:
    """List the keys: kind, id, when made, which is active. Never the secrets."""
    for key in _store().listing():
        typer.echo(f"{key.kind:<10} {key.id:<18} {key.created}  {'active' if key.active else ''}".rstrip())


@app.command()
def rotate() -> None:
    """Make a new key for wrapping; what was wrapped before stays readable."""
    typer.echo(_store().rotate())


@app.command()
def public() -> None:
    """Print the public signing keys as PEM: publish them with their ids."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    for key_id, raw in _store().public_keys().items():
        pem = Ed25519PublicKey.from_public_bytes(raw).public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        typer.echo(f"{key_id}\n{pem.decode()}", nl=False)


def _store() -> KeyStore:
    from afschrift.wiring.settings import Settings

    return KeyStore.open(Settings.from_environment().keys)
