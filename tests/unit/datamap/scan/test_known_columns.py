"""Columns whose meaning is known are taken for what they are, or left open, and seldom for something else."""

from importlib.resources import files

import pytest
from tests.support.scanned import listed, outcomes

from afschrift.datamap.scan.concepts import Concept, vocabulary
from afschrift.datamap.scan.evidence import DECISIVE, FORMS, NAMES
from afschrift.datamap.scan.table_context import ADDRESSED, TableRole
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.base import fides_categories
from afschrift.outside.read_yaml import read_yaml

FILE = files("afschrift.datamap.scan") / "vocabulary.yml"
LISTS = {
    "columns_known.csv": (134, 2, 2),
    "columns_of_vectors.csv": (103, 0, 0),
    "columns_of_others.csv": (129, 0, 3),
    "columns_held_out.csv": (53, 4, 0),
    "columns_last.csv": (47, 4, 1),
}
"""List -> origins that are right at least and wrong at most, and categories that are wrong at most."""


@pytest.mark.parametrize("file", LISTS)
def test_origin_and_category_are_right_or_open(file: str) -> None:
    origins, categories, wrong = outcomes(file)
    right_at_least, wrong_at_most, categories_wrong_at_most = LISTS[file]
    assert len(wrong) <= wrong_at_most, wrong
    assert origins["right"] >= right_at_least
    assert categories["wrong"] <= categories_wrong_at_most


@pytest.mark.parametrize("flag", ["secret", "others", "free"])
def test_flags_that_protect(flag: str) -> None:
    attribute = {"secret": "secret", "others": "about_others", "free": "free_text"}[flag]
    missed = [
        row["column"]
        for row, made in listed("columns_known.csv")
        if flag in row["flags"].split() and not getattr(made, attribute)
    ]
    assert missed == []


def test_the_vocabulary_is_read_whole_and_says_nothing_twice() -> None:
    """A word such as 2fa without quotes could be a number, and the other reader takes thirty times as long."""
    read_yaml(FILE.read_text(encoding="utf-8"))

    # A text with a comma and without quotes would end there, and its rest would be an unread word.
    concepts = read_yaml(FILE.read_text(encoding="utf-8"))["concepts"]
    fields = set(Concept.__dataclass_fields__) - {"title", "patterns"}
    assert {title: given.keys() - fields for title, given in concepts.items() if given.keys() - fields} == {}

    words = read_yaml(FILE.read_text(encoding="utf-8"))["words"]
    seen: dict[str, list[str]] = {}
    for word, spellings in words.items():
        for spelling in {word.replace(" ", ""), *map(str, spellings)}:
            seen.setdefault(spelling, []).append(word)
    assert {spelling: found for spelling, found in seen.items() if len(found) > 1} == {}

    named: dict[frozenset[str], list[str]] = {}
    for concept in vocabulary().concepts:
        for pattern in concept.patterns:
            named.setdefault(pattern, []).append(concept.title)
    assert {" ".join(sorted(words)): titles for words, titles in named.items() if len(titles) > 1} == {}


def test_every_category_place_and_form_of_the_vocabulary_is_known() -> None:
    words = vocabulary()
    named = {c for concept in words.concepts for c in concept.category.values() if c and c != "topic"}
    named |= {topic.category for topic in words.topics} | set(DECISIVE.values())
    assert named <= fides_categories().keys()

    words = vocabulary()
    places = (
        {topic.name for topic in words.topics}
        | {role.value for role in TableRole}
        | {"others", "else", ADDRESSED}
    )
    for concept in words.concepts:
        assert {*concept.origin, *concept.category, *concept.identifies} <= places, concept.title
        assert set(concept.origin.values()) <= {*map(str, Origin), "topic", None}, concept.title
        assert {concept.sample, *concept.may_look} <= {*FORMS, None}, concept.title
    assert NAMES.keys() == FORMS
