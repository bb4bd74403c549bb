"""`afschrift key` and `afschrift register` as they are typed, on real files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from testbed.running import installation, run, store
from testbed.small import write_database, write_inventory
from tests.support.moves import moved
from typer.testing import CliRunner

from afschrift.cli.main import app
from afschrift.domain.errors import AfschriftError, RefusedError
from afschrift.domain.keys import Key
from afschrift.domain.notation import key_id
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.register.keys import document as keydocument
from afschrift.register.open import open_register

pytestmark = pytest.mark.slow

Output = tuple[str, str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AFSCHRIFT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def afschrift(home: Path) -> Callable[..., Output]:
    """Types a command; gives standard output and error. An error of ours is text in the latter."""

    def typed(*words: str, stdin: str = "", code: int = 0) -> Output:
        done = CliRunner().invoke(app, [*words], input=stdin)
        error = done.stderr
        if isinstance(done.exception, AfschriftError):
            error += str(done.exception)
        assert done.exit_code == code, (done.stdout, error, done.exception)
        return done.stdout, error

    return typed


def events(kind: str) -> list[dict[str, Any] | None]:
    return [payload for header, payload in open_register().trail.events() if header.type == kind]


def secrets(document: str) -> list[str]:
    return keydocument.secret_texts(keydocument.decode(document, "test"))


def test_a_life_of_keys(afschrift: Callable[..., Output], home: Path) -> None:
    afschrift("key", "new")
    first = json.loads((home / "keys.json").read_text())
    kek, signing = first["keks"][0]["id"], first["signing_keys"][0]["id"]
    assert "they were not changed" in afschrift("key", "new")[1]

    out, message = afschrift("key", "rotate")
    new_kek = out.strip()
    assert "back-up" in message
    out, message = afschrift("key", "rotate", "--signing")
    new_signing = out.strip()
    grouped = " ".join(new_signing[i : i + 4] for i in range(0, 32, 4))
    assert grouped in message
    assert afschrift("key", "fingerprint")[0].strip() == grouped

    listed = afschrift("key", "list")[0]
    assert f"kek      {kek}" in listed
    [active] = [line for line in listed.splitlines() if new_kek in line]
    assert active.endswith("0 d, wraps 0, active")
    pem = afschrift("key", "public")[0]
    for name, block in zip((signing, new_signing), pem.split("-----END PUBLIC KEY-----\n")[:2], strict=True):
        named, _, text = block.partition("\n")
        loaded = load_pem_public_key((text + "-----END PUBLIC KEY-----\n").encode())
        assert named == name == key_id(loaded.public_bytes_raw())  # type: ignore[union-attr]

    afschrift("key", "retire", stdin="n\n", code=1)
    assert kek in afschrift("key", "list")[0]
    assert afschrift("key", "retire", stdin="y\n")[0].strip().endswith(kek)
    assert kek not in afschrift("key", "list")[0]
    assert "no older wrapping key" in afschrift("key", "retire", "--yes")[1]

    assert (
        "the active one" in afschrift("key", "revoke", new_signing, "--since", "2026-01-01T00:00Z", code=1)[1]
    )
    afschrift("key", "revoke", signing, "--since", "2026-01-01T00:00:00Z")
    assert f"{signing} " in afschrift("key", "list")[0]
    assert "revoked since 2026-01-01" in afschrift("key", "list")[0]
    assert "from 2100-01-01 on" in afschrift("key", "forget-year", "2097", "--yes", code=1)[1]
    assert "no blind-index key of 1999" in afschrift("key", "forget-year", "1999", "--yes", code=1)[1]

    assert [p and p["key"] for p in events("keys_rotated")] == [new_kek, new_signing]
    assert len(events("wrapping_keys_retired")) == len(events("signing_key_revoked")) == 1


def test_no_command_shows_a_secret_but_where_it_is_asked_to(
    afschrift: Callable[..., Output], home: Path
) -> None:
    afschrift("key", "new")
    before = (home / "keys.json").read_text()
    shown = ""
    for words in (
        ["list"],
        ["public"],
        ["fingerprint"],
        ["new"],
        ["rotate"],
        ["rotate", "--signing"],
        ["retire", "--yes"],
    ):
        shown += "".join(afschrift("key", *words))
    after = (home / "keys.json").read_text()
    assert not [secret for secret in secrets(before) + secrets(after) if secret in shown]

    for words in (["new"], ["rotate"], ["rotate", "--signing"]):
        out, message = afschrift("key", *words, "--print")
        assert len(secrets(out)) >= 7
        assert not [secret for secret in secrets(out) if secret in message]
    assert (home / "keys.json").read_text() == after


def test_what_is_printed_takes_the_place_of_the_document(
    afschrift: Callable[..., Output], home: Path
) -> None:
    afschrift("key", "new")
    file = home / "keys.json"
    old = json.loads(file.read_text())["keks"][0]["id"]
    file.write_text(afschrift("key", "rotate", "--print")[0])
    assert "made before" in afschrift("key", "rotate")[1]
    assert len(events("keys_rotated")) == 1
    smaller = afschrift("key", "retire", "--yes", "--print")[0]
    assert old in file.read_text()
    assert old not in smaller
    file.write_text(smaller)
    assert old not in afschrift("key", "list")[0]


def test_list_shows_unreadable_data_keys_without_a_register(
    afschrift: Callable[..., Output], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    afschrift("key", "new")
    open_register().cases.open(b"message", "mail", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    kek = json.loads((home / "keys.json").read_text())["keks"][0]["id"]
    (home / "keys.json").unlink()
    assert f"only {kek} of such a file opens" in afschrift("key", "new", code=1)[1]
    afschrift("key", "new", "--lost")
    [line] = [line for line in afschrift("key", "list")[0].splitlines() if kek in line]
    assert "MISSING: 1 data keys" in line
    monkeypatch.setenv("AFSCHRIFT_REGISTER", "sqlite:////nowhere/register.db")
    out, message = afschrift("key", "list")
    assert "not known" in message
    assert out.count("kek") >= 1


def test_a_bundle_of_a_stolen_key(
    afschrift: Callable[..., Output], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    services = installation(home, write_inventory(tmp_path / "inventory"))
    bundle = str(run(services, store(services, {"customer_id": "1"})))
    stolen = json.loads((home / "keys.json").read_text())["signing_keys"][0]["id"]
    afschrift("key", "rotate", "--signing")
    assert "which is trusted" in afschrift("verify", bundle)[0]

    afschrift("key", "revoke", stolen, "--since", "2199-01-01T00:00:00Z")
    message = afschrift("verify", bundle)[0]
    assert "which is trusted" in message
    assert "was stolen" in message
    afschrift("key", "revoke", stolen, "--since", "2026-01-01T00:00:00+01:00")
    assert "NOT among the trusted keys" in afschrift("verify", bundle, code=3)[0]
    afschrift("unpack", bundle, str(tmp_path / "unpacked"), code=1)


def test_back_up_and_restore(afschrift: Callable[..., Output], home: Path, tmp_path: Path) -> None:
    afschrift("key", "new")
    afschrift("key", "rotate")
    message = afschrift("register", "backup", str(tmp_path / "b.db"), "--data-keys", str(tmp_path / "k.db"))[
        1
    ]
    assert "without its data keys" in message
    afschrift("key", "rotate")
    afschrift("register", "restore", str(tmp_path / "b.db"), stdin="n\n", code=1)
    assert len(events("keys_rotated")) == 2
    afschrift("register", "restore", str(tmp_path / "b.db"), stdin="y\n")
    assert len(events("keys_rotated")) == 1
    [restored] = [h for h, _ in open_register().trail.events() if h.type == "register_restored"]
    assert restored.actor.startswith("cli:")


def test_a_request_is_shredded_once_it_is_closed(
    afschrift: Callable[..., Output], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    afschrift("key", "new")
    register, at = open_register(), "2026-01-01T00:00:00Z"
    case = register.cases.open(b"message", "mail", at, at)
    person = (Key("customer_id", "C-1"),)
    request = register.requests.open(
        case, Right.ACCESS, at, "UTC", "nl", ("csv",), "outbox", person, set()
    ).id
    words = ("register", "shred", request, "--rule", "retention_identity")
    assert "is open" in afschrift(*words, code=1)[1]
    moved(register, request, State.WITHDRAWN)
    for any_ in ("the person asked", "ANY"):
        message = afschrift("register", "shred", request, "--rule", any_, code=1)[1]
        assert "no reason to destroy it" in message
        assert any_ not in message
    assert f"afschrift register shred {request} --sign" in afschrift(*words)[1]
    sign = ("register", "shred", request, "--sign")
    assert "four eyes" in afschrift(*sign, "--yes", code=1)[1]
    monkeypatch.setattr("afschrift.cli.common.actor", lambda: "cli:other")
    afschrift(*sign, stdin="n\n", code=1)
    assert register.identities.of(request) == person

    assert "Destroyed" in afschrift(*sign, stdin="y\n")[1]
    with pytest.raises(RefusedError, match="destroyed"):
        register.identities.of(request)
    [event] = events("data_key_destroyed")
    assert event is not None
    assert (event["rule"], event["case"]) == ("retention_identity", case)
    assert "destroyed before" in afschrift(*words)[1]
    assert "There is none" in afschrift("register", "shred-strays")[0]
    assert "Entered" in afschrift("register", "restored")[1]
    assert "already" in afschrift("register", "restored")[1]


def test_keys_in_a_secrets_backend_of_airflow(home: Path, tmp_path: Path) -> None:
    name = "afschrift_secret_keys"
    variables = tmp_path / "variables.json"
    env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")} | {
        "AFSCHRIFT_KEYS": f"airflow-variable:{name}",
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"variables_file_path": str(variables)}),
    }

    def typed(*words: str, code: int = 0) -> Output:
        command = [sys.executable, "-c", "from afschrift.cli.main import main; main()", *words]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout, done.stderr

    document = typed("key", "new", "--print")[0]
    variables.write_text(json.dumps({name: document}))
    assert f"There are keys in airflow-variable:{name} already" in typed("key", "new")[1]
    out, message = typed("key", "rotate", code=1)
    assert f"airflow-variable {name} can be read but not written" in message
    assert not [secret for secret in secrets(document) if secret in out + message]
    assert not (home / "keys.json").exists()


def test_unknown_kind_of_witness_place(
    afschrift: Callable[..., Output], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_KEYS", "teapot:keys")
    message = afschrift("key", "list", code=1)[1]
    assert "teapot" in message
    assert "airflow-variable:<name>" in message


@pytest.mark.parametrize(
    "command", ["new", "list", "rotate", "retire", "forget-year", "revoke", "public", "fingerprint"]
)
def test_each_command_says_what_it_is_for(afschrift: Callable[..., Output], command: str) -> None:
    out = afschrift("key", command, "--help")[0]
    sentence = out.split("\n\n")[1].strip()
    assert len(sentence) > 40
