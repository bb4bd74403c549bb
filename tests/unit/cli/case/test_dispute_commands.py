"""Commands for holds, complaints and reviews; the case in order of time."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from testbed.running import run
from tests.support.days import local_today
from tests.support.deciding import Bureau
from tests.support.restricted import dispute_service, open_bureau, restricted
from typer.testing import CliRunner, Result

from afschrift.cli.main import app
from afschrift.domain.errors import AfschriftError

WHY = "De kwikstaart heeft een zaak aangespannen."


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return open_bureau(tmp_path, monkeypatch)


def afschrift(*words: str, stdin: str = WHY) -> Result:
    return CliRunner().invoke(app, list(words), input=stdin)


def run_command(*words: str, stdin: str = WHY) -> str:
    done = afschrift(*words, stdin=stdin)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def refused(*words: str, stdin: str = WHY) -> str:
    error = afschrift(*words, stdin=stdin).exception
    assert isinstance(error, AfschriftError), error
    return str(error)


WORDS = ("--text-file", "-")


def test_a_case_is_held_listed_and_freed(bureau: Bureau) -> None:
    request = bureau.store()
    case = bureau.register.requests.get(request).case
    assert "No case is under hold" in run_command("case", "list", "--held")
    held = run_command("case", "hold", case, "--ground", "court", *WORDS)
    [hold] = re.findall(r"hold-\w{12}", held)
    second = run_command("case", "hold", request, "--ground", "claim", "--review-on", "2099-01-01", *WORDS)
    assert second.count("hold-") == 2
    listed = run_command("case", "list", "--held")
    assert case in listed
    assert f"held: {hold} (court" in listed
    run_command("request", "withdraw", request, "--channel", "email")
    assert case not in run_command("case", "list")
    assert [
        hold["id"] for hold in json.loads(run_command("case", "list", "--held", "--json"))[0]["holds"]
    ] == re.findall(r"hold-\w{12}", second)
    assert case in run_command("case", "list", "--held")
    assert "held" in run_command("requests", "--all")
    shredding = ("register", "shred", request, "--rule", "retention_identity")
    assert hold in refused(*shredding)
    assert "--hold" in refused("case", "release", request, *WORDS)
    assert "still held" in run_command("case", "release", request, "--hold", hold, *WORDS)
    assert "free" in run_command("case", "release", request, *WORDS)
    assert "--sign" in run_command(*shredding)


def test_words_are_never_an_argument_and_never_missing(bureau: Bureau) -> None:
    request = bureau.store()
    assert "--text-file" in refused("case", "hold", request, "--ground", "court")
    assert "--text-file" in refused("case", "hold", request, "--ground", "court", *WORDS, stdin=" \n")
    assert afschrift("case", "hold", request, WHY, "--ground", "court").exit_code == 2
    assert afschrift("case", "hold", request, "--ground", "because", *WORDS).exit_code == 2
    assert "is no date" in refused(
        "case", "hold", request, "--ground", "court", "--review-on", "soon", *WORDS
    )
    assert "knows no case" in refused("case", "hold", "req-000000000000", "--ground", "court", *WORDS)


def test_a_complaint_with_its_document_and_its_outcome(bureau: Bureau, tmp_path: Path) -> None:
    request = bureau.store()
    run(bureau.services, request)
    letter = tmp_path / "Klacht van Ann.pdf"
    letter.write_bytes(b"%PDF-1")
    came = ("--from", "court", "--received", str(local_today()), "--document", str(letter))
    done = run_command("case", "complaint", request, "--reference", "C/13/99", *came, *WORDS, "--no-id-copy")
    assert f"{request}  complaint of court (C/13/99), received {local_today()}: no outcome yet" in done
    assert "sets a hold" in done
    assert "complaint_open" in run_command("requests", "--all")
    assert "--outcome" in refused("case", "complaint", request, "--reference", "C/13/99")
    again = refused("case", "complaint", request, "--reference", "C/13/99", *came, *WORDS, "--no-id-copy")
    assert "entered for" in again
    texts = json.loads(run_command("case", "show", request, "--json"))["texts"]
    assert [text["kind"] for text in texts].count("document") == 1  # nothing was kept of what was turned down
    assert "no reference" in refused(
        "case",
        "complaint",
        request,
        "--reference",
        "van Ann",
        "--from",
        "court",
        "--received",
        str(local_today()),
    )
    ended = run_command("case", "complaint", request, "--reference", "C/13/99", "--outcome", "settled")
    assert f"settled on {local_today()}" in ended
    assert "case release" in ended
    shown = run_command("request", "show", request)
    assert "complained" in shown
    assert "complaint_ended" in shown
    story = run_command("case", "show", request)
    order = ["request  by", "decision identity: confirmed", "document", "fact complained", "fact held"]
    places = [story.index(entry) for entry in (*order, "fact complaint_ended")]
    assert places == sorted(places)
    assert "kwikstaart" in story
    assert "note (why: complained)" in story
    document = json.loads(run_command("case", "show", request, "--json"))
    moments = [entry["at"] for entry in document["story"]]
    assert moments == sorted(moments)
    assert all(entry["by"] for entry in document["story"])
    assert [h.type for h, _ in bureau.register.trail.events(request)].count("case_viewed") == 3
    assert "kwikstaart" not in repr(bureau.register.trail.events())


def test_a_restriction_is_looked_at_again_signed_and_given(bureau: Bureau) -> None:
    request, entry = restricted(bureau, ["shop.ticket"])
    run(bureau.services, request)
    of = ("case", "reviewed", request, "--restriction", entry)
    assert "give one of" in refused(*of)
    assert "once another person signs" in run_command(*of, "--outcome", "lifted", *WORDS)
    assert "four eyes" in refused(*of, "--sign")  # the terminal holds both roles, and is one pair of eyes
    assert "waits for its second signer" in refused(*of, "--outcome", "lifted", *WORDS)
    dispute_service(bureau, "cli:sam").sign_review(request, entry, agree=False)
    dispute_service(bureau, "cli:anna").review(request, entry, "lifted", WHY)
    assert "in force" in refused(*of, "--open-request")
    assert "--open-request" in run_command(*of, "--sign")
    [opened] = re.findall(r"req-\w{12}", run_command(*of, "--open-request").splitlines()[0])
    assert f"linked of {request}" in run_command("request", "show", opened)


def test_a_refusal_that_came_back_is_made_again_with_its_words(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    bureau.answer(
        question, "refuse", "manifestly_unfounded", reasons="Er is niets nieuws, zegt de kwikstaart."
    )
    letter = bureau.sign(request).letter
    assert letter is not None
    assert "did not come back" in refused("letter", "again", letter)
    bureau.send(letter)
    bounced = ("letter", "bounced", letter, "--on", str(local_today()), "--reason", "returned_by_post")
    assert f"letter again {letter}" in run_command(*bounced)
    made = run_command("letter", "again", letter, "--to-file", "-", stdin="ann@example.org").split()[0]
    assert made != letter
    assert "kwikstaart" in run_command("letter", "show", made)
    bureau.send(made)
    assert "refused" in run_command("request", "show", request)
    assert "is sent" in refused("letter", "again", made)
