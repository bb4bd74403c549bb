"""Every question that a run can end at is put in words, with what each answer does."""

from __future__ import annotations

import pytest

from afschrift.questions.kinds import KINDS
from afschrift.web.asked import asked
from afschrift.web.words import said


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_says_what_it_does(kind: str) -> None:
    words = asked(kind)
    assert words.title
    assert words.asks
    assert set(words.does) == set(KINDS[kind].options)


@pytest.mark.parametrize("reason", ["part_left_out", "answered", "pointed_out", "names_unread"])
def test_why_a_bundle_is_reviewed_is_said_in_words(reason: str) -> None:
    assert said(reason) != reason.replace("_", " ").capitalize()


def test_a_kind_without_words_of_its_own_is_shown_all_the_same() -> None:
    assert asked("something_new").title == "Something new"
