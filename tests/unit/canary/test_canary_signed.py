"""`canary.yml` is valid only as an officer signed it last, with a key of ours."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from testbed.registers import place
from testbed.running import store
from tests.support.canary_shop import OPEN, CanaryShop, canary_shop

from afschrift.canary.canary_file import CANARY, Canary
from afschrift.canary.check_canary import require_canary, search_logs
from afschrift.canary.signature import FORMAT, SIGNATURE, asks_for_canary, require_signed, sign_canary
from afschrift.domain.errors import GateError, NotAllowedError
from afschrift.law.roles import Roles
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.signed import sign
from afschrift.wiring.build_services import load_inventory


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CanaryShop]:
    with canary_shop(tmp_path_factory.mktemp("signed")) as shop:
        yield shop


@pytest.fixture
def shop(made: CanaryShop) -> Iterator[CanaryShop]:
    """The file is as it was afterwards, and signed."""
    kept = (made.settings.inventory / CANARY).read_bytes()
    yield made
    (made.settings.inventory / CANARY).write_bytes(kept)
    made.sign()


def keys(shop: CanaryShop) -> KeyStore:
    return shop.services.register.store.keys


def canary_of(shop: CanaryShop) -> Canary:
    return require_canary(shop.settings, shop.services.inventory)


def changed(shop: CanaryShop) -> None:
    path = shop.settings.inventory / CANARY
    text = path.read_text(encoding="utf-8").replace("kwik7q3f9a003", "Jan de Vries")
    path.write_text(text, encoding="utf-8")


def unsigned(shop: CanaryShop) -> None:
    (shop.settings.inventory / SIGNATURE).unlink()


def no_json(shop: CanaryShop) -> None:
    (shop.settings.inventory / SIGNATURE).write_text("{", encoding="utf-8")


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[CanaryShop], None]:
    def edit(shop: CanaryShop) -> None:
        path = shop.settings.inventory / SIGNATURE
        content = json.loads(path.read_bytes())
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")

    return edit


def others_key(shop: CanaryShop) -> None:
    stranger = KeyStore.create(shop.folder / "stranger.json")
    stranger.make_trail_key()
    sign_canary(canary_of(shop), shop.services.register, stranger, OPEN, "cli:x")


def put_back(shop: CanaryShop) -> None:
    """An older pair of files, each of which was right when it was signed."""
    kept = {name: (shop.settings.inventory / name).read_bytes() for name in (CANARY, SIGNATURE)}
    changed(shop)
    shop.sign()
    for name, content in kept.items():
        (shop.settings.inventory / name).write_bytes(content)


def signed_beside_the_trail(shop: CanaryShop) -> None:
    """Signed with one of our keys, perhaps a revoked one, and with any date."""
    changed(shop)
    canary, key = canary_of(shop), keys(shop).signing_key()
    at = "2026-01-01T00:00:00.000000Z"
    statement = {"format": FORMAT, "sha256": canary.digest, "by": "cli:anna", "at": at, "key_id": key.id}
    content = {"statement": statement, "signature": sign(statement, key)}
    (shop.settings.inventory / SIGNATURE).write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (unsigned, "is not signed"),
        (changed, "changed since it was signed"),
        (no_json, "cannot be read as a signature"),
        (edited(lambda content: content.pop("signature")), "cannot be read as a signature"),
        (edited(lambda content: content["statement"].update(more=1)), "cannot be read as a signature"),
        (edited(lambda content: content["statement"].update(by="cli:bob")), "with no key of ours"),
        (edited(lambda content: content.update(signature="00")), "with no key of ours"),
        (others_key, "a key that is not ours"),
        (put_back, "not the one that was signed last"),
        (signed_beside_the_trail, "not the one that was signed last"),
    ],
)
def test_canary_without_valid_signature_is_not_checked(
    spoil: Callable[[CanaryShop], None], words: str, shop: CanaryShop
) -> None:
    def opened(source: str, tag: str = "") -> Any:
        raise AssertionError((source, tag))

    spoil(shop)
    with pytest.raises(GateError, match=words):
        shop.check(replace(shop.services, open_source=opened))
    with pytest.raises(GateError, match=words):
        search_logs(shop.services, shop.settings, [shop.folder / "no.log"], (), "tester")
    assert not shop.services.register.evidence.of_types(None, "canary_logs_searched")


def test_a_new_register_says_that_the_canary_is_to_be_signed_again(shop: CanaryShop, tmp_path: Path) -> None:
    new = Register(place(tmp_path / "new.db"), keys(shop))
    canary = canary_of(shop)
    require_signed(canary, shop.services.register)
    with pytest.raises(GateError, match="was not signed in this register") as caught:
        require_signed(canary, new)
    assert "in a new register" in caught.value.remedy
    assert "afschrift canary sign" in caught.value.remedy


def test_a_request_for_the_canary_is_known_by_its_keys_as_they_were_signed(shop: CanaryShop) -> None:
    register, planted = shop.services.register, canary_of(shop).file.keys
    ours = store(shop.services, {name: value.upper() for name, value in planted.items()})
    other = store(shop.services, {"customer_id": "1"})
    assert asks_for_canary(register, ours, shop.settings)
    assert not asks_for_canary(register, other, shop.settings)
    unsigned(shop)  # it could name anybody then
    assert not asks_for_canary(register, ours, shop.settings)
    (shop.settings.inventory / CANARY).rename(shop.folder / "away.yml")
    assert not asks_for_canary(register, ours, shop.settings)
    (shop.folder / "away.yml").rename(shop.settings.inventory / CANARY)


def test_trail_has_signer_and_file_and_who_may_not_sign(shop: CanaryShop) -> None:
    canary, evidence = canary_of(shop), shop.services.register.evidence
    (header, payload), *_ = evidence.of_types(None, "canary_signed")
    assert header.actor == "cli:anna"
    assert payload is not None
    assert payload["sha256"] == canary.digest
    assert payload["rows"] == len(canary.file.planted) == 18
    before = (shop.settings.inventory / SIGNATURE).read_bytes()
    with pytest.raises(NotAllowedError):
        sign_canary(canary, shop.services.register, keys(shop), Roles(), "cli:bob")
    assert (shop.settings.inventory / SIGNATURE).read_bytes() == before
    [(header, payload)] = evidence.of_types(None, "answer_refused")
    assert (header.actor, payload) == ("cli:bob", {"kind": "canary"})


def test_canary_file_is_no_part_of_the_map(shop: CanaryShop) -> None:
    """A change of it makes no plan drift."""
    with_it = load_inventory(shop.settings.inventory)
    changed(shop)
    assert load_inventory(shop.settings.inventory).digest == with_it.digest
    (shop.settings.inventory / CANARY).unlink()
    assert load_inventory(shop.settings.inventory).digest == with_it.digest


def test_a_key_that_was_rotated_since_counts_until_it_is_revoked(shop: CanaryShop) -> None:
    canary, before = canary_of(shop), keys(shop).signing_key().id
    keys(shop).rotate_signing()
    assert require_signed(canary, shop.services.register).by == "cli:anna"
    keys(shop).revoke(before, "2020-01-01T00:00:00.000000Z")
    with pytest.raises(GateError, match="was revoked"):
        require_signed(canary, shop.services.register)
