"""`afschrift-portal init`, `serve` and `health`."""

from __future__ import annotations

import argparse
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

from afschrift_portal.identity import Identity, create_identity
from afschrift_portal.settings import PREFIX, PortalSettings, SettingsError, address, load_settings
from afschrift_portal.store import Store


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; what goes wrong is said in a sentence, with exit 2."""
    asked = _parser().parse_args(arguments)
    os.umask(0o077)
    try:
        settings = load_settings()
        if asked.command == "init":
            return _init(settings, asked.token_file)
        if asked.command == "health":
            return _health(settings)
        from afschrift_portal.serve import serve  # init and health, asked each half minute, need no server

        Identity(settings.home)  # before a port is taken
        serve(settings)
    except SettingsError as error:
        return _fail(str(error))
    except FileNotFoundError as error:
        return _fail(f"{error.filename} is missing. Run afschrift-portal init, as the account that serves.")
    except OSError as error:
        return _fail(f"{error.strerror or type(error).__name__}: {error.filename or 'a listener'}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="afschrift-portal",
        description="A page where a person fetches the answer to a request for their own data.",
        epilog=f"Settings are variables {PREFIX}HOME, {PREFIX}OUTER, {PREFIX}INNER, {PREFIX}PUBLIC and more, "
        "or lines of portal.toml in the home; see the README.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="make the home with its key and token; again: print the key")
    init.add_argument("--token-file", type=Path, help="use the token in this file")
    commands.add_parser("serve", help="serve both listeners")
    commands.add_parser("health", help="ask the outer listener")
    return parser


def _init(settings: PortalSettings, token_file: Path | None) -> int:
    given = token_file.read_text("utf-8").strip() if token_file else None
    if given is not None and len(given) < 32:
        return _fail(f"{token_file}: a token has at least 32 characters.")
    token = create_identity(settings.home, given)
    Store(settings.home)
    print(f"public key: {Identity(settings.home).public_key}")
    if token and not given:
        print(f"token: {token}")
        print("The token is shown once. Give both to the destination of the kind portal.", file=sys.stderr)
    return 0


def _health(settings: PortalSettings) -> int:
    host, port = address(settings, "outer")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - where it listens on all, ask here
    context = ssl._create_unverified_context()  # noqa: S323 - of the public name, which it is not asked by
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
    try:
        opener.open(f"http{'s' if settings.outer_cert else ''}://{host}:{port}/health", timeout=10).close()
    except OSError as error:
        print(f"The portal does not answer: {type(error).__name__}.", file=sys.stderr)
        return 1
    print("The portal answers.")
    return 0


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 2
