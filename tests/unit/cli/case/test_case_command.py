"""The case file as a person uses it: what is asked, shown, written out and turned down; holds and complaints."""

import json
import re
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from testbed.running import run, store
from tests.support.active_files import docx, mail
from tests.support.command_line import in_this_process, refused, run_command
from tests.support.days import local_today
from tests.support.deciding import Bureau
from tests.support.kept import Kept
from tests.support.restricted import dispute_service, open_bureau, restricted

from afschrift.app.settings import Settings
from afschrift.casework.actions.action import Subject
from afschrift.casework.actions.actions import open_actions, situation
from afschrift.register.database.database import Database
from afschrift.services import Services

TEXT = "Anneke belde: \x1b[31mkwikstaart\x1b[0m."
WHY = "De kwikstaart heeft een zaak aangespannen."
WORDS = ("--text-file", "-")
case = partial(run_command, "case")
refused_case = partial(refused, "case")


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Kept) -> Bureau:
    return open_bureau(tmp_path, monkeypatch, evasive=["shop"], kept=kept)


@pytest.fixture
def request_id(services: Services) -> str:
    return store(services, {"customer_id": "1"})


def letter(folder: Path, name: str = "Brief van Anneke; rm -rf.pdf", content: bytes = b"%PDF-1") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def adding(owner: str, file: Path) -> tuple[str | Path, ...]:
    return ("add", owner, "--kind", "document", "--file", file)


def test_a_note_is_typed_in_and_shown_without_what_steers_a_terminal(request_id: str) -> None:
    assert re.search(rf"case-\w+  received 2026-01-01T\d\d:\d\dZ by portal .*{request_id}", case("list"))
    text_id = case("add", request_id, "--kind", "note", stdin=TEXT).strip()
    shown = case("show", request_id)

    assert "note  by cli:" in shown
    assert f"({text_id}, {request_id})" in shown
    assert "Please send me my data." in shown
    assert "kwikstaart" in shown
    assert "\x1b" not in shown
    texts = json.loads(case("show", request_id, "--json"))["texts"]
    assert texts[-1]["text"] == TEXT
    assert in_this_process(("case", "add", request_id, "kwikstaart", "--kind", "note")).code == 2


def test_a_document_is_written_out_under_a_harmless_name(
    services: Services, request_id: str, tmp_path: Path
) -> None:
    owner = services.register.requests.get(request_id).case
    added = case(*adding(owner, letter(tmp_path)), "--request", request_id, stdin="n\n")
    assert "passport" in added
    out = tmp_path / "new" / "out"
    shown = case("show", owner, "--out", out)
    (written,) = out.iterdir()
    assert "Brief van Anneke; rm -rf.pdf, application/pdf, 6 bytes" in shown
    assert re.fullmatch(r"txt-\w{12}-Brief_van_Anneke__rm_-rf\.pdf", written.name)
    assert written.name[:16] in added
    assert written.read_bytes() == b"%PDF-1"
    assert [oct(p.stat().st_mode & 0o777) for p in (out, written)] == ["0o700", "0o600"]
    *_, (added_event, payload), (read_event, _) = services.register.trail.events(request_id)
    assert (added_event.type, read_event.type) == ("case_text_added", "case_document_read")
    assert payload and payload["id_copy"] is False
    assert "is not empty" in str(refused_case("show", owner, "--out", out))


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("kwikstaart.docx", docx(word__vbaProject_dot_bin=b"x"), "macro"),
        ("kwikstaart.eml", mail(b"x", ("kwikstaart.js", b"x")), "program"),
        ("kwikstaart.docx", docx(), ""),
    ],
)
def test_a_document_in_which_something_may_run_is_not_kept(
    services: Services, request_id: str, tmp_path: Path, name: str, content: bytes, found: str
) -> None:
    before = services.register.trail.events(request_id)
    add = (*adding(request_id, letter(tmp_path, name, content)), "--no-id-copy")
    if not found:
        assert case(*add)
        return
    message = str(refused_case(*add))
    assert f"may run where it is opened ({found})" in message
    assert "kwikstaart" not in message
    assert services.register.trail.events(request_id) == before


def test_one_document_is_written_into_a_file_once(
    services: Services, request_id: str, tmp_path: Path
) -> None:
    content = b"%PDF-" + bytes(range(256)) * 16_000  # four parts
    file = letter(tmp_path, content=content)
    text_id = case(*adding(request_id, file), "--no-id-copy").split()[-1]
    out = tmp_path / "out.pdf"

    case("export", text_id, "--out", out)
    assert out.read_bytes() == content
    assert oct(out.stat().st_mode & 0o777) == "0o600"
    reads = [h.type for h, _ in services.register.trail.events(request_id)].count("case_document_read")
    assert reads == 1
    for wrong, target, words in (
        (text_id, out, "already"),
        (text_id, tmp_path / "x" / "y", "cannot be written there: No such file"),
        ("txt-000000000000", tmp_path / "new", "no text or document"),
    ):
        assert words in str(refused_case("export", wrong, "--out", target))

    with Database(Settings.from_environment().register).write() as tx:
        tx.execute(text("DELETE FROM message_part WHERE number = 3"))
    assert "not whole" in str(refused_case("export", text_id, "--out", tmp_path / "cut.pdf"))
    assert sorted(p.name for p in tmp_path.glob("*.p*")) == sorted([file.name, "out.pdf"])
    assert list(tmp_path.glob(".*")) == []


def test_a_copy_of_an_identity_document_is_not_kept(request_id: str, tmp_path: Path) -> None:
    add = adding(request_id, letter(tmp_path))
    assert "R11" in str(refused_case(*add, stdin="y\n"))
    assert in_this_process(("case", *map(str, add))).code == 1  # no answer
    assert json.loads(case("list", "--json"))[0]["texts"] == 1
    case(*add, "--no-id-copy")
    assert json.loads(case("list", "--json"))[0]["texts"] == 2


def test_what_is_no_text_too_large_or_not_there_is_turned_down(
    request_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = ("add", request_id, "--kind")
    assert "empty" in str(refused_case(*add, "note", stdin=" \n"))
    file = letter(tmp_path, "Anneke.txt", b"\xff\xfeA\0")
    assert "no text in UTF-8" in str(refused_case(*add, "received", "--file", file))
    missing = str(refused_case(*add, "sent", "--file", tmp_path / "Anneke.md"))
    assert "cannot be read: No such file" in missing
    assert "Anneke" not in missing
    assert in_this_process(("case", *add, "document")).code == 2
    monkeypatch.setenv("AFSCHRIFT_DOCUMENT_MEGABYTES", "0.001")
    large = letter(tmp_path, "large.txt", b"x" * 1001)
    for words in (("document", "--file", large, "--no-id-copy"), ("sent", "--file", large), ("note",)):
        wrong = str(refused_case(*add, *words, stdin="x" * 1001))
        assert "larger than the 0.001 MB" in wrong or "longer than the 1,000 bytes" in wrong
    large.write_bytes(b"x" * 1000)
    case(*add, "sent", "--file", large)


def test_unknown_ids_and_a_request_of_another_case(services: Services, request_id: str) -> None:
    other = services.register.requests.get(store(services, {"customer_id": "2"}))
    for words in (("show", "case-000000000000"), ("add", "req-0", "--kind", "note")):
        assert "knows no case and no request" in str(refused_case(*words, stdin="x"))
    wrong = refused_case("add", other.case, "--kind", "note", "--request", request_id, stdin="x")
    assert "none of case" in str(wrong)


def test_a_case_is_held_listed_and_freed(bureau: Bureau) -> None:
    request = bureau.store()
    owner = bureau.register.requests.get(request).case
    assert "No case is under hold" in case("list", "--held")
    [hold] = re.findall(r"hold-\w{12}", case("hold", owner, "--ground", "court", *WORDS, stdin=WHY))
    later = ("--ground", "claim", "--review-on", "2099-01-01")
    both = re.findall(r"hold-\w{12}", case("hold", request, *later, *WORDS, stdin=WHY))
    assert len(both) == 2
    listed = case("list", "--held")
    assert owner in listed
    assert f"held: {hold} (court" in listed
    run_command("request", "withdraw", request, "--channel", "email")
    assert owner not in case("list")
    assert [each["id"] for each in json.loads(case("list", "--held", "--json"))[0]["holds"]] == both
    assert "hold claim" in run_command("requests", "--all")
    shredding = ("request", "destroy", request, "--rule", "persons_erasure")
    assert hold in str(refused(*shredding))
    assert "--hold" in str(refused_case("release", request, *WORDS, stdin=WHY))
    assert "still held" in case("release", request, "--hold", hold, *WORDS, stdin=WHY)
    assert "free" in case("release", request, *WORDS, stdin=WHY)
    assert "Another person signs" in run_command(*shredding)


def test_words_of_a_hold_are_never_an_argument_and_never_missing(bureau: Bureau) -> None:
    hold = ("hold", bureau.store(), "--ground")
    assert "--text-file" in str(refused_case(*hold, "court", stdin=WHY))
    assert "--text-file" in str(refused_case(*hold, "court", *WORDS, stdin=" \n"))
    assert in_this_process(("case", *hold, "court", WHY)).code == 2
    assert "complaint" in str(refused_case(*hold, "because", *WORDS, stdin=WHY))
    assert "is no date" in str(refused_case(*hold, "court", "--review-on", "soon", *WORDS, stdin=WHY))
    unknown = refused_case("hold", "req-000000000000", "--ground", "court", *WORDS, stdin=WHY)
    assert "knows no case" in str(unknown)


def test_a_complaint_with_its_document_and_its_outcome(bureau: Bureau, tmp_path: Path) -> None:
    request, today = bureau.store(), str(local_today())
    run(bureau.services, request)
    complaint = ("complaint", request, "--reference", "C/13/99")
    came = ("--from", "court", "--received", today)
    kept = case(*adding(request, letter(tmp_path)), "--no-id-copy").split()[-1]
    document = ("--document", kept, *WORDS)
    assert "no document txt-0" in str(refused_case(*complaint, *came, "--document", "txt-0"))
    done = case(*complaint, *came, *document, stdin=WHY)
    assert f"{request}  complaint of court (C/13/99), received {today}: no outcome yet" in done
    assert "sets a hold" in done
    assert "complaint" in run_command("requests", "--all")
    assert "entered for" in str(refused_case(*complaint, *came, *document, stdin=WHY))
    texts = json.loads(case("show", request, "--json"))["texts"]
    assert [text["kind"] for text in texts].count("document") == 1
    assert "no reference" in str(refused_case("complaint", request, "--reference", "van Ann", *came))
    ended = case("complaint-outcome", *complaint[1:], "--outcome", "settled")
    assert f"settled on {today}" in ended
    assert "case release" in ended
    shown = run_command("request", "show", request)
    assert "complained" in shown
    assert "complaint_ended" in shown
    story = case("show", request)
    order = ["request  by", "decision identity: confirmed", "document", "fact complained", "fact held"]
    places = [story.index(entry) for entry in (*order, "fact complaint_ended")]
    assert places == sorted(places)
    assert "kwikstaart" in story
    assert "note (why: complained)" in story
    entries = json.loads(case("show", request, "--json"))["story"]
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    assert all(entry["by"] for entry in entries)
    assert [h.type for h, _ in bureau.register.trail.events(request)].count("case_viewed") == 3
    assert "kwikstaart" not in repr(bureau.register.trail.events())


def restriction_actions(bureau: Bureau, request: str) -> set[str]:
    """Those about a restriction that may be done now."""
    who = bureau.officer()
    found = {action.name for action in open_actions(who, situation(who, Subject.REQUEST, request))}
    return {name for name in found if "restriction" in name or name == "follow-up"}


def test_a_restriction_is_looked_at_again_signed_and_given(bureau: Bureau) -> None:
    request, entry = restricted(bureau, ["shop.ticket"])
    run(bureau.services, request)
    of = (request, "--restriction", entry)
    lifted = ("request", "review-restriction", *of, "--outcome", "lifted", *WORDS)
    sign, follow_up = ("request", "sign-restriction-review", *of, "--agree"), ("request", "follow-up", *of)
    assert restriction_actions(bureau, request) == {"review-restriction"}
    assert "once another person signs" in run_command(*lifted, stdin=WHY)
    assert restriction_actions(bureau, request) == {"sign-restriction-review"}
    assert "four eyes" in str(refused(*sign))  # the terminal holds both roles, as one person
    assert "waits for its second signer" in str(refused(*lifted, stdin=WHY))
    dispute_service(bureau, "cli:sam").sign_review(request, entry, agree=False)
    dispute_service(bureau, "cli:anna").review(request, entry, "lifted", WHY)
    assert "in force" in str(refused(*follow_up))
    assert "request follow-up" in run_command(*sign)
    assert restriction_actions(bureau, request) == {"follow-up"}
    opened = run_command(*follow_up).split()[0]
    assert f"linked of {request}" in run_command("request", "show", opened)
