"""OpenPGP (RFC 9580), by the program `gpg` with a home of its own that is removed afterwards."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.language import gettext

_CHUNK = 1 << 18
_SECONDS = 60
_KEY = "recipient"
"""Name of the key's file: a fingerprint in the arguments would name the recipient to other accounts."""


class OpenPgp:
    """For a recipient with a key of OpenPGP."""

    code = "openpgp"
    libraries: tuple[str, ...] = ()
    suffix = ".zip.gpg"
    uses_secret = False
    has_link = False

    def encrypt(self, bundle: BinaryIO, size: int, sink: BinaryIO, key: str, file_id: bytes = b"") -> None:
        with _home(key) as (gpg, home):
            arguments = ["--trust-model", "always", "--compress-algo", "none", "--encrypt"]
            with subprocess.Popen(  # noqa: S603
                [*gpg, *arguments, "--recipient-file", str(home / _KEY)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as program:
                assert program.stdin and program.stdout
                feeding = _Feeding(bundle, program.stdin)
                try:
                    while chunk := program.stdout.read(_CHUNK):
                        sink.write(chunk)
                except BaseException:
                    program.kill()
                    raise
                finally:
                    feeding.join()
            if feeding.error is not None:
                raise feeding.error
            if program.returncode:
                raise _unusable(gettext("gpg does not encrypt to it"))

    def check_key(self, key: str) -> None:
        with _home(key):
            pass


class _Feeding(threading.Thread):
    """Writes a bundle to a program; an error of reading it is kept, and the program then gets no more."""

    def __init__(self, bundle: BinaryIO, program: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.error: BaseException | None = None
        self._bundle, self._program = bundle, program
        self.start()

    def run(self) -> None:
        try:
            with self._program as program:
                shutil.copyfileobj(self._bundle, program, _CHUNK)
        except BrokenPipeError:  # the program ended; its exit code says so
            pass
        except BaseException as error:
            self.error = error


@contextmanager
def _home(key: str) -> Iterator[tuple[list[str], Path]]:
    """A home of gpg with the recipient's key, which was checked, and the program with its options."""
    program = shutil.which("gpg")
    if program is None:
        raise ConfigurationError(
            "The program gpg is not installed here, and a destination encrypts by OpenPGP.",
            remedy="install GnuPG on the workers (Debian: `gpg`).",
        )
    with tempfile.TemporaryDirectory(prefix="afschrift-gpg-") as folder:
        home = Path(folder)
        gpg = [program, "--homedir", folder, "--batch", "--quiet", "--no-tty", "--no-autostart"]
        (home / _KEY).write_text(key, encoding="utf-8")
        shown = _run([*gpg, "--with-colons", "--show-keys", str(home / _KEY)])
        _check(shown)
        yield gpg, home


def _check(shown: str) -> None:
    """Check the listing of a key (GnuPG's DETAILS, *Format of the colon listings*)."""
    records = [line.split(":") for line in shown.splitlines()]
    kinds = [record[0] for record in records]
    if "sec" in kinds:
        raise _unusable(gettext("it is a secret key, which its owner must keep"))
    if kinds.count("pub") != 1:
        raise _unusable(gettext("it is not one public key"))
    validity, can = next((record[1], record[11]) for record in records if record[0] == "pub")
    if validity == "r":
        raise _unusable(gettext("it was revoked"))
    if validity == "e":
        raise _unusable(gettext("it has expired"))
    if "E" not in can:  # of the whole key: one of its parts may encrypt and is neither expired nor revoked
        raise _unusable(gettext("it has no part that encrypts and is in force"))


def _run(arguments: list[str]) -> str:
    done = subprocess.run(arguments, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
    return done.stdout.decode("utf-8", "replace")


def _unusable(why: str) -> RefusedError:
    return RefusedError(
        gettext("This key of OpenPGP cannot be used: {why}.").format(why=why),
        remedy=gettext("ask for the recipient's present public key, as a text that begins with BEGIN PGP."),
    )
