"""Every sentence to a person is a claim or a courtesy, and no claim is printed that does not hold."""

import csv
import shutil
from pathlib import Path

import pytest
from testbed.claims import courtesies, judge, sentences
from testbed.claims.judge import OWED
from testbed.claims.marks import COURTESY, UNMARKED, Mark, faults, mark_anew, marks
from tests.support.claim_lies import look_for_lies


def test_every_sentence_has_a_claim_or_is_a_courtesy() -> None:
    assert list(faults(marks())) == []


def test_a_new_sentence_is_named_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shutil.copytree(sentences.LETTERS, tmp_path / "letters")
    file = folder / "en" / "fee.html.j2"
    file.write_text(file.read_text().replace("You may choose", "You must pay today"), encoding="utf-8")
    monkeypatch.setattr(
        "testbed.claims.marks.sentences", lambda language: sentences.sentences(language, folder)
    )
    found = list(faults(marks()))
    assert [fault for fault in found if fault.startswith("en, fee: no claim for 'You must pay today'")]
    assert "python -m testbed.claims mark" in found[0]
    [new] = [mark for mark in mark_anew(marks()) if "today" in mark.en]
    assert new.claim in (UNMARKED, COURTESY)


def test_a_courtesy_that_says_something_is_named() -> None:
    wrong = Mark("fee", COURTESY, "Dat kost niets.", "We charge you 5 euros.")
    assert any("says something" in fault for fault in faults((*marks(), wrong)))


def test_the_page_of_courtesies_is_the_marked_one() -> None:
    assert courtesies.PAGE.read_text(encoding="utf-8") == courtesies.page(marks())


def test_every_predicate_judges_a_claim_of_the_marks() -> None:
    assert judge.judged() | OWED.keys() <= {mark.claim for mark in marks()}


def test_what_always_holds_rests_on_a_rule_and_has_no_predicate() -> None:
    with (Path(judge.__file__).parent / "always.tsv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    rules = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
    known, claims = {mark.claim for mark in marks()}, [row["claim"] for row in rows]
    assert [name for name in claims if name not in known or claims.count(name) > 1] == []
    assert {row["kind"] for row in rows} == {"law", "advice", "promise"}
    for row in rows:
        assert (f"- **{row['rests_on'].partition(':')[0]}** " in rules) == (row["kind"] == "law"), row


@pytest.mark.timeout(6 * 3600)
def test_no_printed_sentence_is_false(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look_for_lies(33, 20, tmp_path, monkeypatch)
