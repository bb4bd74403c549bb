"""`afschrift key` and `afschrift register` as they are typed, on real files."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import text
from testbed.running import run, store
from tests.support.command_line import in_this_process, run_command

from afschrift.domain.notation import key_id
from afschrift.register import schema
from afschrift.register.database.database import Database
from afschrift.register.keys import document as keydocument
from afschrift.register.open import open_register
from afschrift.services import Services

AT = "2026-01-01T00:00:00Z"
key = partial(run_command, "key")


@pytest.fixture
def file(home: Path) -> Path:
    """The key file of an installation."""
    key("new")
    return home / "keys.json"


def printed(*words: str) -> str:
    """What a command of `key` prints, without what it says about it."""
    done = in_this_process(("key", *words))
    assert done.code == 0, done
    return done.text.strip()


def events(kind: str) -> list[dict[str, Any]]:
    return [payload or {} for header, payload in open_register().trail.events() if header.type == kind]


def secrets(document: str) -> list[str]:
    return keydocument.secret_texts(keydocument.decode(document, "test"))


def test_a_life_of_keys(file: Path) -> None:
    first = json.loads(file.read_text())
    kek, signing = first["keks"][0]["id"], first["signing_keys"][0]["id"]
    assert "they were not changed" in key("new")

    done = in_this_process(("key", "rotate"))
    new_kek = done.text.strip()
    assert "back-up" in done.errors
    done = in_this_process(("key", "rotate", "--signing"))
    new_signing = done.text.strip()
    grouped = " ".join(new_signing[i : i + 4] for i in range(0, 32, 4))
    assert grouped in done.errors
    assert printed("fingerprint") == grouped

    listed = key("list")
    assert f"kek      {kek}" in listed
    [active] = [line for line in listed.splitlines() if new_kek in line]
    assert active.endswith("0 d, wraps 0, active")
    end = "-----END PUBLIC KEY-----\n"
    for name, block in zip((signing, new_signing), key("public").split(end)[:2], strict=True):
        named, _, text = block.partition("\n")
        loaded = load_pem_public_key((text + end).encode())
        assert named == name == key_id(loaded.public_bytes_raw())  # type: ignore[union-attr]

    key("retire", stdin="n\n", code=1)
    assert kek in key("list")
    assert kek in key("retire", stdin="y\n")
    assert kek not in key("list")
    assert "no older wrapping key" in key("retire", "--yes")

    assert "the active one" in key("revoke", new_signing, "--since", AT, code=1)
    key("revoke", signing, "--since", AT)
    assert f"{signing} " in key("list")
    assert "revoked since 2026-01-01" in key("list")
    assert "from 2100-01-01 on" in key("forget-year", "2097", "--yes", code=1)
    assert "no blind-index key of 1999" in key("forget-year", "1999", "--yes", code=1)

    assert [event["key"] for event in events("keys_rotated")] == [new_kek, new_signing]
    assert len(events("wrapping_keys_retired")) == len(events("signing_key_revoked")) == 1


def test_no_command_shows_a_secret_but_where_it_is_asked_to(file: Path) -> None:
    before = file.read_text()
    writing: list[tuple[str, ...]] = [("new",), ("rotate",), ("rotate", "--signing")]
    others = [("list",), ("public",), ("fingerprint",), ("retire", "--yes")]
    shown = "".join(key(*words) for words in [*writing, *others])
    after = file.read_text()
    assert not [secret for secret in secrets(before) + secrets(after) if secret in shown]

    for words in writing:
        done = in_this_process(("key", *words, "--print"))
        assert len(secrets(done.text)) >= 7
        assert not [secret for secret in secrets(done.text) if secret in done.errors]
    assert file.read_text() == after


def test_what_is_printed_takes_the_place_of_the_document(file: Path) -> None:
    old = json.loads(file.read_text())["keks"][0]["id"]
    file.write_text(printed("rotate", "--print"))
    assert "made before" in key("rotate")
    assert len(events("keys_rotated")) == 1
    smaller = printed("retire", "--yes", "--print")
    assert old in file.read_text()
    assert old not in smaller
    file.write_text(smaller)
    assert old not in key("list")


def test_list_shows_unreadable_data_keys_without_a_register(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_register().cases.open(b"message", "mail", AT, AT)
    kek = json.loads(file.read_text())["keks"][0]["id"]
    file.unlink()
    assert f"only {kek} of such a file opens" in key("new", code=1)
    key("new", "--lost")
    [line] = [line for line in key("list").splitlines() if kek in line]
    assert "MISSING: 1 data keys" in line
    monkeypatch.setenv("AFSCHRIFT_REGISTER", "sqlite:////nowhere/register.db")
    listed = key("list")
    assert "not known" in listed
    assert "kek" in listed
    monkeypatch.setenv("AFSCHRIFT_KEYS", "teapot:keys")
    message = key("list", code=1)
    assert "teapot" in message
    assert "airflow-variable:<name>" in message


def test_a_bundle_of_a_stolen_key(services: Services, home: Path, tmp_path: Path) -> None:
    bundle = run(services, store(services, {"customer_id": "1"}))
    stolen = json.loads((home / "keys.json").read_text())["signing_keys"][0]["id"]
    key("rotate", "--signing")
    assert "which is trusted" in run_command("verify", bundle)

    key("revoke", stolen, "--since", "2199-01-01T00:00:00Z")
    message = run_command("verify", bundle)
    assert "which is trusted" in message
    assert "was stolen" in message
    key("revoke", stolen, "--since", "2026-01-01T00:00:00+01:00")
    assert "NOT among the trusted keys" in run_command("verify", bundle, code=3)
    run_command("unpack", bundle, tmp_path / "unpacked", code=1)


def test_back_up_and_restore(file: Path, tmp_path: Path) -> None:
    key("rotate")
    backup = ("register", "backup", tmp_path / "b.db", "--data-keys", tmp_path / "k.db")
    assert "without its data keys" in run_command(*backup)
    key("rotate")
    restore = ("register", "restore", tmp_path / "b.db")
    run_command(*restore, stdin="n\n", code=1)
    assert len(events("keys_rotated")) == 2
    run_command(*restore, stdin="y\n")
    assert len(events("keys_rotated")) == 1
    [restored] = [h for h, _ in open_register().trail.events() if h.type == "register_restored"]
    assert restored.actor.startswith("cli:")


def test_keys_in_a_secrets_backend_of_airflow(file: Path, tmp_path: Path) -> None:
    name, variables = "afschrift_secret_keys", tmp_path / "variables.json"
    env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")} | {
        "AFSCHRIFT_KEYS": f"airflow-variable:{name}",
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"variables_file_path": str(variables)}),
    }
    document = file.read_text()
    file.unlink()
    variables.write_text(json.dumps({name: document}))
    command = [sys.executable, "-c", "from afschrift.cli.main import main; main()", "key", "rotate"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"airflow-variable {name} can be read but not written" in done.stderr
    assert not [secret for secret in secrets(document) if secret in done.stdout + done.stderr]
    assert not file.exists()


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path))
    return f"sqlite:///{tmp_path}/register.db"


upgrade = partial(run_command, "register", "upgrade")


def set_back(url: str, revision: str) -> None:
    with Database(url).write() as tx:
        tx.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{revision}'"))


def test_a_new_register_is_named_and_none_is_made(url: str, tmp_path: Path) -> None:
    message = upgrade("--dry-run")
    assert "has no tables yet" in message
    newest = schema.revisions()[-1]
    cannot = "(cannot be undone: back the register up first)"
    assert f"{newest}  Make the tables of a new register.  {cannot}" in message
    assert [line[:4] for line in message.splitlines() if line[:4] in schema.revisions()] == [newest]
    assert [*tmp_path.iterdir()] == []


def test_what_a_register_has_already_is_not_named(url: str) -> None:
    upgrade()
    assert "the newest one. Nothing would run." in upgrade("--dry-run")
    before, last = schema.revisions()[-2:]
    set_back(url, before)
    message = upgrade("--dry-run")
    assert f"is at revision {before}; this software needs {last}" in message
    assert [line[:4] for line in message.splitlines() if line[:4] in schema.revisions()] == [last]
    assert schema.pending(url)[0] == before


def test_an_address_that_is_a_uri_is_looked_at_too(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade()
    monkeypatch.setenv("AFSCHRIFT_REGISTER", f"sqlite:///file:{tmp_path}/register.db?mode=ro&uri=true")
    assert "Nothing would run." in upgrade("--dry-run")


@pytest.mark.parametrize(
    ("revision", "words"),
    [("0003", "first release"), ("0010", "d2c088a2"), ("9999", "newer version")],
)
def test_a_register_that_cannot_be_brought_up_says_why(url: str, revision: str, words: str) -> None:
    upgrade()
    set_back(url, revision)
    assert words in upgrade("--dry-run", code=1)
