"""A language is one folder; half a language is refused by name before anything is packed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.bundle.bundle_example import LETTERS, Example
from tests.unit.bundle.bundle_seen import seen

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.page import SCRIPTS, render_index, render_readme
from afschrift.bundle.page.words import PageWords
from afschrift.domain.errors import ConfigurationError


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """The letters with a third language, made from the English one."""
    shutil.copytree(LETTERS, tmp_path / "letters")
    shutil.copytree(LETTERS / "en", tmp_path / "letters" / "fy")
    texts = tmp_path / "letters" / "fy" / "bundle" / "texts.yml"
    texts.write_text(texts.read_text().replace("Is this everything?", "Is dit alles? (frysk)"))
    return tmp_path / "letters"


def contents(language: str) -> Contents:
    made = seen(Example())
    return replace(made, plan=replace(made.plan, language=language))


def test_a_third_language_is_one_folder(letters: Path) -> None:
    page = render_index(contents("fy"), letters).decode()
    assert '<html lang="fy">' in page
    assert "Is dit alles? (frysk)" in page
    assert "START HERE" in render_readme(contents("fy"), letters).decode()


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


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_word_of_the_script_is_used_and_there(language: str) -> None:
    code = "".join((LETTERS / "bundle" / name).read_text() for name in SCRIPTS)
    script_texts = PageWords.load(LETTERS, language).script()
    for key in script_texts:
        assert f"words.{key}" in code or f'"{key}"' in code or f"{key}:" in code, key
