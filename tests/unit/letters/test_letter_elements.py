"""A letter that lacks something it must say, or says what an unidentified person did not, is not produced."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.support.data import document
from tests.support.letter_samples import FOLDER, LANGUAGES, facts, given, sample

from afschrift.domain.errors import ConfigurationError, FormError, RefusedError
from afschrift.letters.compose import Letter, LetterFacts, compose
from afschrift.letters.elements import ELEMENTS, MORE, Giver
from afschrift.letters.html import said_elements
from afschrift.letters.kinds import HEAD, KINDS, kind_named

OFFICER = [(kind, e) for kind, k in KINDS.items() for e in k.required if ELEMENTS[e].giver is Giver.OFFICER]
REGISTER = [
    (kind, e)
    for kind, k in KINDS.items()
    for e in (*HEAD, *k.required)
    if ELEMENTS[e].giver is Giver.REGISTER
]

SAID = {
    name: [kind for kind, k in KINDS.items() if name in {e.name for e in k.elements}] for name in ELEMENTS
}
SAID = {name: kinds for name, kinds in SAID.items() if kinds}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_letter_says_all_that_it_must(kind: str, language: str) -> None:
    letter = sample(kind, language)
    assert {e.name for e in KINDS[kind].elements} <= said_elements(letter.html)
    assert letter.subject in letter.text
    assert f'lang="{language}"' in letter.html
    assert "Anneke Jansen" in letter.text
    chosen = KINDS[kind]
    required = {name: value for name, value in given(chosen, language).items() if name in chosen.required}
    assert {"nl": "Goedendag,", "en": "Hello,"}[language] in compose(
        chosen, required, facts(language), FOLDER
    ).text


@pytest.mark.parametrize(("kind", "element"), OFFICER)
def test_an_element_that_was_left_empty(kind: str, element: str) -> None:
    for empty in (None, "", "\u200b \n", []):
        with pytest.raises(FormError) as caught:
            compose(KINDS[kind], given(KINDS[kind]) | {element: empty}, facts(), FOLDER)
        assert set(caught.value.fields) == {element}, empty


@pytest.mark.parametrize(("kind", "element"), REGISTER)
def test_what_the_register_or_the_controller_does_not_give(kind: str, element: str) -> None:
    with pytest.raises(FormError, match=f"{element}: it is missing") as caught:
        compose(KINDS[kind], given(KINDS[kind]), facts(**{element: ""}), FOLDER)
    assert set(caught.value.fields) == {element}


@pytest.mark.parametrize("element", SAID)
def test_a_template_that_leaves_it_out(element: str, tmp_path: Path) -> None:
    """A new language, or a change by an author who did not know the rule."""
    folder = tmp_path / "letters"
    shutil.copytree(FOLDER, folder)
    for file in folder.rglob("*.j2"):
        text = file.read_text()
        text = re.sub(rf"\{{\{{ e\.{element} \}}\}}", "", text)
        text = re.sub(rf'<(p|div) data-element="{element}">.*?</\1>', "", text, flags=re.S)
        file.write_text(text)
    for kind in SAID[element]:
        with pytest.raises(ConfigurationError, match=rf"leaves out what the letter must say: {element}\b"):
            compose(KINDS[kind], given(KINDS[kind]), facts(), folder)


@pytest.mark.parametrize(
    ("kind", "element", "value"),
    [
        ("refusal", "ground", "effort"),
        ("refusal", "ground", ["rights_of_others"]),
        ("refusal", "reasons", ["a list"]),
        ("refusal", "reasons", "x" * 6001),
        ("delivery", "where", "x" * 201),
        ("delivery", "available_until", "31-02-2026"),
        ("delivery", "available_until", 20260331),
        ("partial_refusal", "refused", "no list"),
        ("partial_refusal", "refused", [1]),
        ("partial_refusal", "refused", ["x"] * 101),
        ("identity_request", "ways", ["copy_of_passport"]),
        ("identity_request", "ways", "login"),
        ("fee", "costs", "12"),
        ("fee", "costs", {"material": "much"}),
        ("fee", "costs", {"material": "-1"}),
        ("fee", "costs", {"material": "NaN"}),
        ("fee", "costs", {"material": "1.005"}),
    ],
)
def test_a_value_of_another_form_is_refused_and_not_repeated(kind: str, element: str, value: Any) -> None:
    with pytest.raises(FormError) as caught:
        sample(kind, **{element: value})
    assert set(caught.value.fields) == {element}
    assert "x" * 30 not in str(caught.value)
    assert "copy_of_passport" not in str(caught.value)


def test_others_in_the_data_refuse_a_part_and_never_the_whole() -> None:
    """R31; the letter of a partial refusal names them."""
    with pytest.raises(FormError, match="cannot rest on it"):
        sample("refusal", ground="rights_of_others")


def test_costs_are_added_up_and_no_overhead_is_charged() -> None:
    assert "Totaal: € 1.260,75" in sample("fee").text
    assert "Total: €1,260.75" in sample("fee", "en").text
    for own in ("overhead", "system", "own_hours"):
        with pytest.raises(FormError, match=r"no overhead.*R51-R52"):
            sample("fee", costs={"postage": "4.00", own: "100.00"})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "ground", "right", "nl", "en"),
    [
        ("refusal", "manifestly_unfounded", "access", "artikel 12, vijfde lid,", "12(5)"),
        ("refusal", "manifestly_excessive", "portability", "artikel 12, vijfde lid,", "12(5)"),
        ("refusal", "malicious_intent", "access", "artikel 12, vijfde lid,", "12(5)"),
        ("refusal", "identity_failure", "access", "artikel 12, tweede lid,", "12(2)"),
        ("refusal", "no_mandate", "access", "artikel 15, eerste lid,", "15(1)"),
        ("refusal", "no_mandate", "portability", "artikel 20, eerste lid,", "20(1)"),
        ("refusal", "outside_portability", "portability", "artikel 20, eerste lid,", "20(1)"),
        ("partial_refusal", "rights_of_others", "access", "artikel 15, vierde lid,", "15(4)"),
        ("partial_refusal", "rights_of_others", "message", "artikel 15, vierde lid,", "15(4)"),
        ("partial_refusal", "rights_of_others", "portability", "artikel 20, vierde lid,", "20(4)"),
        ("partial_refusal", "legally_exempted", "access", "artikel 23", "23"),
        ("fee", "manifestly_excessive", "access", "artikel 12, vijfde lid,", "12(5)"),
        ("fee", "further_copy", "access", "artikel 15, derde lid,", "15(3)"),
        ("nothing_portable", None, "portability", "artikel 20, eerste lid,", "20(1)"),
        ("cannot_identify", None, "access", "artikel 12, tweede lid,", "12(2)"),
        ("transfer_not_feasible", None, "portability", "artikel 20, tweede lid,", "20(2)"),
    ],
)
def test_a_refusal_names_its_article_in_plain_words(
    kind: str, ground: str | None, right: str, nl: str, en: str, language: str
) -> None:
    """R45, R56: the person reads the legal basis of it."""
    values = given(KINDS[kind], language) | ({"ground": ground} if ground else {})
    text = compose(KINDS[kind], values, facts(language, right=right), FOLDER).text.replace("\n", " ")
    assert (f"{nl} van de AVG" if language == "nl" else f"Article {en} of the GDPR") in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", document(__file__, "grounds_in_words.yml"), ids=lambda row: row["state"])
def test_a_ground_says_what_its_rule_says(row: dict[str, Any], language: str) -> None:
    of = row["letter"]
    ground = {"ground": of["ground"]} if "ground" in of else {}
    values = given(KINDS[of["kind"]], language) | ground
    text = compose(KINDS[of["kind"]], values, facts(language, right=of["right"]), FOLDER).text
    assert row["now"][language] in text.replace("\n", " ")
    assert row["then"][language] not in text.replace("\n", " ")


@pytest.mark.parametrize(
    ("kind", "ground", "right"),
    [
        ("fee", "rights_of_others", "access"),
        ("fee", "further_copy", "portability"),
        ("refusal", "further_copy", "access"),
        ("refusal", "outside_portability", "access"),
    ],
)
def test_a_ground_that_carries_no_such_letter(kind: str, ground: str, right: str) -> None:
    with pytest.raises(FormError) as caught:
        compose(KINDS[kind], given(KINDS[kind]) | {"ground": ground}, facts(right=right), FOLDER)
    assert set(caught.value.fields) == {"ground"}


def test_an_unknown_kind_element_or_language() -> None:
    with pytest.raises(RefusedError, match="letter kinds"):
        kind_named("../refusal")
    with pytest.raises(FormError, match=r"1 that this letter does not have"):
        sample("resumed", kwikstaart="x")
    for language in ("fr", "../nl", "", "bundle"):
        with pytest.raises(ConfigurationError, match=r"no letters in the language.*en, nl"):
            compose(KINDS["resumed"], given(KINDS["resumed"]), LetterFacts(language, facts().values), FOLDER)


def test_a_third_language_is_one_folder_and_a_text_it_lacks_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    shutil.copytree(FOLDER, folder)
    shutil.copytree(folder / "en", folder / "fy")
    frisian, kind = LetterFacts("fy", facts().values), KINDS["identity_request"]
    assert 'lang="fy"' in compose(kind, given(kind), frisian, folder).html
    texts = folder / "fy" / "texts.yml"
    texts.write_text(texts.read_text().replace("  counter:", "  desk:"))
    with pytest.raises(ConfigurationError, match=r"'ways.counter' is missing in include/letters/fy/texts"):
        compose(kind, given(kind), frisian, folder)


def test_a_text_of_a_language_is_text_and_no_html(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    shutil.copytree(FOLDER, folder)
    texts = folder / "nl" / "texts.yml"
    texts.write_text(texts.read_text().replace('"Met vriendelijke groet,"', '"Groet <b>&"'))
    letter = compose(KINDS["resumed"], given(KINDS["resumed"]), facts(), folder)
    assert "Groet &lt;b&gt;&amp;<br>" in letter.html
    assert "Groet <b>&" in letter.text


def test_a_broken_template_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    shutil.copytree(FOLDER, folder)
    (folder / "nl" / "resumed.html.j2").write_text(
        "{% extends 'letter.html.j2' %}{% block title %}{{ e.oops }}"
    )
    with pytest.raises(ConfigurationError, match=r"nl/resumed.html.j2 cannot be used"):
        compose(KINDS["resumed"], given(KINDS["resumed"]), facts(), folder)
    (folder / "nl" / "resumed.html.j2").unlink()
    with pytest.raises(ConfigurationError, match=r"nl/resumed.html.j2 is not there"):
        compose(KINDS["resumed"], given(KINDS["resumed"]), facts(), folder)


def test_every_language_has_the_same_texts_and_templates() -> None:
    def keys(value: Any, at: str = "") -> set[str]:
        return (
            {k for n, v in value.items() for k in keys(v, f"{at}.{n}")} if isinstance(value, dict) else {at}
        )

    texts = [keys(YAML(typ="safe").load(FOLDER / language / "texts.yml")) for language in LANGUAGES]
    assert texts[0] == texts[1]
    names = [{file.name for file in (FOLDER / language).glob("*.j2")} for language in LANGUAGES]
    assert names[0] == names[1]
    assert {f"{kind}.html.j2" for kind in KINDS} <= names[0]
    for element in ELEMENTS.values():
        for code in element.codes:
            assert any(f"{key}.".startswith(f".{element.name}.{code}.") for key in texts[0])
    used = {n for kind in KINDS.values() for n in (*HEAD, *kind.required, *kind.optional, "name", MORE)}
    assert used | {"addressee", "personal"} == set(ELEMENTS)


WROTE = (
    "Hallo, ik ben Anneke  Jansen.\nMijn klantnummer is C-10 042 en mijn mail is anneke@example.org. "
    "Bel mij: 06-12345678. Ik woon op 3511 AB. Graag al mijn gegevens.\n\nAnneke Jansen"
)


def letter(kind: str, wrote: str = WROTE, **elements: Any) -> Letter:
    chosen = KINDS[kind]
    filled = {n: v for n, v in given(chosen).items() if n not in ("name", "quote")} | elements
    return compose(chosen, filled, facts(wrote=[wrote]), FOLDER)


@pytest.mark.parametrize("kind", KINDS)
def test_letters_about_the_data_wait_for_the_identity(kind: str) -> None:
    if KINDS[kind].before_identity:
        assert letter(kind, name="anneke jansen").text
        return
    with pytest.raises(FormError, match="not identified, and this letter is about their data"):
        letter(kind)


def test_what_they_wrote_may_be_repeated_however_it_is_spaced() -> None:
    letter("acknowledgement", name="Anneke Jansen", quote="Mijn klantnummer is C-10 042")
    reasons = (
        "Wij zoeken op C-10042, ANNEKE@example.org, 0612345678 en 3511AB. Uw brief is van 03-02-2026 en van "
        "2026-02-03. Vragen: privacy@gele-kano.example, 0000 AA. Kenmerk req-7k3m9x2p4v0q. Er zijn 1250 rijen."
    )
    letter("extension", reasons=reasons)
    kind = KINDS["identity_request"]
    doubt = "Wij kennen u als anneke@work.example, C-10043."
    assert "C-10043" in compose(kind, given(kind) | {"doubt": doubt}, facts(), FOLDER).text


@pytest.mark.parametrize(
    ("kind", "element", "value"),
    [
        ("acknowledgement", "name", "Anneke Jansen-de Vries"),
        ("acknowledgement", "quote", "Ik ben klant sinds 2019"),
        ("identity_request", "doubt", "Wij kennen u als anneke@work.example."),
        ("identity_request", "doubt", "Uw nummer is C-10043."),
        ("reminder", "question", "Woont u nog op 1234 AB?"),
        ("specify_request", "overview", ["Uw account", "Rekening NL91 ABNA 0417 1643 00"]),
        ("answer_insufficient", "lacking", "Wij wilden u bellen op 06 8765 4321."),
        ("cannot_identify", "identifiers", ["Bestelling 2026030599"]),
    ],
)
def test_what_they_did_not_write_is_turned_down_and_not_repeated(kind: str, element: str, value: Any) -> None:
    with pytest.raises(FormError, match="are not identified yet") as caught:
        letter(kind, **{element: value})
    assert set(caught.value.fields) == {element}
    for part in ("Vries", "2019", "work", "10043", "1234", "NL91", "8765", "20260305"):
        assert part not in str(caught.value)
