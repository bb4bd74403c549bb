"""Each encryption is opened by another program, byte for byte; wrong words, keys and altered files are not."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
import stream_zip

from afschrift.domain.errors import RefusedError, StagedFileError
from afschrift.encryption.aes_zip import is_locked, opened_zip
from afschrift.encryption.registry import ENCRYPTIONS

pytestmark = pytest.mark.needs_program("7z", "age", "gpg")
BUNDLE = os.urandom(3_000_017)
WORDS = "tafel fiets winter appel molen steen"


def encrypted(code: str, key: str, into: Path) -> Path:
    path = into / f"req{ENCRYPTIONS[code].suffix}"
    with path.open("wb") as sink:
        ENCRYPTIONS[code].encrypt(io.BytesIO(BUNDLE), len(BUNDLE), sink, key)
    return path


def run(*arguments: str, env: dict[str, str] | None = None, code: int = 0) -> bytes:
    done = subprocess.run(arguments, capture_output=True, env={**os.environ, **(env or {})})
    assert (done.returncode == 0) is (code == 0), done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def gpg_home() -> Iterator[Path]:
    """A home with a short path, as the socket of its agent needs; the agent ends with it."""
    with tempfile.TemporaryDirectory() as home:
        yield Path(home)
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True)


def pgp_key(home: Path, name: str, *, usage: str = "encr", expire: str = "0", at: str = "") -> str:
    env = {"GNUPGHOME": str(home)}
    faked = ["--faked-system-time", at] if at else []
    gpg = ["gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", "", *faked]
    run(*gpg, "--quick-gen-key", f"{name}@example.org", "ed25519", "sign", expire, env=env)
    if usage:
        listed = run("gpg", "--with-colons", "--list-keys", f"{name}@example.org", env=env).decode()
        fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
        run(*gpg, "--quick-add-key", fingerprint, "cv25519", usage, expire, env=env)
    return run("gpg", "--armor", "--export", f"{name}@example.org", env=env).decode()


def test_seven_zip_opens_the_zip_by_the_words_alone(tmp_path: Path) -> None:
    path = encrypted("zip", WORDS, tmp_path)
    listed = run("7z", "l", "-slt", str(path), "-px").decode()
    assert "Path = bundle.zip" in listed and "AES-256 Store" in listed
    assert run("7z", "x", "-so", f"-p{WORDS}", str(path)) == BUNDLE
    with path.open("rb") as file:
        opened = opened_zip(file, WORDS)
        assert opened.read() == BUNDLE
        for at in (0, 1, 15, 16, 17, 1 << 20, len(BUNDLE) - 5):
            opened.seek(at)
            assert opened.read(40) == BUNDLE[at : at + 40]
        opened.seek(-7, io.SEEK_END)
        assert opened.read() == BUNDLE[-7:]
    words = WORDS.split()
    wrong = [" ".join([*words[:n], "lamp", *words[n + 1 :]]) for n in range(6)]
    wrong += [" ".join(reversed(words)), " ".join(words[:5]), WORDS.upper(), ""]
    for other in wrong:
        with path.open("rb") as file, pytest.raises(RefusedError):
            opened_zip(file, other)
        run("7z", "t", f"-p{other}", str(path), code=2)


def test_age_opens_what_is_encrypted_to_its_key(tmp_path: Path) -> None:
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(str(identity))
    path = encrypted("age", str(identity.to_public()), tmp_path)
    assert run("age", "-d", "-i", str(tmp_path / "key"), str(path)) == BUNDLE


def test_gpg_opens_what_is_encrypted_to_its_key(tmp_path: Path, gpg_home: Path) -> None:
    path = encrypted("openpgp", pgp_key(gpg_home, "anna"), tmp_path)
    opened = run("gpg", "--batch", "--quiet", "-d", str(path), env={"GNUPGHOME": str(gpg_home)})
    assert opened == BUNDLE


@pytest.mark.parametrize("code", ["zip", "age", "openpgp"])
def test_a_flipped_or_missing_byte_is_refused(code: str, tmp_path: Path, gpg_home: Path) -> None:
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(str(identity))
    keys = {"zip": WORDS, "age": str(identity.to_public())}
    path = encrypted(code, keys.get(code) or pgp_key(gpg_home, "bram"), tmp_path)
    whole = path.read_bytes()
    middle, env = len(whole) // 2, {"GNUPGHOME": str(gpg_home)}
    for altered in (whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], whole[:-1000]):
        path.write_bytes(altered)
        if code == "zip":
            with path.open("rb") as file, pytest.raises(RefusedError):
                opened_zip(file, WORDS)
            run("7z", "t", f"-p{WORDS}", str(path), code=2)
        elif code == "age":
            run("age", "-d", "-i", str(tmp_path / "key"), "-o", str(tmp_path / "out"), str(path), code=1)
        else:
            run("gpg", "--batch", "-d", "-o", str(tmp_path / "out"), str(path), env=env, code=2)


def test_a_key_that_cannot_be_used_is_refused_by_its_fault(gpg_home: Path) -> None:
    env = {"GNUPGHOME": str(gpg_home)}
    good, expired = pgp_key(gpg_home, "cor"), pgp_key(gpg_home, "dirk", expire="1d", at="20200101T000000")
    signs = pgp_key(gpg_home, "els", usage="")
    pgp_key(gpg_home, "fred")
    listed = run("gpg", "--with-colons", "--list-keys", "fred@example.org", env=env).decode()
    fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
    revoking = (gpg_home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text().replace(":-----", "-----")
    (gpg_home / "rev").write_text(revoking)
    run("gpg", "--batch", "--import", str(gpg_home / "rev"), env=env)
    revoked = run("gpg", "--armor", "--export", "fred@example.org", env=env).decode()
    secret = run(
        "gpg",
        "--batch",
        "--armor",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
        "--export-secret-keys",
        "cor@example.org",
        env=env,
    ).decode()
    cases = [
        ("openpgp", expired, "expired"),
        ("openpgp", revoked, "revoked"),
        ("openpgp", signs, "no part that encrypts"),
        ("openpgp", good + expired, "not one public key"),
        ("openpgp", "ssh-ed25519 AAAA", "not one public key"),
        ("openpgp", "", "not one public key"),
        ("openpgp", secret, "secret key"),
        ("age", "age1xyz", "no public key of age"),
        ("age", "AGE-SECRET-KEY-1", "no public key of age"),
        ("age", good, "no public key of age"),
        ("zip", "five words are not six", "not six words"),
    ]
    for code, key, fault in cases:
        with pytest.raises(RefusedError, match=fault):
            ENCRYPTIONS[code].check_key(key)
    ENCRYPTIONS["openpgp"].check_key(good)


@pytest.mark.parametrize("code", list(ENCRYPTIONS))
def test_an_error_of_reading_the_bundle_is_passed_on(code: str, gpg_home: Path) -> None:
    import pyrage

    class Lost(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            raise StagedFileError("req-7k3m9x2p4v0q", "bundle.zip", "damaged", "package")

    keys = {"zip": WORDS, "age": str(pyrage.x25519.Identity.generate().to_public())}
    key = keys.get(code) or pgp_key(gpg_home, "gijs")
    with pytest.raises(StagedFileError):
        ENCRYPTIONS[code].encrypt(io.BufferedReader(Lost()), 10, io.BytesIO(), key)


def test_encrypting_changes_the_zip_library_for_no_other_user() -> None:
    before = vars(stream_zip).copy()
    ENCRYPTIONS["zip"].encrypt(io.BytesIO(BUNDLE), len(BUNDLE), io.BytesIO(), WORDS)
    assert vars(stream_zip) == before


def test_a_file_altered_anywhere_is_refused_or_opens_as_it_was() -> None:
    random, made, content = Random(7), io.BytesIO(), BUNDLE[:500]
    ENCRYPTIONS["zip"].encrypt(io.BytesIO(content), len(content), made, WORDS)
    for _ in range(400):
        altered = bytearray(made.getvalue())
        for _ in range(random.choice((1, 3))):
            altered[random.choice((random.randrange(len(altered)), -random.randrange(1, 200)))] = (
                random.randrange(256)
            )
        file = io.BytesIO(altered)
        if is_locked(file):
            with suppress(RefusedError):
                assert opened_zip(file, WORDS).read() == content
