"""Several answers in one go: the same bytes as one after the other, one load, and all of them or none."""

from dataclasses import replace as changed
from pathlib import Path

import pytest
from tests.support.map_page import ANSWER, HEAD, answer, group, map_folder, names

from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.map_files import Files, NotWritableError
from afschrift.datamap.review.review_session import Review, WouldBreakError
from afschrift.datamap.review.written_files import Answer
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory

MAP = f"""{HEAD}tables:
  customer:
    subject: {{customer_id: customer_id}}
    purposes: [sale]
    columns:
      customer_id: {{origin: assigned}}
      created_at: {{origin: observed, review: needed}}  # by the shop
      email:
        review: needed
        origin: provided
      city: {{}}
      score: {{origin: inferred, review: needed}}
  country: {{personal: false, review: needed, columns: {{code: {{}}}}}}
"""
OTHER = f"""{HEAD.replace("source: shop", "source: web")}tables:
  visit:
    subject: {{customer_id: customer_id}}
    purposes: [sale]
    columns: {{customer_id: {{origin: assigned}}, created_at: {{origin: observed, review: needed}}}}
"""


def two_sources(folder: Path) -> Path:
    made = map_folder(folder, MAP)
    (made / "web.yml").write_text(OTHER)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return two_sources(tmp_path)


def answered(review: Review, **origins: str) -> list[tuple[Group, Answer]]:
    """Questions by name, with an origin where another one is said."""
    return [
        (group(review, name), answer(origin=origin) if origin else ANSWER) for name, origin in origins.items()
    ]


SAID = {"created_at": "", "email": "observed", "city": "provided", "country": ""}


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_together_they_say_what_they_say_one_by_one(folder: Path, tmp_path: Path) -> None:
    apart = two_sources(tmp_path / "apart")
    together, single = Review(folder), Review(apart)
    step = together.confirm_all(answered(together, **SAID))
    for name, origin in SAID.items():
        [given] = answered(single, **{name: origin})
        single.confirm(*given)
    assert load(folder).sources == load(apart).sources
    assert names(together) == ["score"]
    assert {path.name for path in step.after} == {"shop.confirmed.yml", "web.confirmed.yml"}
    texts = written(folder)
    assert (texts["shop.yml"], texts["web.yml"]) == (MAP, OTHER)
    assert together.undo() == step
    assert written(folder) == {name: text for name, text in texts.items() if ".confirmed" not in name}


def test_one_that_would_break_the_map_keeps_all_of_them_out(folder: Path) -> None:
    review, before = Review(folder), written(folder)
    with pytest.raises(WouldBreakError, match="Nothing was written") as refused:
        review.confirm_all(answered(review, score="", created_at=""))
    assert any("score" in fault.where for fault in refused.value.faults)
    assert written(folder) == before
    review.confirm_all(answered(review, created_at=""))


def test_files_that_cannot_be_written_are_reported_and_unchanged(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    review, before = Review(folder), written(folder)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    words = r"shop\.confirmed\.yml cannot be written from here \(No space left"
    with pytest.raises(NotWritableError, match=words):
        review.confirm_all(answered(review, email=""))
    assert written(folder) == before
    monkeypatch.undo()
    assert review.confirm_all(answered(review, email="")).lines


def test_a_second_file_that_cannot_be_written_keeps_the_first_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    review, before = Review(folder), written(folder)
    (folder / ".web.confirmed.yml.new").mkdir()  # nothing can be put there
    with pytest.raises(NotWritableError, match=r"web\.confirmed\.yml cannot be written"):
        review.confirm_all(answered(review, created_at=""))
    (folder / ".web.confirmed.yml.new").rmdir()
    assert written(folder) == before

    replace = Path.replace

    def once(path: Path, target: Path) -> Path:
        if target.name == "web.confirmed.yml":
            raise OSError(5, "Input/output error")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", once)
    words = r"web\.confirmed\.yml cannot be written from here \(Input/output"
    with pytest.raises(NotWritableError, match=words):
        review.confirm_all(answered(review, created_at=""))
    assert written(folder) == before
    monkeypatch.undo()
    assert len(review.confirm_all(answered(review, created_at="")).after) == 2


def test_a_file_that_lies_elsewhere_is_written_there(folder: Path, tmp_path: Path) -> None:
    """A link into a checkout stays one: else the answers are gone with the next that is put there."""
    (tmp_path / "checkout").mkdir()
    there = (folder / "web.yml").rename(tmp_path / "checkout" / "web.yml")
    (folder / "web.yml").symlink_to(there)
    review = Review(folder)
    review.confirm_all(answered(review, created_at=""))
    confirmed_file = folder / "web.confirmed.yml"
    assert confirmed_file.is_symlink()
    assert "in: review-" in (tmp_path / "checkout" / "web.confirmed.yml").read_text()
    review.undo()
    assert not confirmed_file.is_symlink()
    assert [path.name for path in there.parent.iterdir()] == ["web.yml"]


def test_file_that_cannot_be_restored_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review, replace, placed = Review(folder), Path.replace, list[str]()
    review.confirm_all(answered(review, email=""))

    def once(path: Path, target: Path) -> Path:
        if placed:
            raise OSError(5, "Input/output error")
        placed.append(target.name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", once)
    with pytest.raises(
        ConfigurationError, match=r"shop\.confirmed\.yml was written, .* and this one cannot be restored"
    ):
        review.confirm_all(answered(review, created_at=""))
    assert placed == ["shop.confirmed.yml"]


def test_a_file_that_another_answer_changed_meanwhile_keeps_this_one_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two answers about two sources at once: each was checked without the other."""
    first = Review(folder)
    ours, checked = answered(first, city="provided"), Review._checked

    def overtaken(review: Review, files: Files) -> Inventory:
        found = checked(review, files)
        (folder / "web.yml").write_text(OTHER + "# an answer about the other source\n")
        return found

    monkeypatch.setattr(Review, "_checked", overtaken)
    with pytest.raises(ConfigurationError, match=r"web\.yml was changed meanwhile"):
        first.confirm_all(ours)
    assert (folder / "shop.yml").read_text() == MAP
    (folder / "web.yml").unlink()
    monkeypatch.undo()
    with pytest.raises(ConfigurationError, match=r"web\.yml was changed meanwhile"):
        first.confirm_all(ours)


def test_answers_of_two_people_do_not_go_under_one_name(folder: Path) -> None:
    review, before = Review(folder), written(folder)
    [(mine, _), other] = answered(review, email="", created_at="")
    with pytest.raises(ValueError, match="one person"):
        review.confirm_all([(mine, changed(ANSWER, by="otto")), other])
    assert written(folder) == before
