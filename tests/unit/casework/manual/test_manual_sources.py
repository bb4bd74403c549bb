"""Systems that our staff search: a request waits for each; plan, bundle, coverage and page name the outcome."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from testbed.mini import POLICY
from testbed.running import installation, members, run, store
from testbed.small import write_database, write_inventory
from tests.support.active_files import mail, old, pdf
from tests.support.manual import add_systems, reviewed, system, waits
from tests.support.moves import moved

from afschrift.app.settings import Settings
from afschrift.bundle.container.agreement import Coverage, Package, check_files
from afschrift.bundle.container.verify import verify
from afschrift.casework.answer import answer_question
from afschrift.casework.manual.question import ask_again
from afschrift.casework.manual.scan import scan
from afschrift.casework.officer import Officer
from afschrift.domain.errors import (
    FormError,
    GateError,
    NeedsPersonError,
    NotAllowedError,
    RefusedError,
    ValidationFailedError,
)
from afschrift.domain.state import State
from afschrift.extraction.deflate import DeflatingSink
from afschrift.law.roles import Person, Role, Roles
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract
from afschrift.steps.validate import validate
from afschrift.wiring.build_services import build
from afschrift.wiring.dry_run import preview

pytestmark = pytest.mark.slow
PDF, MAIL = pdf(text=b"brief van Ann " * 1_000), b"From: ann@example.org\r\nTo: b\r\n\r\nkwikstaart"
BEA = Person("Bea", frozenset({"cli:bea"}), frozenset({Role.SOURCE_OWNER}))
CAS = Person("Cas", frozenset({"cli:cas"}), frozenset({Role.SOURCE_OWNER}))
ANNA = Person("Anna", frozenset({"cli:anna"}), frozenset({Role.OFFICER}))
ROLES = Roles((BEA, CAS, ANNA), location="roles.yml")
Open = Callable[..., Services]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """An installation with such systems beside the mini shop."""
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))

    def open_(*systems: str) -> Services:
        return installation(tmp_path / "home", add_systems(write_inventory(tmp_path / "inventory"), *systems))

    return open_


def answer(
    services: Services, question: str, choice: str, *files: Any, by: str = "cli:anna", **detail: str
) -> None:
    new = [scan(name, io.BytesIO(content), len(content), 10_000_000) for name, content in files]
    answer_question(Officer(services.register, ROLES, by), question, choice, detail=detail, files=new)


def mailbox(opened: Open, number: str = "1", **more: Any) -> tuple[Services, str, str]:
    """An installation with a mailbox, a request of a customer, and the question to search the mailbox."""
    services = opened(system("mail", "mailbox"))
    request = store(services, {"customer_id": number}, **more)
    return services, request, waits(services, request)["mail"]


def page(found: dict[str, bytes]) -> str:
    return found["index.html"].decode()


def searched(found: dict[str, bytes]) -> list[dict[str, Any]]:
    return list(json.loads(found["data/coverage.json"])["searched"])


def test_a_request_waits_for_each_and_ends_with_what_was_found(opened: Open, tmp_path: Path) -> None:
    services = opened(system("mail", "mailbox"), system("paper", "paper"), system("tape", "backup"))
    request = store(services, {"customer_id": "1"}, language="en")
    asked = waits(services, request)
    assert set(asked) == {"mail", "paper", "tape"}
    assert str(services.register.requests.get(request).state) == "needs_person"
    answer(services, asked["mail"], "given", ("Brief Ann.pdf", PDF), ("mail.eml", MAIL), by="cli:bea")
    answer(services, asked["paper"], "nothing_held")
    with pytest.raises(NeedsPersonError, match=r"tape \(backup\).* manual show req-\w+ tape"):
        run(services, request)  # two answers are not three
    answer(services, asked["tape"], "not_searched", reason="not_feasible")
    dry = "\n".join(preview(services, request, sql=False))
    assert "mail: mailbox, given, 2 files" in dry
    assert "tape: backup, not_searched (not_feasible, R08, R29)" in dry
    bundle = reviewed(services, request)
    found = members(bundle)
    assert found["data/files/mail/000001.pdf"] == PDF
    assert found["data/files/mail/000002.eml"] == MAIL
    resources = {r["path"]: r for r in json.loads(found["data/datapackage.json"])["resources"]}
    described = resources["files/mail/000001.pdf"]
    assert described["afschrift:given"] == {"number": 1, "name": "Brief Ann.pdf"}
    assert (described["mediatype"], described["bytes"]) == ("application/pdf", len(PDF))
    mail_, paper, tape = searched(found)
    assert {search.pop("answeredAt", "")[:2] for search in (mail_, paper, tape)} == {"20"}
    assert mail_ == {"source": "mail", "medium": "mailbox", "status": "given", "files": 2, "rules": ["R08"]}
    assert paper == {"source": "paper", "medium": "paper", "status": "nothing_given", "rules": ["R08"]}
    left = {"status": "not_searched", "reason": "not_feasible", "rules": ["R08", "R29"]}
    assert tape == {"source": "tape", "medium": "backup", **left}
    html = page(found)
    assert "You get 2 files from here." in html
    assert 'href="data/files/mail/000001.pdf"' in html
    assert "Brief Ann.pdf" in html
    assert "We found nothing about you here." in html
    assert "It is a back-up." in html
    assert "No. We did not search in these parts:" in html
    assert not verify(bundle, {}).problems


MACROS = old(macros=True)


@pytest.mark.parametrize("choice", ["include", "leave_out"])
def test_an_officer_is_asked_about_a_file_in_which_something_may_run(opened: Open, choice: str) -> None:
    services, request, asked = mailbox(opened, language="en")
    post = mail(("kwikstaart.pdf", PDF), ("kwikstaart.doc", MACROS))
    answer(services, asked, "given", ("brief.pdf", PDF), ("post.eml", post), ("oud.doc", MACROS))
    with pytest.raises(NeedsPersonError) as stopped:
        run(services, request)
    (question,) = services.register.questions.all(request_id=request)
    assert (question.kind, question.role) == ("active_content", "officer")
    places = ("2: {} in attachment 2 of the e-mail", "3: {} in the file itself")
    where = [place.format(what) for place in places for what in ("Old office file", "Macro")]
    counts = {"source": "mail", "files": 2, "numbers": [2, 3], "found": {"macro": 2, "old_office": 2}}
    assert question.detail | {"which": ""} == counts | {"where": where, "which": ""}
    assert not {"kwikstaart", "oud.doc"} & set(f"{stopped.value} {question.detail}".split())
    reason = "The macro adds up her hours." if choice == "include" else None
    answer_question(Officer(services.register, ROLES, "cli:anna"), question.id, choice, text=reason)
    bundle = reviewed(services, request)
    found, files = members(bundle), [1, 2, 3] if choice == "include" else [1]
    kept = [path for path in found if path.startswith("data/files/")]
    assert [int(path[16:22]) for path in kept] == files
    (mail_search,) = searched(found)
    assert mail_search["files"] == len(files)
    assert mail_search.get("missing", []) == [
        {"number": n, "reason": "active_content"} for n in (2, 3) if n not in files
    ]
    macro_named = "In attachment 2 of the e-mail there is a small program (a macro)." in page(found)
    assert macro_named == (choice == "include")
    assert ("We left 2 files out" in page(found)) == (choice == "leave_out")
    assert not verify(bundle, {}).problems


def test_the_coverage_and_the_description_agree_on_files_found() -> None:
    resource = {"path": "files/mail/000001.pdf", "bytes": 1, "hash": "", "format": "pdf"}
    resource |= {"afschrift:source": "mail", "afschrift:given": {"number": 1}}
    package = msgspec.convert({"name": "bag", "resources": [resource]}, Package)
    for files, faults in ((1, []), (2, ["mail"])):
        covered = msgspec.convert({"tables": [], "searched": [{"source": "mail", "files": files}]}, Coverage)
        assert [p.place for p in check_files(package, covered)] == faults


def test_portability_asks_only_where_it_reaches(opened: Open) -> None:
    services = opened(
        system("a_mail", "mailbox", "provided, derived"),
        system("b_notes", "saas", "derived, assigned"),
        system("c_paper", "paper", "provided"),
        system("d_logs", "processor", "observed"),
    )
    request = store(services, {"customer_id": "1"}, "portability", language="nl")
    asked = waits(services, request)
    assert set(asked) == {"a_mail", "d_logs"}
    answer(services, asked["a_mail"], "nothing_held")
    answer(services, asked["d_logs"], "not_searched", reason="processor_silent")
    found = members(run(services, request))
    assert [(search["source"], search["status"], search.get("reason")) for search in searched(found)] == [
        ("a_mail", "nothing_given", None),
        ("b_notes", "outside", "not_from_the_person"),
        ("c_paper", "outside", "on_paper"),
        ("d_logs", "not_searched", "processor_silent"),
    ]
    html = page(found)
    assert "Gegevens die alleen op papier staan" in html
    assert "Gegevens in systemen met alleen gegevens die niet van u komen" in html
    assert "Een bedrijf dat voor ons werkt, bewaart deze gegevens." in html


def test_observed_counts_where_the_policy_says_so(opened: Open, tmp_path: Path) -> None:
    opened(system("logs", "processor", "observed"))
    policy = POLICY.replace("observed: {choice: true", "observed: {choice: false")
    (tmp_path / "inventory" / "policy.yml").write_text(policy, encoding="utf-8")
    services = installation(tmp_path / "other", tmp_path / "inventory")
    assert waits(services, store(services, {"customer_id": "1"}, "portability")) == {}
    assert set(waits(services, store(services, {"customer_id": "1"}, "access"))) == {"logs"}


def test_the_persons_own_limits_reach_it_by_its_name(opened: Open) -> None:
    services = opened(system("mail", "mailbox"))
    limits = {"tables": ["shop.orders"], "quote": "alleen mijn bestellingen"}
    request = store(services, {"customer_id": "1"}, limits=limits)
    assert waits(services, request) == {}
    assert searched(members(run(services, request)))[0]["reason"] == "own_limits"
    limits = {"tables": ["shop.orders", "mail"], "quote": "mijn bestellingen en mails"}
    assert set(waits(services, store(services, {"customer_id": "1"}, limits=limits))) == {"mail"}


def test_a_changed_answer_drifts_the_plan(opened: Open) -> None:
    services, request, first = mailbox(opened)
    answer(services, first, "given", ("a.eml", MAIL))
    assess(services, request)
    for source in classify(services, request)["sources"]:
        extract(services, request, source)
    before = services.register.steps.latest(request, "classify")
    asked = services.register.questions.get(first)
    again = ask_again(services.register, ROLES, services.inventory, asked, "cli:anna")
    assert again != first
    with pytest.raises(GateError, match="needs_person"):
        validate(services, request)
    with pytest.raises(NeedsPersonError):  # the earlier answer does not count meanwhile
        classify(services, request)
    answer(services, again, "given", ("b.pdf", PDF))
    assess(services, request)
    assert classify(services, request)["plan"] != before["plan"]  # type: ignore[index]
    with pytest.raises(GateError, match="not extracted under its plan"):
        validate(services, request)
    found = members(reviewed(services, request))
    assert [path for path in found if path.startswith("data/files/")] == ["data/files/mail/000001.pdf"]


def test_an_answer_alone_changes_what_a_plan_rests_on(opened: Open) -> None:
    services, request, first = mailbox(opened)
    answer(services, first, "given", ("a.eml", MAIL))
    assess(services, request)
    classify(services, request)
    # The choice and what it is about are the same; the file is another one.
    asked = services.register.questions.get(first)
    again = ask_again(services.register, ROLES, services.inventory, asked, "cli:anna")
    answer(services, again, "given", ("a.eml", MAIL + b"!"))
    moved(services.register, request, State.ACCEPTED)
    with pytest.raises(GateError, match="decisions changed"):
        extract(services, request, "mail")


def test_another_key_or_instruction_is_another_question(opened: Open, tmp_path: Path) -> None:
    services, request, asked = mailbox(opened)
    answer(services, asked, "nothing_held")
    assert waits(services, request) == {}
    changed = system("mail", "mailbox").replace("Search by", "Search the archive by")
    add_systems(tmp_path / "inventory", changed)
    settings = {"AFSCHRIFT_HOME": str(tmp_path / "home"), "AFSCHRIFT_INVENTORY": str(tmp_path / "inventory")}
    later = build(lambda _line: None, Settings.from_environment(settings))
    assert waits(later, request)["mail"] != asked


def test_whose_question_it_is(opened: Open) -> None:
    services = opened(system("a_mail", "mailbox", owner="Bea"), system("b_tape", "backup", owner="officer"))
    request = store(services, {"customer_id": "1"}, language="en")
    asked = waits(services, request)
    others = {"cli:cas": "assigned to another person", "cli:anna": "assigned to another person"}
    others |= {"cli:zed": "role keeper", "cli:bea": "role officer"}
    for by, words in others.items():
        with pytest.raises(NotAllowedError, match=words):
            answer(services, asked["b_tape" if by == "cli:bea" else "a_mail"], "nothing_held", by=by)
    refused = [h for h, _ in services.register.trail.events(request) if h.type == "answer_refused"]
    assert [h.actor for h in refused] == list(others)
    answer(services, asked["a_mail"], "nothing_held", by="cli:bea")
    answer(services, asked["b_tape"], "not_searched", by="cli:anna", reason="copy_of_searched")
    with pytest.raises(NotAllowedError):
        question = services.register.questions.get(asked["a_mail"])
        ask_again(services.register, ROLES, services.inventory, question, "cli:bea")
    assert "No. We did not search" not in page(members(run(services, request)))


def test_an_answer_that_does_not_fit_leaves_nothing(opened: Open) -> None:
    services, request, asked = mailbox(opened)
    for choice, files, detail in (
        ("given", (), {}),
        ("nothing_held", (("a.eml", MAIL),), {}),
        ("not_searched", (), {}),
        ("not_searched", (), {"reason": "no time"}),
        ("given", (("a.eml", MAIL),), {"files": "kwikstaart"}),
    ):
        with pytest.raises(FormError):
            answer(services, asked, choice, *files, **detail)
    content = io.BytesIO(MAIL)
    new = scan("a.eml", content, len(MAIL), 10_000_000)
    content.truncate(5)
    with pytest.raises(RefusedError, match="changed while it was read"):
        answer_question(Officer(services.register, ROLES, "cli:anna"), asked, "given", files=[new])
    case = services.register.requests.get(request).case
    documents = [t for t in services.register.cases.texts(case, "cli:anna") if t.kind == "document"]
    assert documents == []
    assert services.register.questions.get(asked).answered_at is None


def test_files_alone_are_an_answer(opened: Open) -> None:
    """The warehouse holds nothing under this number, and the mailbox a letter."""
    services, request, asked = mailbox(opened, "4711", language="en")
    answer(services, asked, "given", ("kwikstaart.eml", MAIL))
    found = members(reviewed(services, request))
    assert "You get 1 file from systems that our staff searched." in page(found)
    assert "there are no data about you" not in page(found)
    # No word of it is in the trail, nor in the register in clear.
    events = [(header.type, payload) for header, payload in services.register.trail.events(request)]
    assert "kwikstaart" not in json.dumps(events)
    with services.register.store.database.read() as tx:
        held = tx.exec_driver_sql("SELECT label, ciphertext FROM message").fetchall()
    assert all(b"kwikstaart" not in (label or b"") + content for label, content in held)
    extracted = [payload for kind, payload in events if kind == "extracted"]
    assert [set(p["files"]) for p in extracted if p["source"] == "mail"] == [{"files/mail/000001.eml"}]


def test_nothing_anywhere_names_what_was_searched(opened: Open) -> None:
    services, request, asked = mailbox(opened, "4711")
    answer(services, asked, "nothing_held")
    with pytest.raises(NeedsPersonError):
        run(services, request)
    [question] = services.register.questions.all(request_id=request)
    assert question.kind == "nothing_held"
    assert question.detail["manual"] == {"mail": "not_searched"}  # by a number alone


def test_a_staged_file_that_was_altered_is_not_packed(opened: Open) -> None:
    services, request, asked = mailbox(opened)
    answer(services, asked, "given", ("a.eml", MAIL))
    assess(services, request)
    for source in classify(services, request)["sources"]:
        extract(services, request, source)
    with services.staging(request).writer("data/files/mail/000001.eml") as raw:
        sink = DeflatingSink(raw)
        sink.write(b"another")
        sink.finish()
    with pytest.raises(ValidationFailedError, match=r"files/mail/000001\.eml"):
        validate(services, request)
