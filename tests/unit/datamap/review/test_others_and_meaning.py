"""An answer says how others' data are treated, that there are none, and what a value means; and no more."""

from pathlib import Path

import pytest
from tests.support.map_page import HEAD, answer, columns, group, map_folder

from afschrift.datamap.review.offered import (
    OTHERS,
    Lack,
    decided,
    lacking,
    meaning_of,
    must_say_enough,
    others_offered,
    takes_meaning,
    words_of_others,
)
from afschrift.datamap.review.review_session import Review
from afschrift.domain.decision import About, ThirdParty
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.column import Column

MAP = f"""{HEAD}tables:
  customer:
    subject: {{customer_id: customer_id}}
    purposes: [sale]
    columns:
      customer_id: {{origin: assigned}}
      friend: FRIEND
      score: {{origin: inferred, review: needed}}  # by the bureau
      city: {{origin: provided, review: needed}}
      rank: {{origin: derived, review: needed}}
      Rank: {{origin: derived, review: needed, meaning: {{nl: Plaats, en: Place}}}}
      hash: {{origin: derived, protect: secret, about: third_party, review: needed}}
"""
MEANING = {"nl": "0 tot 9: hoe hoger, hoe beter", "en": "0 to 9: the higher the better"}
OPEN = "{origin: provided, about: third_party, review: needed}"


def map_of(tmp_path: Path, friend: str = OPEN) -> Path:
    return map_folder(tmp_path, MAP.replace("FRIEND", friend))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return map_of(tmp_path)


def file(folder: Path) -> str:
    return (folder / "shop.yml").read_text()


def column(folder: Path, name: str) -> Column:
    return columns(folder)[f"customer.{name}"]


@pytest.mark.parametrize("way", list(ThirdParty))
def test_how_others_data_are_treated_is_written(folder: Path, way: ThirdParty) -> None:
    review = Review(folder)
    question = group(review, "friend")
    review.confirm(question, answer(**words_of_others(question, way.value)))
    stored = column(folder, "friend")
    assert (stored.origin, stored.about, stored.third_party) == ("provided", "third_party", way)
    assert stored.review is None
    assert f"third_party: {way.value}}}" in (folder / "shop.confirmed.yml").read_text()
    assert decided(question, words_of_others(question, way.value)).endswith(
        f"provided, about others: {way.value.replace('_', ' ')}"
    )


def test_column_about_others_needs_a_treatment_to_be_confirmed(folder: Path) -> None:
    question = group(Review(folder), "friend")
    assert list(lacking(question, {})) == [Lack.OTHERS]
    with pytest.raises(ConfigurationError, match="every request would ask"):
        must_say_enough(question, {})
    for enough in ({"third_party": "ask"}, {"about": "subject"}, {"origin": "not_personal"}):
        must_say_enough(question, enough)
    assert list(lacking(group(Review(folder), "hash"), {})) == [], "a secret is never given"


def test_column_can_be_declared_about_others(folder: Path) -> None:
    review = Review(folder)
    question = group(review, "city")
    assert list(others_offered(question)) == ["mask", "own_use", "ask"]
    with pytest.raises(ConfigurationError):
        words_of_others(question, "subject")
    review.confirm(question, answer(**words_of_others(question, "mask")))
    stored = column(folder, "city")
    assert (stored.about, stored.third_party) == ("third_party", "mask")


FRIENDS = {
    "in braces": "{origin: provided, about: third_party, third_party: mask, mask: label, review: needed}",
    "a line each": (
        "\n        origin: provided\n        about: third_party\n        third_party: mask  # as ever\n"
        "        mask: label\n        review: needed"
    ),
    "without": OPEN,
}


@pytest.mark.parametrize("friend", FRIENDS.values(), ids=FRIENDS)
def test_what_is_not_about_others_loses_what_goes_by_that_and_nothing_else(
    tmp_path: Path, friend: str
) -> None:
    folder = map_of(tmp_path, friend)
    review, before = Review(folder), file(folder)
    question = group(review, "friend")
    assert list(others_offered(question)) == list(OTHERS)
    review.confirm(question, answer(**words_of_others(question, "subject")))
    stored = column(folder, "friend")
    found = (stored.origin, stored.about, stored.third_party, stored.mask)
    assert found == ("provided", About.SUBJECT, None, "token")
    assert stored.decided is not None
    assert decided(question, {"about": "subject"}).endswith("provided, not about others")
    review.undo()
    assert file(folder) == before


def test_a_default_of_others_data_is_answered_too(tmp_path: Path) -> None:
    folder = map_of(tmp_path, "{origin: provided, review: needed}")
    given = "defaults: {columns: {friend: {about: third_party, mask: label}}}\n"
    (folder / "shop.yml").write_text(file(folder).replace("tables:\n", f"{given}tables:\n", 1))
    review = Review(folder)
    question = group(review, "friend")
    assert question.proposed["about"] == "third_party"
    review.confirm(question, answer(**words_of_others(question, "subject")))
    assert column(folder, "friend").about is About.SUBJECT
    review.undo()
    review.confirm(group(review, "friend"), answer(**words_of_others(question, "mask")))
    assert (column(folder, "friend").third_party, column(folder, "friend").mask) == ("mask", "label")


def test_meaning_can_be_given_where_there_is_none(folder: Path) -> None:
    review = Review(folder)
    question = group(review, "score")
    assert list(lacking(question, {})) == [Lack.MEANING]
    with pytest.raises(ConfigurationError, match="needs a meaning"):
        must_say_enough(question, {})
    words = {"meaning": meaning_of(MEANING, review.inventory.controller.languages)}
    must_say_enough(question, words)
    review.confirm(question, answer(**words))
    stored = column(folder, "score").meaning
    assert stored is not None
    assert dict(stored.items()) == MEANING
    assert "# by the bureau" in file(folder)
    city = group(review, "city")
    assert list(lacking(city, {"origin": "derived"})) == [Lack.MEANING]
    must_say_enough(city, {"origin": "derived", **words})
    with pytest.raises(ConfigurationError, match="derived or inferred"):
        must_say_enough(city, words)


@pytest.mark.parametrize("sign", [": ", " #", '"', "'", "}", ", b: c", "{", "é\u2028"])
def test_a_meaning_of_any_signs_stays_what_was_typed(folder: Path, sign: str) -> None:
    review = Review(folder)
    texts = meaning_of(dict.fromkeys(MEANING, f"a{sign}b"), review.inventory.controller.languages)
    review.confirm(group(review, "score"), answer(meaning=texts))
    stored = column(folder, "score").meaning
    assert stored is not None
    assert dict(stored.items()) == texts


def test_written_meaning_is_not_overwritten(folder: Path) -> None:
    """Of columns that are one question some have a meaning: it says what these mean, and not the others."""
    review, before = Review(folder), file(folder)
    question = group(review, "rank")
    assert len(question.places) == 2
    assert not takes_meaning(question)
    with pytest.raises(ConfigurationError, match="There is a meaning already"):
        must_say_enough(question, {"meaning": MEANING})
    assert file(folder) == before


def test_meaning_is_given_in_every_language_of_the_controller() -> None:
    with pytest.raises(ConfigurationError, match="missing in en"):
        meaning_of({"nl": "Hoog is goed", "en": " "}, ("nl", "en"))
    with pytest.raises(ConfigurationError, match="at most 500"):
        meaning_of({"nl": "x" * 501}, ("nl",))
    assert meaning_of({"nl": " a\n b ", "fr": "c"}, ("nl",)) == {"nl": "a b"}
