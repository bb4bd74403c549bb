"""The texts are whole in every language and cover every reason that a decision can give."""

import itertools
import shutil
import string
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tests.support.ground_forms import GROUNDS
from tests.unit.bundle.bundle_example import LETTERS, Example, seen

from afschrift.bundle.contents import Contents
from afschrift.bundle.description.redactions import REDACTED, remark
from afschrift.bundle.page.page import render_index, render_readme
from afschrift.bundle.page.table_views import REMARKS
from afschrift.bundle.page.words import PageWords
from afschrift.domain.decision import (
    About,
    Action,
    ColumnFacts,
    ConsentState,
    Policy,
    Protect,
    PurposeFacts,
    ThirdParty,
    decide,
)
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.right import Right
from afschrift.domain.vocabulary import BASES, SPECIAL_CONDITIONS, Origin
from afschrift.letters.languages import languages

LANGUAGES = languages(LETTERS)


BUNDLE = LETTERS.parents[1] / "plugins" / "afschrift" / "bundle"


def texts(language: str, file: str = "texts") -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(LETTERS / language / "bundle" / f"{file}.yml")
    return found


def leaves(tree: Any, path: str = "") -> dict[str, str]:
    if isinstance(tree, dict):
        return {k: v for key, sub in tree.items() for k, v in leaves(sub, f"{path}.{key}").items()}
    return {path: str(tree)}


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@cache
def reasons() -> set[tuple[Action, str]]:
    """Every outcome of the decision function, by trying all facts."""
    purposes = [()] + [
        (PurposeFacts("p", basis, special, public, consent),)
        for basis, special, public, consent in itertools.product(
            BASES, (None, "A9-2-a", "A9-2-h"), (False, True), (None, *ConsentState)
        )
    ]
    facts = itertools.product(
        Right, (None, *Origin), purposes, (True, False), About, (None, *ThirdParty), (None, *Protect)
    )
    found = set()
    for right, origin, purpose, automated, about, third_party, protect in facts:
        for join_key, wanted, policy in (
            (False, True, Policy()),
            (True, True, Policy(observed=False)),
            (False, True, Policy(legitimate_interest=True)),
            (False, False, Policy()),
        ):
            column = ColumnFacts(origin, purpose, automated, about, third_party, protect, join_key, wanted)
            decision = decide(right, column, policy)
            found.add((decision.action, decision.reason))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_to_leave_out_and_to_mask_has_a_text(language: str) -> None:
    words = texts(language)
    for action, reason in reasons():
        if action in (Action.EXCLUDE, Action.EXISTS_ONLY, Action.ASK) and reason != "not_personal":
            assert words["left_out"][reason]
        elif action is Action.MASK:
            assert reason in REMARKS
    of_cells = {remark(ground) for ground in REDACTED}
    assert set(words["remarks"]) == REMARKS | of_cells
    assert {code for code, ground in GROUNDS.grounds.items() if ground.redaction} == REDACTED


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_origin_basis_and_consent_has_a_text(language: str) -> None:
    words = texts(language)
    assert set(words["origins"]) == set(Origin)
    assert set(words["bases"]) == {*BASES, *SPECIAL_CONDITIONS}
    assert set(words["consents"]) == set(ConsentState)


@pytest.mark.parametrize("file", ["texts", "sheet"])
def test_languages_have_the_same_texts_with_the_same_values_in_them(file: str) -> None:
    first, *others = [
        {key: names(text) for key, text in leaves(texts(language, file)).items()} for language in LANGUAGES
    ]
    assert others
    assert all(other == first for other in others)


BUILT = {
    "page": {"request_access", "request_portability", "request_for_you"}
    | {"consent_withdrawn", "consent_absent"}
    | {"column_unread", "part_of"}  # in letters
    | {"nothing_given_from", "found_nothing_from"}
    | {f"everything_{how}" for how in ("yes", "left_out", "masked", "both")}
    | {
        f"{what}_{of}"
        for what in ("portable", "own_rows")
        for of in ("provided", "observed", "both", "other")
    }
    | {f"direct_{how}" for how in ("possible", "on_request", "impossible")}
    | {f"exchange_{format_}" for format_ in ("gpx", "ics", "vcard", "fhir")},
    "sheet": {"consent_withdrawn", "consent_absent", "logic", "significance", "consequences"}
    | {"state", "state_between"},  # by `PageWords.state`
}


@pytest.mark.parametrize(
    ("file", "template", "code", "sections"),
    [
        ("texts", "page", "**/*.py", ["page"]),
        ("sheet", "sheet", "sheet/*.py", ["page", "kept", "rights", "right_texts", "periods"]),
    ],
)
def test_no_text_is_there_for_nothing(file: str, template: str, code: str, sections: list[str]) -> None:
    used = (LETTERS / "bundle" / f"{template}.html.j2").read_text()
    used += (LETTERS / "bundle" / "sheet.html.j2").read_text()
    used += (LETTERS / "bundle" / "uses.html.j2").read_text()
    used += (BUNDLE / "page" / "words.py").read_text()
    used += "".join(path.read_text() for path in BUNDLE.glob(code))
    for section in sections:
        for key in texts("nl", file)[section]:
            assert key in BUILT[template] or f'"{key}"' in used, key


def test_sizes_and_numbers_in_words() -> None:
    nl, en = PageWords.load(LETTERS, "nl"), PageWords.load(LETTERS, "en")
    sizes = {0: "0 bytes", 999: "999 bytes", 1000: "1,0 kB", 999_949: "999,9 kB", 999_950: "1,0 MB"}
    sizes |= {1_250_000: "1,2 MB", 7 * 10**13: "70,0 TB"}
    assert {number: nl.size(number) for number in sizes} == sizes
    assert (nl.number(1234567), en.number(1234567)) == ("1.234.567", "1,234,567")
    assert (nl.count("rows", 1), nl.count("rows", 5000)) == ("1 rij", "5.000 rijen")
    units = {"{beats}/min": "slagen per minuut", "Cel": "graden Celsius", "{steps}": "steps", "mol": "mol"}
    assert {code: nl.unit(code) for code in units} == units
    assert "‘true’" in nl.kind("boolean")
    measured = {72_000: "72", 1_234_560: "1.234,6", -500: "-0,5"}
    assert {total: nl.measured(total, 1000) for total in measured} == measured
    assert nl.period("2026-03") == "maart 2026"


def test_a_moment_is_shown_in_the_zone_and_in_utc() -> None:
    nl = PageWords.load(LETTERS, "nl")
    moments = {
        "2026-01-15T12:00:00Z": "15 januari 2026, 13:00 uur (tijd in Amsterdam; 12:00 UTC)",
        "2026-06-30T22:15:00Z": "1 juli 2026, 00:15 uur (tijd in Amsterdam; 2026-06-30 22:15 UTC)",
    }
    assert {text: nl.moment(text, "Europe/Amsterdam") for text in moments} == moments
    assert nl.day("2026-06-30T22:15:00Z", "Europe/Amsterdam") == "1 juli 2026"


@given(st.text())
def test_any_text_may_be_given_as_a_time(text: str) -> None:
    PageWords.load(LETTERS, "en").local_time(text, "Europe/Amsterdam")


@pytest.mark.parametrize("text", ["infinity", "0001-01-01T00:00:00Z", "2026-01-01T00:00:00", "0044-03-15 BC"])
def test_odd_times(text: str) -> None:
    text_ = PageWords.load(LETTERS, "en").local_time(text, "Europe/Amsterdam")
    assert text_ is None or text_ == "1 January 1, 00:19:32"


def test_an_unknown_language_and_a_missing_text_are_configuration_errors() -> None:
    with pytest.raises(ConfigurationError, match="language 'fy'"):
        PageWords.load(LETTERS, "fy")
    with pytest.raises(ConfigurationError, match=r"left_out\.unheard_of.*nl/bundle/texts\.yml"):
        PageWords.load(LETTERS, "nl").phrase("left_out", "unheard_of")


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """The letters with a third language, made from the English one."""
    shutil.copytree(LETTERS, tmp_path / "letters")
    shutil.copytree(LETTERS / "en", tmp_path / "letters" / "fy")
    return tmp_path / "letters"


def contents(language: str) -> Contents:
    made = seen(Example())
    return replace(made, plan=replace(made.plan, language=language))


@pytest.mark.parametrize("key", ["search", "deleted_no", "kcal", "months", "provided", "other_people"])
def test_a_missing_text_is_named_before_anything_is_written(letters: Path, key: str) -> None:
    texts = letters / "fy" / "bundle" / "texts.yml"
    kept = [line for line in texts.read_text().splitlines() if not line.strip().startswith(f"{key}:")]
    if key == "other_people":  # missing from every language but the model
        model = letters / "nl" / "bundle" / "texts.yml"
        model.write_text(model.read_text().replace("\npage:\n", '\npage:\n  other_people: "x"\n'))
    texts.write_text("\n".join(kept))
    words = rf"{key}' is missing in include/letters/fy/bundle/texts\.yml"
    with pytest.raises(ConfigurationError, match=words):
        render_index(contents("fy"), letters)


def test_a_language_without_readme_is_named(letters: Path) -> None:
    (letters / "fy" / "bundle" / "README.txt.j2").unlink()
    with pytest.raises(ConfigurationError, match=r"fy/bundle/README\.txt\.j2 is missing"):
        render_readme(contents("fy"), letters)
