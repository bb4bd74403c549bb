"""A bundle on its way from staging to a folder: encrypted, sent; or copied with SHA-256, the limit.

    python -m bench.handing stage FOLDER MEGABYTES
    python -m bench.handing copy | zip | age | openpgp | none FOLDER

Prints seconds and CPU seconds as JSON, starts of processes and imports aside. `bench.run --only handing` runs
all of them on one bundle and watches their memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

from afschrift.destinations.folder import FolderDestination
from afschrift.encryption.registry import encryption_of
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_file import BUNDLE
from afschrift.steps.encrypt import encrypted_chunks

NAME = "req-0123456789ab-access"
_CHUNK = 1 << 20
_WORDS = "apple bridge candle driver engine forest"
_RANDOM = 64
"""Megabytes of random bytes that are repeated: no kind compresses, and drawing more would take longest."""


def staging(folder: Path) -> EncryptedStaging:
    """Where the bundle lies."""
    return EncryptedStaging(folder / "staging", "req-0123456789ab", b"k" * 32)


def stage(folder: Path, megabytes: int) -> None:
    """Stage a bundle, lay it next to staging in the clear for the limit, and make a key of each kind."""
    block = [os.urandom(_CHUNK) for _ in range(min(_RANDOM, megabytes))]
    digest = hashlib.sha256()
    with staging(folder).writer(BUNDLE) as staged, (folder / "plain").open("wb") as plain:
        for number in range(megabytes):
            digest.update(block[number % len(block)])
            for file in (staged, plain):
                file.write(block[number % len(block)])
    (folder / "digest").write_text(digest.hexdigest())
    import pyrage

    (folder / "age.key").write_text(str(pyrage.x25519.Identity.generate().to_public()))
    (folder / "zip.key").write_text(_WORDS)
    home = folder / "gpg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-gen-key", "a@example.org", "rsa3072", "encr"], check=True)
    key = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True).stdout
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
    (folder / "openpgp.key").write_bytes(key)


def copy(folder: Path) -> None:
    """Copy the plain file with its digest, to the disk."""
    digest = hashlib.sha256()
    with (folder / "plain").open("rb") as plain, (folder / "copy").open("wb") as made:
        for chunk in _chunks(plain):
            digest.update(chunk)
            made.write(chunk)
        made.flush()
        os.fsync(made.fileno())


def hand(folder: Path, kind: str) -> None:
    """Encrypt the staged bundle and send it, as the step does."""
    place, encryption = staging(folder), encryption_of(kind)
    outbox = FolderDestination("outbox", str(folder / "outbox"))
    name = NAME + (encryption.suffix if encryption else ".zip")
    assert outbox.find(name) is None
    if encryption is not None:
        packed = {"bytes": (folder / "plain").stat().st_size, "bundle": (folder / "digest").read_text()}
        gate, row = SimpleNamespace(staging=place), SimpleNamespace(id="dlv", is_new=True)
        key = (folder / f"{kind}.key").read_text()
        outbox.deliver(name, encrypted_chunks(cast(Any, gate), packed, cast(Any, row), encryption, key))
    else:
        with place.reader(BUNDLE) as staged:
            outbox.deliver(name, _chunks(staged))
    outbox.remove(name)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(_CHUNK), b"")


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    """Do one of them."""
    kind, folder, *megabytes = sys.argv[1:]
    if kind == "stage":
        stage(Path(folder), int(megabytes[0]))
        return
    began, cpu = time.perf_counter(), _cpu()
    if kind == "copy":
        copy(Path(folder))
    else:
        hand(Path(folder), kind)
    print(json.dumps({"seconds": time.perf_counter() - began, "cpu": _cpu() - cpu}))


if __name__ == "__main__":
    main()
