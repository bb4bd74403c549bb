"""A delivered file is encrypted as its destination says, given once, and opened by another program."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyrage
import pytest
from testbed import small
from testbed.running import drive, event_types, packed, store
from tests.support.deciding import ANN, ROLES
from tests.support.driving import payloads
from tests.support.small_disk import mounted

from afschrift.app.settings import Settings
from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.domain.errors import (
    ConfigurationError,
    FormError,
    GateError,
    NeedsPersonError,
    RetriableError,
    StagedFileError,
)
from afschrift.encryption.portal_file import Portal
from afschrift.encryption.secret import draw_with_link
from afschrift.register.open import initialise
from afschrift.services import Services
from afschrift.staging.staged_file import BUNDLE
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.deliver import deliver
from afschrift.steps.encrypt import encrypted_chunks
from afschrift.steps.package import package
from afschrift.steps.validate import validate
from afschrift.wiring.build_services import build

pytestmark = pytest.mark.needs_program("7z", "age")

OPEN = {"encryption": "none", "open": {"by": "CISO", "on": "2026-11-30", "why": "a vault that encrypts"}}
Install = Callable[..., Services]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """An installation whose destination has these options; again with others."""
    monkeypatch.setenv("MINI_SHOP", str(small.write_database(tmp_path / "shop.sqlite")))
    small.write_inventory(tmp_path / "inventory")

    def made(**options: Any) -> Services:
        file = tmp_path / "outbox.json"
        file.write_text(json.dumps({"url": str(tmp_path / "outbox"), **options}))
        file.chmod(0o600)
        env = {"HOME": tmp_path / "home", "INVENTORY": tmp_path / "inventory"}
        env |= {"DESTINATION_OUTBOX_OPTIONS": file}
        settings = Settings.from_environment({f"AFSCHRIFT_{name}": str(path) for name, path in env.items()})
        if not settings.keys.exists():
            initialise(settings)
        return build(lambda _line: None, settings)

    return made


class Nowhere:
    """A destination that is lost once it was asked."""

    def find(self, _name: str) -> None:
        return None

    address = find

    def deliver(self, *_given: Any) -> None:
        pytest.fail("opened")


def lying(tmp_path: Path) -> Path:
    [path] = (tmp_path / "outbox").iterdir()
    return path


def opened(*program: str) -> str:
    done = subprocess.run(program, capture_output=True, check=True)
    return hashlib.sha256(done.stdout).hexdigest()


def test_words_of_the_register_open_the_file_in_another_program(install: Install, tmp_path: Path) -> None:
    services = install()
    request = store(services, ANN)
    drive(services, request)
    [row], [packed] = services.register.deliveries.of(request), payloads(services, request, "packed")
    words = services.register.deliveries.secret(row.id)
    assert words and len(words.split()) == 6
    assert (row.encryption, row.sha256) == ("zip", packed["bundle"])
    assert row.name == f"{request}-access-{row.sha256[:8]}.zip"
    assert opened("7z", "x", "-so", f"-p{words}", str(lying(tmp_path))) == packed["bundle"]
    arrived = services.register.deliveries.arrived(row.id)
    assert arrived and arrived[0] == hashlib.sha256(lying(tmp_path).read_bytes()).hexdigest() != row.sha256
    types = [header.type for header in services.register.trail.of_bundle(arrived[0])]
    assert types == ["bundle_delivered"]
    types = [header.type for header in services.register.trail.of_bundle(packed["bundle"])]
    assert types == ["bundle_sealed", "bundle_arrived"]


class Lost:
    """A destination whose receipt does not come back."""

    name = "outbox"

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def deliver(self, name: str, chunks: Any) -> Any:
        self._inner.deliver(name, chunks)
        raise KeyboardInterrupt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def notes(tmp_path: Path, request: str) -> list[Path]:
    """What was staged of files that were sent."""
    return sorted((tmp_path / "home" / "staging" / request).glob("to_send/*/*"))


def given_key(services: Services, request: str, key: str) -> None:
    [question] = services.register.questions.all(request_id=request)
    answer_question(Officer(services.register, ROLES, "cli:anna"), question.id, "given", text=key)


@pytest.mark.parametrize("encryption", ["zip", "age"])
def test_a_file_that_was_sent_is_known_again_by_its_note(
    install: Install, tmp_path: Path, encryption: str
) -> None:
    """Of two tries of which each sent one, either may be the file that has the name."""
    services = install(encryption=encryption)
    request, losing = store(services, ANN), replace(services, destination=lambda name: Lost(inner(name)))
    inner, sent = services.destination, list[bytes]()
    if encryption == "age":
        with pytest.raises(NeedsPersonError):
            drive(services, request)
        given_key(services, request, f"{pyrage.x25519.Identity.generate().to_public()}\n")
    packed(services, request)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            deliver(losing, request)
        sent.append(lying(tmp_path).read_bytes())
        lying(tmp_path).rename(tmp_path / "taken")
    assert sent[0] != sent[1]
    file = tmp_path / "outbox" / services.register.deliveries.of(request, begun=True)[0].name
    written = notes(tmp_path, request)
    assert [note.stem for note in written] == sorted(hashlib.sha256(content).hexdigest() for content in sent)
    for path in written:  # of those that are damaged or not ours, none proves anything
        path.write_bytes(bytes([path.read_bytes()[0]]) + path.read_bytes()[1:][::-1])
    file.write_bytes(sent[0])
    with pytest.raises(StagedFileError):
        deliver(services, request)
    assert len(notes(tmp_path, request)) == 1
    [again] = payloads(services, request, "staged_again")
    assert again == {"step": "deliver", "files": {"damaged": {"encrypted": 1}}}
    if encryption == "age":
        with pytest.raises(ConfigurationError, match="Another file"):
            deliver(services, request)
        file.unlink()
        with pytest.raises(KeyboardInterrupt):
            deliver(losing, request)
        sent[0] = file.read_bytes()
    deliver(services, request)
    assert file.read_bytes() == sent[0]
    assert event_types(services, request).count("bundle_arrived") == 1


def test_a_bundle_replaced_between_packing_and_sending_does_not_leave(
    install: Install, tmp_path: Path
) -> None:
    services = install()
    request = store(services, ANN)
    nowhere = replace(services, destination=lambda _name: Nowhere())
    with pytest.raises(pytest.fail.Exception):
        drive(nowhere, request)
    with services.staging(request).writer(BUNDLE) as sink:
        sink.write(b"another bundle")
    with pytest.raises(GateError, match="not the one that the register knows"):
        deliver(services, request)
    assert list((tmp_path / "outbox").iterdir()) == []
    assert notes(tmp_path, request) == []


@pytest.mark.parametrize("size", [7, 300_000, 600_000])
def test_a_replaced_bundle_is_found_on_its_way_to_a_portal(install: Install, size: int) -> None:
    services, made, secret = install(), b"x" * 300_000, draw_with_link("nl")
    request = store(services, ANN)
    with services.staging(request).writer(BUNDLE) as sink:
        sink.write(b"y" * size)
    packed = {"bundle": hashlib.sha256(made).hexdigest(), "bytes": len(made)}
    gate: Any = SimpleNamespace(
        staging=services.staging(request), refusal=lambda *_, **__: GateError("replaced")
    )
    delivery: Any = SimpleNamespace(is_new=True)
    sent: list[bytes] = []
    with pytest.raises(GateError, match="replaced"):
        sent.extend(encrypted_chunks(gate, packed, delivery, Portal(), secret))
    with services.staging(request).writer(BUNDLE) as sink:
        sink.write(made)
    wrapped = slice(67, 127)
    own = next(encrypted_chunks(gate, packed, delivery, Portal(), secret))
    assert own[wrapped] not in [replaced[wrapped] for replaced in sent[:1]]


def test_a_key_is_asked_for_and_one_that_cannot_be_used_is_refused(install: Install, tmp_path: Path) -> None:
    services, identity = install(encryption="age"), pyrage.x25519.Identity.generate()
    request = store(services, ANN)
    with pytest.raises(NeedsPersonError) as asked:
        drive(services, request)
    assert asked.value.question == "recipient_key"
    assert not (tmp_path / "outbox").exists()
    [question] = services.register.questions.all(request_id=request)
    officer = Officer(services.register, ROLES, "cli:anna")
    for text in ("", "age1notakey", str(identity)):
        with pytest.raises(FormError) as refused:
            answer_question(officer, question.id, "given", text=text)
        assert not text or text not in str(refused.value)
    answer_question(officer, question.id, "given", text=f"{identity.to_public()}\n")
    for step in (assess, classify, validate, package, deliver):
        step(services, request)
    (tmp_path / "key").write_text(str(identity))
    [packed] = payloads(services, request, "packed")
    assert lying(tmp_path).name == f"{request}-access-{packed['bundle'][:8]}.zip.age"
    assert opened("age", "-d", "-i", str(tmp_path / "key"), str(lying(tmp_path))) == packed["bundle"]
    assert str(identity.to_public()) not in json.dumps(services.register.trail.events(request), default=str)


@pytest.mark.open_destination
def test_an_open_destination_gets_the_bundle_and_no_other_changes_its_encryption(
    install: Install, tmp_path: Path
) -> None:
    services = install(**OPEN)
    request = store(services, ANN)
    bundle = drive(services, request)
    assert bundle.read_bytes() == lying(tmp_path).read_bytes()
    [row] = services.register.deliveries.of(request)
    assert (row.encryption, row.has_secret) == ("none", False)
    assert hashlib.sha256(bundle.read_bytes()).hexdigest() == row.sha256

    other = store(services, {"customer_id": "3"})
    nowhere = replace(services, destination=lambda _name: Nowhere())
    with pytest.raises(pytest.fail.Exception):
        drive(nowhere, other)
    for options in ({}, {"encryption": "age"}):  # with `age`, no one is asked for a key
        with pytest.raises(ConfigurationError, match=r"began with the encryption 'none'.*set it back"):
            deliver(install(**options), other)


def test_another_file_of_its_name_is_never_replaced(install: Install, tmp_path: Path) -> None:
    services = install()
    request = store(services, ANN)
    [made] = payloads(services, packed(services, request), "packed")
    file = tmp_path / "outbox" / f"{request}-access-{made['bundle'][:8]}.zip"
    file.parent.mkdir(mode=0o700)
    file.write_bytes(b"of a register that was restored since")
    with pytest.raises(ConfigurationError, match=r"Another file.*in the destination 'outbox'.*move it away"):
        deliver(services, request)
    with pytest.raises(ConfigurationError, match="Another file"):
        deliver(services, request)
    assert file.read_bytes() == b"of a register that was restored since"
    file.unlink()
    losing = replace(services, destination=lambda name: Lost(services.destination(name)))
    with pytest.raises(KeyboardInterrupt):
        deliver(losing, request)
    sent = file.read_bytes()
    for noted in (True, False):
        if not noted:
            [note] = notes(tmp_path, request)
            note.unlink()
        file.write_bytes(b"of another, and this delivery began")
        with pytest.raises(ConfigurationError, match="Another file"):
            deliver(services, request)
        assert file.read_bytes() == b"of another, and this delivery began"
    file.write_bytes(sent)  # what the words open is this bundle, though its note was lost
    deliver(services, request)
    assert file.read_bytes() == sent
    assert event_types(services, request).count("delivery_begun") == 1


@pytest.mark.parametrize(
    ("damage", "mend", "words"),
    [("size=16k", "size=8m", "No space left on device"), ("ro", "rw", "Read-only file system")],
)
def test_a_place_that_is_full_or_read_only_is_named_and_gets_it_once_it_is_mended(
    install: Install, tmp_path: Path, damage: str, mend: str, words: str
) -> None:
    services = install()
    request = store(services, ANN)
    outbox = tmp_path / "outbox"
    outbox.mkdir(mode=0o700)
    with mounted(outbox, 8) as disk:
        disk.remount(damage)
        with pytest.raises(
            RetriableError, match=rf"'outbox' did not take the bundle \({words}\).*tried again"
        ):
            drive(services, request)
        assert list(outbox.iterdir()) == []
        disk.remount(mend)
        deliver(services, request)
        [row] = services.register.deliveries.of(request)
        secret = services.register.deliveries.secret(row.id)
        assert opened("7z", "x", "-so", f"-p{secret}", str(lying(tmp_path))) == row.sha256
    kinds = event_types(services, request)
    assert (kinds.count("delivery_begun"), kinds.count("bundle_arrived")) == (1, 1)


@pytest.mark.parametrize("ends", [False, True], ids=["which began", "which ended"])
def test_two_processes_at_once_make_one_delivery(install: Install, tmp_path: Path, ends: bool) -> None:
    services = install()
    request = store(services, ANN)
    asked: list[str] = []

    def meanwhile(name: str) -> Any:
        if not asked:
            asked.append(name)
            other = services if ends else replace(services, destination=lambda _name: Nowhere())
            with suppress(pytest.fail.Exception):
                deliver(other, request)
        return services.destination(name)

    slow = replace(services, destination=meanwhile)
    packed(services, request)
    result = deliver(slow, request)
    [row] = services.register.deliveries.of(request, begun=True)
    assert asked
    assert deliver(services, request) == result
    words = services.register.deliveries.secret(row.id)
    assert opened("7z", "x", "-so", f"-p{words}", str(lying(tmp_path))) == row.sha256
    assert event_types(services, request).count("bundle_arrived") == 1
