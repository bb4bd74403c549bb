"""Remarks on the files of the data map that an officer reads before they answer."""

import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from testbed.mini import SHOP, write_database, write_inventory
from testbed.running import installation
from tests.support import one_shop, profile_shop
from tests.support.scanned import made

from afschrift.app.catalogs import load_language
from afschrift.casework.officer import Officer
from afschrift.datamap.check.map_findings import record
from afschrift.datamap.review.confirmations import (
    answers_in_force,
    in_image,
    read_only,
    remarks,
    take_back,
    write,
)
from afschrift.datamap.review.groups import Group, Place
from afschrift.datamap.review.review_samples import masked, samples
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.domain.errors import NotAllowedError, RefusedError, TooLateError
from afschrift.domain.language import serve_in
from afschrift.inventory.load import load
from afschrift.law.roles import Person, Role, Roles
from afschrift.services import Services

DAY = date(2026, 11, 28)
WHO = Answer("moe", DAY, "Looked at with the shop.", date(2027, 11, 28))
MOE = Person("Moe", frozenset({"airflow:moe"}), frozenset({Role.MAP_OWNER}))
ADA = Person("Ada", frozenset({"airflow:ada"}), frozenset({Role.AUDITOR}))
MOUNTS = """\
22 1 0:20 / / rw,relatime - overlay overlay rw,lowerdir=/a
30 22 0:30 / /opt/map rw,relatime shared:1 - ext4 /dev/sdb rw
31 22 0:31 / /opt/maps rw,relatime - tmpfs tmpfs rw
"""


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    text = SHOP.replace("name: {origin: provided}\n", "name: {origin: provided, review: needed}\n", 1)
    write_inventory(tmp_path / "map", text.replace("email: {origin: provided}\n", "email: {}\n"))
    return installation(tmp_path / "home", tmp_path / "map")


@pytest.fixture
def moe(services: Services) -> Officer:
    return Officer(services.register, Roles((MOE, ADA)), "airflow:moe")


def answer(moe: Officer, review: Review, name: str, **words: str) -> None:
    group = next(group for group in review.waiting() if group.name == name)
    given_answer = Answer(WHO.by, WHO.on, WHO.why, WHO.review, words)
    write(moe, review, [(group, given_answer)], DAY, review.digest)


def test_a_map_of_the_workers_is_known_again_after_answers(tmp_path: Path, moe: Officer) -> None:
    folder, register = tmp_path / "map", moe.register
    assert list(remarks(folder, register, "0" * 64)) == []  # there was no check yet
    record(register, [], [], "airflow:check_inventory", inventory=load(folder).digest)
    review = Review(folder)
    answer(moe, review, "name")
    answer(moe, review, "email", origin="provided")
    assert list(remarks(folder, register, review.inventory.digest)) == []
    file = folder / "shop.yml"
    file.write_text(file.read_text() + "# by a pull\n")
    [remark] = remarks(folder, register, load(folder).digest)
    assert "read another version than this" in remark


def test_answers_are_counted_without_those_that_were_taken_back(tmp_path: Path, moe: Officer) -> None:
    review = Review(tmp_path / "map")
    file = tmp_path / "map" / "shop.confirmed.yml"
    before = {file.name: b""}
    answer(moe, review, "name")
    between = {file.name: file.read_bytes()}
    answer(moe, review, "email", origin="provided")
    assert [(group.columns, group.decisions[0]["of"]) for group in answers_in_force(moe, DAY)] == [
        (1, "name"),
        (2, "email"),
    ]
    assert answers_in_force(moe, date(2026, 11, 29)) == []
    with pytest.raises(RefusedError, match="not the last answers"):
        take_back(moe, review, before)
    take_back(moe, review, between)
    assert [group.decisions[0]["of"] for group in answers_in_force(moe)] == ["name"]
    take_back(Officer(moe.register, moe.roles, "airflow:moe"), Review(tmp_path / "map"), before)
    assert answers_in_force(moe) == []
    assert not file.exists()


def test_account_without_the_role_writes_nothing(tmp_path: Path, moe: Officer) -> None:
    review = Review(tmp_path / "map")
    with pytest.raises(NotAllowedError, match="officer or map_owner"):
        answer(Officer(moe.register, moe.roles, "airflow:ada"), review, "name")
    with pytest.raises(TooLateError):
        write(moe, review, [(review.waiting()[0], WHO)], DAY, "0" * 64)
    assert [h.type for h, _ in moe.register.evidence.of_types(None, "answer_refused", "map_confirmed")] == [
        "answer_refused"
    ]


@pytest.mark.parametrize(
    ("folder", "found"),
    [("/srv/map", True), ("/opt/map", False), ("/opt/map/x", False), ("/opt/mapping", True)],
)
def test_folder_in_the_container_is_not_taken_for_a_volume(tmp_path: Path, folder: str, found: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert in_image(Path(folder), mounts) is found
    assert not in_image(Path(folder), tmp_path / "none")  # another system than Linux


def test_read_only_folder_is_reported(tmp_path: Path) -> None:
    assert read_only(tmp_path) == ""
    assert "afschrift inventory review" in read_only(tmp_path / "missing")


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("Ann O'Neil, 12-b <ann@example.org>", "xxx x'xxxx, 99-x <xxx@xxxxxxx.xxx>"),
        ("€ 1.250,50 + 3", "€ 9.999,99 + 9"),
        ("हिन्दी", "xxxxxx"),  # vowel signs
        ("e\u0301le\u0300ve", "xxxxxxx"),  # accents written apart
        ("Ⅻ ½ ٣ ²", "9 9 9 9"),
        ("👩🏽\u200d🔬 ♥ ⠓", "xxxx x x"),  # with the colour of the skin, and Braille
        ("\ue000\u0378", "xx"),  # signs of private use, and such as are not assigned yet
    ],
)
def test_the_form_alone_is_shown(value: str, form: str) -> None:
    assert masked(value) == form


@given(st.text())
def test_what_stays_says_nothing(value: str) -> None:
    kept = {old for old, new in zip(value, masked(value), strict=True) if old == new} - {"x", "9"}
    assert {unicodedata.category(char)[0] for char in kept} <= {"P", "Z", "S"}
    assert not {unicodedata.category(char) for char in kept} & {"So", "Sk"}


@pytest.mark.parametrize(
    ("document", "path", "shown"),
    [
        ("{}", "[profile, address, city]", True),
        ("{}", "[profile, passwords, city]", False),
        ("{}", "[profile, address, pin_code]", False),
        ("{protect: secret}", "[profile, address, city]", False),
    ],
)
def test_a_member_is_a_secret_by_its_path_or_its_document(
    document: str, path: str, *, shown: bool, tmp_path: Path
) -> None:
    """Its own name in the data map is ours, and says nothing of what is there."""
    one_shop.in_sqlite(tmp_path / "shop.sqlite", profile_shop.tables())
    more = f"options: {{path: {tmp_path / 'shop.sqlite'}}}"
    folder = profile_shop.write_inventory(tmp_path / "map", "sqlite", more, document)
    text = (folder / "shop.yml").read_text()
    (folder / "shop.yml").write_text(text.replace("[profile, address, city]", path))
    asked = Group("profile_city", {}, (Place("shop", "visit", "profile_city"),))
    *_, found = samples(load(folder), asked)
    assert found.why == ("" if shown else "a secret is not shown")
    assert bool(found.values) is shown


def test_a_question_shows_how_many_rows_a_sampled_person_has(tmp_path: Path) -> None:
    made(
        tmp_path / "shop.db",
        "CREATE TABLE customer (id INTEGER); INSERT INTO customer VALUES (1), (2);"
        "CREATE TABLE rental (id INTEGER, who INTEGER, film INTEGER);"
        "INSERT INTO rental VALUES (10, NULL, 7), (11, 2, 7), (12, 2, 8), (13, 1, 8), (14, 1, 9);"
        "CREATE TABLE film (id INTEGER, name TEXT); INSERT INTO film VALUES (7, 'a'), (8, 'b'), (9, 'c'), (6, 'd');"
        "CREATE TABLE loose (h INTEGER); INSERT INTO loose VALUES (1);",
    )
    word = "{origin: assigned, review: needed}"
    columns = f"columns: {{id: {word}, who: {word}, film: {word}, name: {word}}}"
    text = f"""source: shop
kind: sqlite
options: {{path: {tmp_path / "shop.db"}}}
purposes:
  sale: {{basis: A6-1-b, title: {{nl: Koop, en: Sale}}, retention: P2Y, recipients: [], automated_decision: false}}
defaults: {{purposes: [sale]}}
tables:
  customer: {{subject: {{customer_id: id}}, key: [id], {columns}}}
  rental: {{join: {{who: customer.id}}, ways: guessed, key: [id], {columns}}}
  film: {{join: {{id: rental.film}}, key: [id], {columns}}}
  loose: {{ways: asked}}
"""
    inventory = load(write_inventory(tmp_path / "map", text))
    shown = {}
    for table in inventory.sources["shop"].tables:
        for column in (None, "id"):
            found = samples(inventory, Group(table, {}, (Place("shop", table, column),)))
            shown[table, column] = found[0].why
    theirs = {"customer": "; 1 row of a sampled person", "loose": ""}
    theirs |= dict.fromkeys(("rental", "film"), "; 2 rows of a sampled person")
    silent = "its database does not say how many rows"
    assert shown == {(table, column): silent + theirs[table] for table, column in shown}
    serve_in(load_language("nl"))
    try:
        [found, *_] = samples(inventory, Group("film", {}, (Place("shop", "film", "name"),)))
    finally:
        serve_in(load_language("en"))
    assert found.why == "de database zegt niet hoeveel rijen; 2 rijen van een willekeurige persoon"
