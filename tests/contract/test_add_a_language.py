"""A language is one folder in `include/letters`: letters, page, README, sheet and trigger form have it.

The third one here is Polish, with an English folder's texts but for two: it counts in four forms, not in two.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from testbed.mini import CONTROLLER, write_inventory
from tests.airflow_support import AirflowEnv
from tests.support.letter_samples import FOLDER, facts, given
from tests.unit.bundle.bundle_example import Example, seen

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.page import render_index, render_readme
from afschrift.bundle.page.words import PageWords, SheetWords
from afschrift.inventory.base import Text
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.law.clock.deadline import Period
from afschrift.letters.compose import compose
from afschrift.letters.kinds import KINDS
from afschrift.letters.languages import names

ROWS = '{one: "{n} wiersz", few: "{n} wiersze", many: "{n} wierszy", other: "{n} wiersza"}'


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """All languages and one more, by one copy."""
    folder = tmp_path / "include" / "letters"
    shutil.copytree(FOLDER, folder)
    shutil.copytree(FOLDER / "en", folder / "pl")
    for file, old, new in (
        ("texts.yml", "language: English", 'language: "Polski"'),
        ("texts.yml", "dear: Dear", "dear: Cześć"),
        ("bundle/texts.yml", '{one: "1 row", other: "{n} rows"}', ROWS),
        ("bundle/sheet.yml", '{one: "{n} year", other: "{n} years"}', ROWS.replace("wiersz", "rok")),
    ):
        path = folder / "pl" / file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(old, new), encoding="utf-8")
        assert old in text
    return folder


def contents() -> Contents:
    made = seen(Example())
    return replace(made, plan=replace(made.plan, language="pl"))


def test_every_letter_is_written_in_it(letters: Path) -> None:
    polish = replace(facts(), language="pl")
    part = letters / "pl" / "_remedy.html.j2"
    part.write_text("<p>Prawa</p>" + part.read_text(encoding="utf-8"), encoding="utf-8")
    written = [compose(kind, given(kind), polish, letters) for kind in KINDS.values()]
    assert all('lang="pl"' in letter.html for letter in written)
    assert all("Cześć" in letter.text for letter in written)
    assert {"refusal"} <= {letter.kind for letter in written if "Prawa" in letter.text} < set(KINDS)


def test_page_and_readme_are_written_in_it(letters: Path) -> None:
    page = render_index(contents(), letters).decode()
    assert '<html lang="pl">' in page
    assert " wiersz" in page
    assert "START HERE" in render_readme(contents(), letters).decode()


def test_a_language_counts_by_its_own_plural_rule(letters: Path) -> None:
    polish, english = (PageWords.load(letters, language) for language in ("pl", "en"))
    for number, expected in {1: "1 wiersz", 3: "3 wiersze", 5: "5 wierszy", 22: "22 wiersze"}.items():
        assert polish.count("rows", number) == expected
        assert english.count("rows", number) == f"{number} row{'s' * (number > 1)}"
    assert SheetWords.of(letters, "pl").lasts(Period(years=3)) == "3 roke"
    path = letters / "pl" / "bundle" / "texts.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(ROWS, '{other: "{n} x"}'), encoding="utf-8")
    assert PageWords.load(letters, "pl").count("rows", 1) == "1 x", "a language of one form is whole"


def test_the_trigger_form_offers_it(
    airflow_env: AirflowEnv, letters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afschrift.airflow_ext.params import form

    monkeypatch.setenv("AFSCHRIFT_INCLUDE", str(letters.parent))
    language = form(demo=False)["language"].schema
    assert language["enum"] == [None, "nl", "en", "pl"]
    assert language["values_display"]["pl"] == names(letters)["pl"] == "Polski"


def test_the_data_map_needs_texts_in_every_offered_language(tmp_path: Path) -> None:
    write_inventory(tmp_path)
    controller = CONTROLLER.replace("languages: [nl, en]", "languages: [nl, en, pl]")
    (tmp_path / "controller.yml").write_text(controller, encoding="utf-8")
    with pytest.raises(InventoryError) as caught:
        load(tmp_path)
    faults = {(fault.where, fault.message) for fault in caught.value.faults}
    assert ("authority", "`pl` is missing") in faults
    assert ("purposes.account.title", "`pl` is missing") in faults


def test_a_data_map_may_have_one_new_language_only(tmp_path: Path) -> None:
    folder = tmp_path / "inventory"
    write_inventory(folder)
    for file in folder.glob("*.yml"):
        text = file.read_text(encoding="utf-8").replace("languages: [nl, en]", "languages: [pl]")
        file.write_text(text.replace("nl: ", "pl: "), encoding="utf-8")
    text = load(folder).controller.court
    assert next(iter(text.items()))[0] == "en"
    assert text.get("pl") == "de rechtbank, binnen zes weken"


def test_a_text_falls_back_on_the_model_and_then_on_what_there_is() -> None:
    both = Text.model_validate({"pl": "tekst", "en": "text", "nl": "tekst (nl)"})
    assert list(dict(both.items())) == ["nl", "en", "pl"]
    assert [both.get(language) for language in ("pl", "fy")] == ["tekst", "tekst (nl)"]
    assert Text.model_validate({"pl": "tekst", "en": "text"}).get("nl") == "text"


@pytest.mark.parametrize("wrong", [{}, {"Nederlands": "x"}, {"nl": 1}, {"nl": None}, "x", ["nl"]])
def test_a_text_without_language_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="Text"):
        Text.model_validate(wrong)
