"""`afschrift key`: the keys of the installation, kept apart from the register (docs/operator/keys.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from afschrift.app.settings import Settings
from afschrift.casework.destruction import DestructionService
from afschrift.cli.common import Yes, actor, confirm, officer, open_keys, say
from afschrift.domain.errors import AfschriftError
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.notation import fingerprint as readable
from afschrift.law.destruction import Destroying
from afschrift.register.keys import document as keydocument
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

app = typer.Typer(no_args_is_help=True)

Print = Annotated[
    bool,
    typer.Option(
        "--print",
        help="Do not change the stored keys; print the changed document, to be stored in the secrets "
        "backend. It is secret: send it through a pipe, not to the screen.",
    ),
]


@app.command()
def new(
    print_: Print = False,
    lost: Annotated[
        bool,
        typer.Option(
            "--lost",
            help="Keys of a register in use are lost for good: continue without; the trail records it.",
        ),
    ] = False,
) -> None:
    """Make the first keys and bring the register's tables to the newest version.

    Keys wrap the data key of each request, recognise a person who asks again, and sign bundles. They are
    written to the key file; with --print they are only printed.
    """
    from afschrift.register.open import initialise

    if print_:
        typer.echo(keydocument.encode(keydocument.fresh(rfc3339(utc_now()))))
        return
    settings = Settings.from_environment()
    if initialise(settings, lost=lost, by=actor()):
        say(f"Keys made in {settings.keys}. Keep a copy apart from the register's back-up.")
    else:
        say(f"There are keys in {settings.key_source or settings.keys} already; they were not changed.")
    say("The register is at its newest version.")


@app.command("list")
def listing() -> None:
    """List the keys: kind, id, when made, age, use. Never the secrets.

    The use of a wrapping key (kek) is the number of data keys that it wraps; one that wraps none and is not
    active can be retired. An index key recognises the persons of its year.
    """
    keys = open_keys()
    try:
        uses: dict[str, int] | None = _register(keys).keys.uses()
    except AfschriftError as error:
        uses = None
        say(f"How many data keys each key wraps is not known. {error}")
    now, infos = datetime.now(UTC), keys.listing()
    for key in infos:
        days = (now - datetime.fromisoformat(key.created)).days
        notes = [f"{days} d"]
        if key.kind == "kek" and uses is not None:
            notes.append(f"wraps {uses.pop(key.id, 0)}")
        if key.active:
            notes.append("active")
        if key.revoked_since:
            notes.append(f"revoked since {key.revoked_since}")
        typer.echo(f"{key.kind:<8} {key.id:<32} {key.created[:16]}Z  {', '.join(notes)}")
    for kek_id, count in sorted((uses or {}).items()):
        typer.echo(f"{'kek':<8} {kek_id:<32} MISSING: {count} data keys that it wraps cannot be opened")
    if not any(key.kind == "index" and key.id.startswith(f"{now.year + 1}-") for key in infos):
        say(f"There is no index key for {now.year + 1} yet: `afschrift key rotate` makes some years ahead.")


@app.command()
def rotate(
    signing: Annotated[
        bool, typer.Option("--signing/--wrapping", help="Which kind of key to make; default: wrapping.")
    ] = False,
    print_: Print = False,
) -> None:
    """Make a new key and use it from now on; prints its id.

    --wrapping: once a year, or when an employee with access leaves. What was wrapped before remains readable
    until `afschrift key retire`. --signing: publish the new fingerprint then; bundles signed before remain
    valid, and their public key remains listed. Either also makes index keys for the years ahead.

    An interrupted rotation, or keys that you stored in the secrets backend yourself, are first entered in the
    trail: then no other key is made, and the command says so.
    """
    keys = open_keys()
    if print_:
        draft = keys.draft()
        new_id = draft.rotate_signing() if signing else draft.rotate()
        _hand_over(draft, f"This document makes {new_id} the active key.")
        say("Then run `afschrift key rotate` without --print, which enters it in the trail.")
        return
    register = _register(keys)
    done = register.keys.rotate_signing(actor()) if signing else register.keys.rotate_wrapping(actor())
    if done.made_before:
        say("This key was made before and is now entered in the trail. For another one, run it again.")
    typer.echo(done.id)
    if signing:
        say(f"Publish its fingerprint: {readable(done.id)}")
    say("Make a back-up of the keys now.")


@app.command()
def retire(
    rule: Annotated[str, typer.Option(help="Why: key_rotation or key_compromised.")] = "key_rotation",
    yes: Yes = False,
    print_: Print = False,
) -> None:
    """Wrap every data key under the active wrapping key and destroy the older ones.

    Data destroyed in the register before can then not be opened from an old back-up either. Earlier back-ups
    of the register's data keys become useless, so make a new one at once.
    """
    _allow("retire_keys", rule)
    keys = open_keys()
    confirm("Older back-ups of the data keys will become useless. Destroy the older wrapping keys?", yes)
    target = keys.draft() if print_ else keys
    old = _register(target).keys.retire_keks(actor())
    if not old:
        say("There is no older wrapping key.")
        return
    if print_:
        _hand_over(target, f"This document is without {', '.join(old)}.")
        say("Destroy earlier versions of it in the backend too.")
    else:
        typer.echo("\n".join(old))
    say("Make a new back-up of keys and data keys now; destroy the older ones.")


@app.command("forget-year")
def forget_year(
    year: Annotated[int, typer.Argument(help="Calendar year, for example 2026.")],
    yes: Yes = False,
    print_: Print = False,
) -> None:
    """Destroy the blind-index key of a year, 24 months after its end.

    From then on it cannot be found out any more, not even by you, who made a request in that year.
    """
    _allow("forget_year", "retention_index")
    keys = open_keys()
    confirm(f"Persons who asked in {year} will not be recognised any more. Continue?", yes)
    target = keys.draft() if print_ else keys
    with DestructionService(officer()).refusals(Destroying.FORGET_YEAR, None):
        gone = _register(target).keys.forget_year(year, actor())
    if print_:
        _hand_over(target, f"This document is without {gone}.")
    else:
        typer.echo(gone)
    say("Destroy the key in back-ups of the keys too.")


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of a signing key that is no longer active.")],
    since: Annotated[
        str, typer.Option(help="First time at which another person may have had it, with offset.")
    ],
    print_: Print = False,
) -> None:
    """Record that a signing key was stolen. `afschrift verify` then trusts no bundle sealed by it since.

    The time of sealing is the bundle's own claim, and a thief can backdate it: compare older bundles of a
    stolen key with the trail. Run `afschrift key rotate --signing` first.
    """
    keys = open_keys()
    target = keys.draft() if print_ else keys
    _register(target).keys.revoke_signing_key(key_id, since, actor())
    if print_:
        _hand_over(target, f"This document says that {key_id} is revoked.")
    say("Publish the revocation next to the fingerprints.")


@app.command()
def public() -> None:
    """Print the public signing keys as PEM: publish them with their ids, so that others verify bundles."""
    for key_id, raw in open_keys().public_keys().items():
        pem = Ed25519PublicKey.from_public_bytes(raw).public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        typer.echo(f"{key_id}\n{pem.decode()}", nl=False)


@app.command()
def fingerprint() -> None:
    """Print the fingerprint of the active signing key, as it is published and printed in delivery letters.

    It is the key's id in groups of four, to compare by eye or to read out on the telephone.
    """
    typer.echo(readable(open_keys().signing_key().id))


def _register(keys: KeyStore) -> Register:
    return Register(Settings.from_environment().register, keys)


def _allow(act: str, rule: str) -> None:
    """Require the right to destroy it; an attempt without the role, or without a valid rule, is an event."""
    DestructionService(officer()).allow(Destroying(act), rule)


def _hand_over(draft: KeyStore, what: str) -> None:
    typer.echo(draft.document())
    say(f"{what} Store it as the {draft.location}; nothing has changed there yet.")
