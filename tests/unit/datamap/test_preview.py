"""The page without a request: an invented person, the canary, and a real person with every value masked."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.canary_shop import CanaryShop, canary_shop
from tests.support.command_line import refused, run_command

from afschrift.casework.officer import Officer
from afschrift.datamap.preview import preview_canary, preview_invented, preview_person
from afschrift.domain.errors import NotAllowedError, RefusedError
from afschrift.domain.right import Right
from afschrift.law.roles import Person, Role, Roles

MO = Roles(
    (
        Person("mo", frozenset({"cli:mo"}), frozenset({Role.MAP_OWNER})),
        Person("ida", frozenset({"cli:ida"}), frozenset({Role.INTAKE})),
    )
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CanaryShop]:
    with canary_shop(tmp_path_factory.mktemp("preview")) as made:
        yield made


def files(folder: Path) -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "register" not in path.name
    }


@pytest.mark.parametrize("right", Right)
def test_invented_person_has_rows_of_every_given_table_and_nothing_is_kept(
    shop: CanaryShop, right: Right
) -> None:
    before, events = files(shop.folder), shop.services.register.trail.head()
    found = preview_invented(shop.services, right, "en")
    page = found.page.decode()
    assert "A preview with the rows of an invented person." in page
    assert "That is not known." in page
    assert not re.search("This is everything|A program also searched|as they were on|2026 you asked", page)
    if right is Right.ACCESS:
        sheet = found.sheet(shop.services.letters)
        assert b"A preview for the rows of an invented person." in sheet
        assert b"This is how it was on" not in sheet
    assert found.rows["shop.customer"] == 1
    assert all(found.rows.values())
    assert ("shop.customer.score" in found.marks) == (right is Right.ACCESS)
    assert "password_hash" not in page.partition("What is not in here")[0]
    assert files(shop.folder) == before
    assert shop.services.register.trail.head() == events


def test_page_marks_fragments_numbers_without_names_and_missing_titles(shop: CanaryShop) -> None:
    access, portable = (preview_invented(shop.services, right, "en").marks for right in Right)
    assert access["shop.customer"] == ("no title of the table",)
    assert access["shop.line.order_id"][1].startswith("a number without a name")
    assert access["shop.line.price"][1] == "a number without its unit"
    assert access["shop.ticket_message.author_type"][1] == "codes without their meaning"
    fragments = {name for name, marks in portable.items() if any("a fragment" in mark for mark in marks)}
    assert fragments == {"shop.ticket_message.ticket_id"}, "nothing of `ticket` itself is portable"


def test_canary_is_shown_with_its_values(shop: CanaryShop) -> None:
    found = preview_canary(shop.services, Right.ACCESS, "nl", {"customer_id": "739182001"})
    assert "kwik7q3f9a002@example.org" in found.page.decode()
    assert "kwik7q3f9a004" not in found.page.decode(), "a secret"
    assert found.rows["shop.customer"] == 1


def test_real_person_is_shown_in_counts_and_masks_and_the_look_is_in_the_trail(shop: CanaryShop) -> None:
    officer = Officer(shop.services.register, MO, "cli:mo", settings=shop.settings)
    found = preview_person(officer, shop.services, Right.ACCESS, "en", {"customer_id": "1"})
    page = found.page.decode()
    assert "xxx@xxxxxxx.xxx" in page
    for value in ("ann@example.org", ">Ann<", "2024-01-01", "1 January 2024"):
        assert value not in page
    assert found.rows["shop.orders"] == 2
    header, payload = shop.services.register.trail.events(None)[-1]
    assert (header.type, header.actor) == ("map_samples_shown", "cli:mo")
    assert payload is not None
    assert "shop.customer.email" in payload["columns"]
    assert payload["values"] > 0


def test_role_that_does_not_review_the_map_sees_no_person(shop: CanaryShop) -> None:
    officer = Officer(shop.services.register, MO, "cli:ida", settings=shop.settings)
    with pytest.raises(NotAllowedError):
        preview_person(officer, shop.services, Right.ACCESS, "en", {"customer_id": "1"})
    assert shop.services.register.trail.events(None)[-1][0].type == "answer_refused"


@pytest.mark.parametrize(
    ("keys", "remedy"),
    [
        ({"customer_id": "424242"}, "compare the key with the source"),
        ({"number": "1"}, "name one or more of customer_id"),
        ({}, "name one or more of customer_id"),
    ],
)
def test_key_that_leads_nowhere_says_what_to_do(shop: CanaryShop, keys: dict[str, str], remedy: str) -> None:
    officer = Officer(shop.services.register, MO, "cli:mo", settings=shop.settings)
    with pytest.raises(RefusedError) as error:
        preview_person(officer, shop.services, Right.ACCESS, "en", keys)
    assert remedy in str(error.value)
    assert "424242" not in str(error.value)


def test_command_shows_marks_and_takes_keys_from_standard_input(shop: CanaryShop) -> None:
    short, whole = (run_command("preview", "portability", *more).splitlines() for more in ((), ("--all",)))
    assert any(line.startswith("no title of the table: shop.") for line in short)
    assert any(line.endswith(" not clear") for line in short)
    assert sum("no title of the table" in line for line in whole) > 1
    assert len(short) < len(whole)
    assert "A preview with the rows" in run_command("preview", "--html")
    assert "Waarvoor gebruiken wij" in run_command("preview", "--sheet")
    assert "`afschrift preview access`" in str(refused("preview", "portability", "--sheet"))
    assert "shop.orders: 2 rows" in run_command(
        "preview", "--of", "person", "--keys", "-", stdin="customer_id: '1'"
    )
    assert "kwik7q3f9a" in run_command("preview", "--of", "canary", "--html")
    assert "choose one of nl, en" in str(refused("preview", "--language", "fr"))


def test_canary_that_changed_since_it_was_signed_is_not_shown(shop: CanaryShop) -> None:
    canary = shop.settings.inventory / "canary.yml"
    content = canary.read_text(encoding="utf-8")
    canary.write_text(content.replace('customer_id: "739182001"', 'customer_id: "1"', 1), encoding="utf-8")
    try:
        assert "changed since it was signed" in str(refused("preview", "--of", "canary"))
    finally:
        canary.write_text(content, encoding="utf-8")


def test_command_says_what_to_do_without_canary_and_without_source(
    shop: CanaryShop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canary = shop.settings.inventory / "canary.yml"
    content = canary.read_bytes()
    canary.unlink()
    try:
        assert "`afschrift canary plan`" in str(refused("preview", "--of", "canary"))
    finally:
        canary.write_bytes(content)
    monkeypatch.setenv("MINI_SHOP", str(tmp_path / "gone.sqlite"))
    assert "What to do" in str(refused("preview"))
    broken = tmp_path / "map"
    shutil.copytree(shop.settings.inventory, broken)
    text = (broken / "shop.yml").read_text(encoding="utf-8")
    (broken / "shop.yml").write_text(text.replace("kind: sqlite", "kind: sqlight"), encoding="utf-8")
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(broken))
    assert "shop.yml:3: kind" in str(refused("preview"))
