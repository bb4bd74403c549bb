"""Every question that a run can end at is put in words, with what each answer does."""

from __future__ import annotations

import pytest

from afschrift.casework.question_kinds import KINDS, kind_named
from afschrift.questions.view import in_words


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_says_what_it_does(kind: str) -> None:
    words = KINDS[kind]
    assert words.name == kind
    assert words.title
    assert words.asks
    assert all(words.does.values())


@pytest.mark.parametrize("reason", ["part_left_out", "answered", "pointed_out", "names_unread"])
def test_why_a_bundle_is_reviewed_is_said_in_words(reason: str) -> None:
    assert in_words(reason) != reason.replace("_", " ").capitalize()


def test_a_kind_of_an_earlier_version_is_shown_all_the_same() -> None:
    assert kind_named("something_new").title == "Something new"
