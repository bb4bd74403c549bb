"""`afschrift verify` and `afschrift unpack`: check a bundle offline, without trusting its sender."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from afschrift.app.catalogs import languages
from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.notation import key_id
from afschrift.outside.limits import read_file

if TYPE_CHECKING:
    from afschrift.register.keys.store import KeyStore

commands = typer.Typer()
app = typer.Typer(no_args_is_help=True)
Bundle = Annotated[Path, typer.Argument(help="A bundle: ZIP file or unpacked folder.")]
Keys = Annotated[
    list[Path] | None,
    typer.Option("--key", help="Trusted public key (PEM); default: this installation's own keys."),
]


@commands.command()
def verify(bundle: Bundle, key: Keys = None) -> None:
    """Verify a bundle offline. Exit code 0: whole and trusted; 1: refused; 3: whole, by an unknown key.

    A key that was revoked (`afschrift key revoke`) counts as unknown for what was sealed since.
    """
    from afschrift.bundle.container.verify import verify as check

    report = check(bundle, trusted_keys(key))
    since = None if key else _revoked().get(report.signer or "")
    if since and report.ok and not _earlier(report.sealed_at, since):
        report = replace(report, trusted=False)
    for problem in report.problems:
        typer.echo(f"  {problem}", err=True)
    if not report.ok:
        typer.echo("REFUSED: do not rely on this bundle.", err=True)
    else:
        typer.echo(
            f"Whole: {report.files} files, {report.rows} rows, request {report.request} ({report.right})."
        )
        typer.echo(f"Sealed {report.sealed_at}; the trail's head was {report.trail[1]}.")
        known = "which is trusted" if report.trusted else "which is NOT among the trusted keys"
        typer.echo(f"Signed by key {report.signer}, {known}.")
        if since:
            typer.echo(
                f"That key was stolen: it is revoked since {since}. The time of sealing is only the bundle's "
                "own claim, so compare the bundle with the trail."
            )
    raise typer.Exit(report.exit_code)


@commands.command()
def unpack(
    bundle: Bundle,
    into: Annotated[Path, typer.Argument(help="Folder to unpack into; made if it does not exist.")],
    key: Keys = None,
) -> None:
    """Verify a bundle and unpack it. One that a revoked key signed is unpacked only with `--key`."""
    from afschrift.bundle.container.verify import unpack as unpacked

    into.parent.mkdir(parents=True, exist_ok=True)
    stolen = set() if key else _revoked().keys()
    trusted = {name: raw for name, raw in trusted_keys(key).items() if name not in stolen}
    typer.echo(unpacked(bundle, into, trusted))


@app.command("open")
def open_file(
    file: Annotated[Path, typer.Argument(help="The file as it was delivered.")],
    into: Annotated[
        Path | None, typer.Argument(help="Folder to open it into; default: next to the file, by its name.")
    ] = None,
    key: Keys = None,
    show: Annotated[bool, typer.Option("--show/--no-show", help="Show the page in a browser.")] = True,
) -> None:
    """Ask for the words of an encrypted bundle, open it into a folder and show its page.

    Of age and OpenPGP only the recipient has the key: `age -d -i KEYFILE FILE`, `gpg -d FILE`.
    """
    from afschrift.bundle.container.verify import unpack as unpacked
    from afschrift.encryption.aes_zip import is_locked

    folder = into or file.with_name(file.name.partition(".")[0])
    try:
        stream = file.open("rb")
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error.strerror}.", remedy="name the file as it was delivered."
        ) from None
    with stream:
        if not is_locked(stream):
            raise ConfigurationError(
                f"{file} is no ZIP that words open.",
                remedy="`afschrift unpack` opens a bundle; `age -d -i KEYFILE` and `gpg -d` what was "
                "encrypted to a key.",
            )
        typed = typer.prompt("The six words", err=True) if sys.stdin.isatty() else sys.stdin.readline()
        page = unpacked(_opened(stream, typed), folder, trusted_keys(key)) / "index.html"
    typer.echo(page)
    if show and sys.stdout.isatty():
        typer.launch(str(page))


def _opened(file: BinaryIO, typed: str) -> BinaryIO:
    """Open a file by the words of whichever list has them."""
    from afschrift.encryption.aes_zip import opened_zip
    from afschrift.encryption.secret import read

    faults: list[RefusedError] = []
    lists: set[str] = set()
    for language in languages():
        try:
            lists.add(read(typed, language))
        except RefusedError as error:
            faults.append(error)
    for words in lists:
        try:
            return opened_zip(file, words)
        except RefusedError as error:
            faults.append(error)
    raise faults[-1]


def _own_keys() -> KeyStore | None:
    """Return the keys of this installation; None without an installation, as for a recipient of a bundle."""
    from afschrift.register.open import open_keys

    settings = Settings.from_environment()
    return open_keys(settings) if settings.key_source or settings.keys.exists() else None


def _revoked() -> dict[str, str]:
    keys = _own_keys()
    return keys.revoked() if keys else {}


def _earlier(sealed_at: str, since: str) -> bool:
    return datetime.fromisoformat(sealed_at) < datetime.fromisoformat(since)


def trusted_keys(paths: list[Path] | None) -> dict[str, bytes]:
    """Return id -> public key from PEM files; None: the keys of this installation.

    Raises:
        ConfigurationError: a file holds no such key.
    """
    if paths is None:
        keys = _own_keys()
        return keys.public_keys() if keys else {}
    trusted = {}
    for path in paths:
        try:
            loaded = load_pem_public_key(read_file(path))
        except (OSError, ValueError):
            raise ConfigurationError(
                f"{path} is no readable public key in PEM.", remedy="see `afschrift key public`."
            ) from None
        if not isinstance(loaded, Ed25519PublicKey):
            raise ConfigurationError(f"{path} is no Ed25519 key.")
        raw = loaded.public_bytes_raw()
        trusted[key_id(raw)] = raw
    return trusted
