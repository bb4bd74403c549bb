"""The nearest word: found in any case, and never where the word is no word or nothing is near."""

import pytest

from afschrift.domain.nearest import choose, did_you_mean, nearest

WORDS = ("access", "portability", "PATIENT", "shop.customer_id")


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("acces", "access"),
        ("PATENT", "PATIENT"),
        ("patient", "PATIENT"),
        ("shop.custmer_id", "shop.customer_id"),
        ("zebra", None),
        ("", None),
        (7, None),
        ("access please, and all of it", None),
        ("a" * 100, None),
    ],
)
def test_nearest(word: object, near: str | None) -> None:
    assert nearest(word, WORDS) == near


def test_questions_to_the_user() -> None:
    assert did_you_mean("acces", WORDS) == "did you mean `access`?"
    assert choose("zebra", ["b", "a"]) == "choose one of a, b."
