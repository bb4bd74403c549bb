"""`canary.yml` is valid only as an officer signed it last, with a key of ours."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from testbed.mini import SHOP, write_inventory
from testbed.registers import place
from testbed.running import store
from tests.support.canary_shop import OPEN, CanaryShop, canary_shop
from tests.support.key_shop import KeyShop, mapped
from typer.testing import CliRunner

from afschrift.canary.canary_file import CANARY, ROWS, Canary, CanaryFile, example, load_canary
from afschrift.canary.check_canary import require_canary, search_logs
from afschrift.canary.signature import FORMAT, SIGNATURE, asks_for_canary, require_signed, sign_canary
from afschrift.cli.main import app
from afschrift.domain.errors import GateError, NotAllowedError
from afschrift.domain.right import Right
from afschrift.inventory.document import InventoryError
from afschrift.inventory.model import Inventory
from afschrift.law.roles import Roles
from afschrift.outside.read_yaml import read_yaml
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


DAY = date(2026, 11, 28)

GOOD = """\
keys: {customer_id: "739182001"}
decided: {by: Data office, on: 2026-11-28, why: To see that answers are whole.}
planted:
  - table: shop.customer
    row: {customer_id: "739182001", name: kwik7q3f9a, id: {matches: "[0-9]+"}, gone: null}
    kept_back: {portability: [name]}
  - table: shop.login
    row: {customer_id: "739182001"}
    kept_back: {portability: all}
"""


def written(folder: Path, text: str) -> Path:
    (folder / CANARY).write_text(text, encoding="utf-8")
    return folder


def test_what_an_answer_must_hold_and_must_not(tmp_path: Path) -> None:
    assert load_canary(tmp_path, ["customer_id"]) is None
    canary = load_canary(written(tmp_path, GOOD), ["customer_id"])
    assert canary is not None
    customer, login = canary.file.planted
    assert customer.given(Right.ACCESS).keys() == {"customer_id", "name", "id"}
    assert customer.given(Right.PORTABILITY).keys() == {"customer_id", "id"}
    assert customer.kept(Right.PORTABILITY) == {"name": "kwik7q3f9a"}
    assert login.given(Right.PORTABILITY) == {}
    assert login.kept(Right.PORTABILITY) == {"customer_id": "739182001"}
    assert "kwik7q3f9a" not in repr(canary)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("customer_id:", "klant:", "canary.yml:1: keys.klant: no identity key of this name is declared"),
        ("[name]", "[nome]", "the row has no column nome"),
        ('{customer_id: "739182001"}\n    kept_back: {portability: all}', "{}", "planted.1.row"),
        ("decided:", "decide:", "decide"),
        ('"739182001", name', "739182001, name", "put values in quotes"),
        ("shop.login", "login", "planted.1.table"),
    ],
)
def test_faults_name_the_line_and_no_value(before: str, after: str, fault: str, tmp_path: Path) -> None:
    assert before in GOOD
    with pytest.raises(InventoryError) as error:
        load_canary(written(tmp_path, GOOD.replace(before, after)), ["customer_id"])
    assert fault in str(error.value)
    assert "kwik7q3f9a" not in str(error.value)
    assert "739182001" not in str(error.value)


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return load_inventory(write_inventory(tmp_path / "inventory", SHOP))


def test_the_example_names_some_tables_of_people_with_their_columns(inventory: Inventory) -> None:
    found = read_yaml(example(inventory, DAY))

    assert list(found["keys"]) == ["customer_id"]
    assert len(found["planted"]) == ROWS
    shop = inventory.sources["shop"].tables
    for planted in found["planted"]:
        table = shop[planted["table"].removeprefix("shop.")]
        assert table.personal
        assert "customer_id" in table.subject, "those with the person's own key come first"
        assert planted["row"].keys() >= table.columns.keys()


def test_each_row_of_the_example_comes_after_those_that_it_points_to(tmp_path: Path) -> None:
    rental = mapped("rental", "join: {ck: customer.ck}", "id", "ck", "film_id", "shop")
    rental = rental.replace("purposes:", "references: {shop: store.id}\n    purposes:")
    film = mapped("film", "join: {id: rental.film_id}", "id", "title")  # a look-up
    store = mapped("store", "join: {owner: customer.ck}", "id", "owner")
    tables = rental + film + store + mapped("customer", "subject: {ck: ck}", "ck")
    inventory = load_inventory(KeyShop(tmp_path, "sqlite").write(tables))
    planted = [row["table"] for row in read_yaml(example(inventory, DAY))["planted"]]
    places = {table.removeprefix("shop."): place for place, table in enumerate(planted)}
    assert places["customer"] < places["store"] < places["rental"] > places["film"]
    circle = film.replace("references", "") + store.replace(
        "join: {owner: customer.ck}", "join: {owner: film.title}"
    )
    inventory = load_inventory(
        KeyShop(tmp_path, "sqlite").write(
            circle.replace(
                "join: {id: rental.film_id}", "subject: {ck: id}\n    references: {title: store.id}"
            )
        )
    )
    assert len(read_yaml(example(inventory, DAY))["planted"]) == 2, "there is no order"


def test_the_example_counts_once_it_is_filled_in(inventory: Inventory) -> None:
    text = example(inventory, DAY)
    with pytest.raises(ValidationError) as error:
        CanaryFile.model_validate(read_yaml(text))
    places = {".".join(map(str, fault["loc"])) for fault in error.value.errors()}
    assert {"keys.customer_id", "decided.by"} <= places

    lines = [
        f'{line.partition("  # ")[0]} "kwik7q3f9a"' if _empty(line) else line for line in text.split("\n")
    ]
    file = CanaryFile.model_validate(read_yaml("\n".join(lines)))

    assert file.keys == {"customer_id": "kwik7q3f9a"}
    assert set(file.values) == {"kwik7q3f9a"}


def _empty(line: str) -> bool:
    words = line.partition("  # ")[0]
    return words.startswith("  ") and words.endswith(":") and words.strip() != "row:"


def test_the_command_prints_the_example(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(tmp_path / "inventory"))

    done = CliRunner().invoke(app, ["canary", "plan"])

    assert done.exit_code == 0, done.output
    assert read_yaml(done.stdout)["planted"][0]["table"] == "shop.customer"
