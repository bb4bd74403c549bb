"""Numbers that point to a row bear its name on the page: the one that a join written by hand finds."""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog
from testbed.mini import POLICY
from testbed.running import drive, installation, store
from tests.e2e.opened import Opened
from tests.support.deciding import ROLES
from tests.support.rental import BACKWARDS, HOSTILE, NICKNAME, TEXT, write_rental
from tests.support.reviewing import BALANCE, CODES, policy

from afschrift.app.settings import Settings
from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.domain.errors import NeedsPersonError
from afschrift.register.records import QuestionRow
from afschrift.services import Services

_CELLS = """(file) => {
  const link = [...document.querySelectorAll("article .files a")].find((a) => a.getAttribute("href") === file);
  if (!link) return null;
  const target = (a) => document.getElementById(a.hash.slice(1)).closest("article").querySelector(".files a");
  return [...link.closest("article").querySelectorAll(".rows tbody tr")].map((row) => [...row.children].map((cell) => {
    const a = cell.querySelector("a");
    if (!a) return [cell.textContent, null, null];
    return [cell.querySelector("small").textContent, a.textContent, target(a).getAttribute("href")];
  }));
}"""


@dataclass(frozen=True)
class Cell:
    """A cell of a table on the page.

    Attributes:
        number: what the file has there; of a cell without a name all of its text.
        name: what the row is called to which it points; None: no name.
        to: the table that its link leads to.
    """

    number: str
    name: str | None
    to: str | None


class ReadPage:
    """The page of a bundle, opened with or without its script.

    Args:
        browser: that reads it.
        bundle: the ZIP file.
        folder: where it is unpacked.
        script: whether the page's script runs; it then shows its own rows.
    """

    def __init__(self, browser: Browser, bundle: Path, folder: Path, *, script: bool = False) -> None:
        self.opened = Opened(bundle)
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(folder)
        context = browser.new_context(java_script_enabled=script)
        self.page = context.new_page()
        self.events: list[str] = []
        self.page.on("console", lambda message: self.events.append(message.text))
        self.page.on("pageerror", lambda error: self.events.append(str(error)))
        self.page.on("dialog", self._dismiss)
        [index] = folder.glob("*/index.html")
        self.source = index.read_text(encoding="utf-8")
        self.page.goto(index.as_uri())
        for article in self.page.locator("article.table").all() if script else ():
            article.scroll_into_view_if_needed()
        self.page.wait_for_timeout(300 if script else 0)

    def _dismiss(self, dialog: Dialog) -> None:
        self.events.append(dialog.type)
        dialog.dismiss()

    def rows(self, table: str) -> list[dict[str, Cell]]:
        """The rows on the page, by the names of the columns in the file; none: no such table."""
        found: list[list[list[Any]]] | None = self.page.evaluate(_CELLS, self._file(table))
        files = {self._file(name): name for name in self.opened.tables}
        return [
            {
                column: Cell(number, name, files[to] if to else None)
                for column, (number, name, to) in zip(self.opened.tables[table], row, strict=True)
            }
            for row in found or ()
        ]

    def _file(self, table: str) -> str:
        paths = (
            resource["path"]
            for resource in self.opened.package["resources"]
            if resource.get("afschrift:table") == table
        )
        return next((f"data/{path}" for path in paths if path.endswith(".csv")), "")

    def named(self) -> Iterator[tuple[str, str, Cell]]:
        """Every cell with a name: table, column, cell."""
        for table in self.opened.tables:
            for row in self.rows(table):
                yield from ((table, column, cell) for column, cell in row.items() if cell.name is not None)


STAFF = "(SELECT staff_id, concat_ws(' ', first_name, last_name) FROM staff)"
RENTAL = {
    ("rental", "film_id"): ("film", "SELECT film_id, title FROM film"),
    ("rental", "rented_from"): ("staff", STAFF),
    ("rental", "returned_to"): ("staff", STAFF),
    ("rental", "sent_to"): (
        "address",
        "SELECT address_id, concat_ws(' ', street, number, city) FROM address WHERE customer_id = 1",
    ),
    ("film", "category_id"): ("category", "SELECT category_id, name FROM category"),
    ("copy", "holds"): ("film", "SELECT film_id, title FROM film"),
    ("category", "parent_id"): ("category", "SELECT category_id, name FROM category"),
}


def on_page(text: str | None) -> str | None:
    """A name as the page has it: one line, inert, of eighty signs; None where there is nothing to read."""
    shown = "".join("\ufffd" if c in "\u202e\u2066" else "␀" if c == "\x00" else c for c in text or "")
    shown = " ".join(shown.split())
    return (shown if len(shown) <= 80 else shown[:80].rstrip() + "…") or None


@dataclass(frozen=True)
class Answers:
    access: Path
    portability: Path
    database: Path


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    folder = tmp_path_factory.mktemp("rental")
    inventory, database = write_rental(folder)
    made = []
    for right in ("access", "portability"):
        services = installation(folder / right, inventory)
        made.append(drive(services, store(services, {"customer_id": "1"}, right, language="en")))
    return Answers(made[0], made[1], database)


@pytest.mark.parametrize("script", [False, True], ids=["without script", "browsed"])
def test_roles_chains_and_hostile_names_of_a_rental(
    script: bool, answers: Answers, browser: Browser, tmp_path: Path
) -> None:
    read = ReadPage(browser, answers.access, tmp_path, script=script)
    with duckdb.connect(str(answers.database), read_only=True) as con:
        for (table, column), (to, statement) in RENTAL.items():
            names = {str(key): on_page(name) for key, name in con.execute(f"FROM ({statement})").fetchall()}
            for row in read.rows(table):
                cell = row[column]
                expected = names.get(cell.number)
                assert (cell.name, cell.to) == ((expected, to) if expected else (None, None)), (table, column)
        copies = con.execute(
            "SELECT store_id, copy_no, concat_ws(' ', name, title) FROM copy LEFT JOIN film ON film_id = holds"
        ).fetchall()
    tapes = {(str(store), str(copy)): on_page(name) for store, copy, name in copies}
    assert tapes["2", "1"] == "Green tape", "and no number of a film that is not there"
    rentals = read.rows("rental")
    for row in rentals:
        assert row["copy_no"].name == tapes.get((row["store_id"].number, row["copy_no"].number))
        assert row["store_id"].name is None, "a key of two columns is named once, at the last of them"
    assert [row["sent_to"].name for row in rentals[:2]] == ["Dorpsstraat 5 Ergens", None], (
        "not another person's"
    )
    assert rentals[1]["sent_to"].number == "2"
    assert {row["film_id"].number for row in rentals if not row["film_id"].name} == {"14", "99"}
    assert [row["category_id"].name for row in read.rows("film")][:2] == ["Horror", "Fiction"]
    named = {(table, column) for table, column, _ in read.named()}
    assert named == {*RENTAL, ("rental", "copy_no"), ("rental", "taste_id")}, "and no other number"
    assert read.page.locator(".rows img").count() == 0
    if script:  # which looks at the page by a script of its own
        found = Axe().run(read.page).response["violations"]
        assert [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")] == []
    assert read.events == []
    assert HOSTILE not in read.source
    assert BACKWARDS not in read.source


def test_what_the_right_leaves_out_names_no_row(answers: Answers, browser: Browser, tmp_path: Path) -> None:
    access = ReadPage(browser, answers.access, tmp_path / "access")
    portability = ReadPage(browser, answers.portability, tmp_path / "portability")
    assert [row["taste_id"].name for row in access.rows("rental")][:2] == [f"Sweet {NICKNAME}"] * 2
    assert portability.rows("rental")[0]["taste_id"].number == "7"
    assert portability.rows("rental")[0]["taste_id"].name is None, "nor by the half that is given"
    assert b"Sweet" in portability.opened.files["data/rental/taste.csv"]
    assert portability.rows("rental")[0]["film_id"].name == "Academy Dinosaur"
    for path, content in portability.opened.files.items():
        assert NICKNAME.encode() not in content, path


def test_the_files_are_the_same_with_and_without_names(answers: Answers, tmp_path: Path) -> None:
    lines = [line for line in TEXT.splitlines(keepends=True) if not line.startswith("    label:")]
    inventory, _ = write_rental(tmp_path, "".join(lines))
    services = installation(tmp_path / "home", inventory)
    bundle = drive(services, store(services, {"customer_id": "1"}, "access", language="en"))
    with_names, without = Opened(answers.access), Opened(bundle)
    assert with_names.files["index.html"] != without.files["index.html"]
    data = {path for path in with_names.files if path.startswith("data/rental/")}
    assert len(data) == 3 * len(with_names.tables) == 3 * 8, "CSV, JSON and its schema"
    assert data == {path for path in without.files if path.startswith("data/rental/")}
    for path in data:
        assert with_names.files[path] == without.files[path], path


def test_masked_names_are_no_labels(browser: Browser, tmp_path: Path) -> None:
    """A whole cell, a part of one, and a number itself: what is masked in its own table is nowhere else."""
    inventory, database = write_rental(tmp_path)
    (inventory / "policy.yml").write_text(POLICY + policy("always"), encoding="utf-8")
    services = installation(tmp_path / "home", inventory)
    request = store(services, {"customer_id": "1"}, "access", language="nl")
    lines = [
        "rental.film film_id=10 title rights_of_others",
        "rental.staff staff_id=1 last_name 0:8 rights_of_others",
        "rental.rental rental_id=3 sent_to rights_of_others",
    ]
    settings = Settings.from_environment(
        {"AFSCHRIFT_HOME": str(tmp_path / "home"), "AFSCHRIFT_INVENTORY": str(inventory)}
    )
    officer = Officer(services.register, ROLES, "cli:anna", settings=settings)
    asked = ended_at_review(services, request)
    answer_question(officer, asked.id, "redact", detail=CODES, texts={"redactions": lines, **BALANCE})
    answer_question(officer, ended_at_review(services, request).id, "approved")
    bundle = drive(services, request)
    for script in (False, True):
        read = ReadPage(browser, bundle, tmp_path / str(script), script=script)
        first, second, third = read.rows("rental")[:3]
        assert (first["film_id"].number, first["film_id"].name) == ("10", None)
        assert (first["rented_from"].number, first["rented_from"].name) == ("1", None)
        assert (second["film_id"].name, third["rented_from"].name) == (on_page(HOSTILE), "Mike")
        assert third["sent_to"].name is None
        assert first["sent_to"].name == "Dorpsstraat 5 Ergens"
        assert third["sent_to"].number.startswith("[afgeschermd]")
        for path, content in read.opened.files.items():
            assert b"Academy" not in content, path
            assert b"Stephens" not in content, path
    trail = json.dumps([payload for _, payload in services.register.trail.events(request)])
    with duckdb.connect(str(database), read_only=True) as con:
        titles = [
            title for (title,) in con.execute("SELECT title FROM film WHERE title IS NOT NULL").fetchall()
        ]
    assert not [title for title in (*titles, NICKNAME, "Stephens", "Dorpsstraat") if title in trail]


def ended_at_review(services: Services, request: str) -> QuestionRow:
    with pytest.raises(NeedsPersonError):
        drive(services, request)
    [*_, asked] = services.register.questions.all(request_id=request)
    return asked
