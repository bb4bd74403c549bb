"""What letters say from the register alone, and which letters are due."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
from testbed.running import drive, members
from tests.support.days import local_today
from tests.support.deciding import ROLES, Bureau
from tests.support.restricted import FIRST, dispute_service, restricted

from afschrift.casework.intake.referral import record_handed_over
from afschrift.casework.letters.due_letters import unsent_lines
from afschrift.casework.letters.make import make
from afschrift.casework.letters.send import send
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.law.letter import Discard
from afschrift.letters.kinds import KINDS
from afschrift.letters.words import LetterWords
from afschrift.register.database.database import Database
from afschrift.register.register import Register
from afschrift.register.trail.differences import ForgedError

LATE = {"reasons": "Een systeem was stuk.", "expected_on": "2030-01-01"}


def test_the_receipt_of_every_right_of_a_message_is_confirmed(bureau: Bureau) -> None:
    request = bureau.store(["access", "portability"], other_rights=["erasure"], days=1)  # type: ignore[arg-type]
    text = bureau.text(request, "acknowledgement")
    for words in ("U wilt uw gegevens inzien", "uw gegevens meenemen", "dat gegevens worden gewist"):
        assert words in text
    assert "Wij geven dat door" in text
    assert "Deze brief gaat over uw bericht." in text
    alone = bureau.text(bureau.store(), "acknowledgement")
    assert "inzien" in alone
    for words in ("meenemen", "gewist", "doorgeven", "Wij geven dat door"):
        assert words not in alone


@pytest.mark.parametrize(("transfer", "says"), [
    ("", "Wij doen dat als het technisch kan."),
    ("direct_transfer: {possible: true}", "Dat kan. Schrijf ons dan naar wie."),
    (
        "direct_transfer: {possible: false, why: {nl: Er is geen lijn., en: There is no line.}}",
        "U krijgt de bestanden zelf en kunt ze geven aan wie u wilt. Er is geen lijn.",
    ),
])  # fmt: skip
def test_the_receipt_says_whether_files_can_go_to_another_party(
    bureau: Bureau, transfer: str, says: str
) -> None:
    file = bureau.settings.inventory / "controller.yml"
    file.write_text(f"{file.read_text('utf-8')}\n{transfer}\n", "utf-8")
    assert says in bureau.text(bureau.store("portability"), "acknowledgement")
    assert "direct naar" not in bureau.text(bureau.store(), "acknowledgement")


def test_no_right_is_claimed_that_the_message_does_not_name(bureau: Bureau) -> None:
    request = bureau.store("unclear")
    text = bureau.text(request, "acknowledgement", keep=True)
    assert "Wij weten nog niet zeker wat u wilt. Wij vragen u dat nog." in text
    assert "Voor nu lezen wij het zo: u wilt uw gegevens inzien." in text
    assert "uw verzoek om inzage" not in text
    assert bureau.due(request) == ("right_question",)
    asked = bureau.text(request, "right_question", keep=True)
    assert "uw verzoek om inzage" not in asked
    assert bureau.due(request) == ()


def test_the_letter_of_a_handover_says_to_whom_why_and_whom_to_ask(bureau: Bureau) -> None:
    request = bureau.store(other_rights=["erasure", "complaint"], authenticated=None)
    case = bureau.register.requests.get(request).case
    with pytest.raises(RefusedError, match="passed_to: it is missing"):
        bureau.text(request, "handed_over")
    assert bureau.due(request) == ("acknowledgement",)  # the channel had authenticated no one
    bureau.text(request, "acknowledgement", keep=True)
    assert bureau.due(request) == ()
    record_handed_over(bureau.register, ROLES, case, "erasure", "Klantenservice", "KS-104388", "cli:ivo")
    assert bureau.due(request) == ("handed_over",)
    text = bureau.text(request, "handed_over", keep=True)
    assert "gewist" in text
    assert "klacht." not in text  # that one waits
    assert "Klantenservice, kenmerk KS-104388" in text
    assert "Deze afdeling behandelt zulke vragen" in text
    assert bureau.due(request) == ()
    record_handed_over(bureau.register, ROLES, case, "complaint", "Juridische zaken", "JZ-7", "cli:ivo")
    assert bureau.due(request) == ("handed_over",)
    assert "Juridische zaken, kenmerk JZ-7" in bureau.text(request, "handed_over")
    other = bureau.text(request, "handed_over", passed_to="De Webwinkel", passed_because="processor")
    assert "De Webwinkel" in other
    assert "Wij blijven verantwoordelijk" in other
    assert bureau.state(request) is State.RECEIVED


def test_the_letter_of_a_merge_says_whose_receipt_counts_and_until_when(bureau: Bureau) -> None:
    earlier, later = bureau.store(days=20), bureau.store(days=2)
    with pytest.raises(RefusedError, match="goes on in no other one"):
        bureau.text(later, "merged")
    bureau.clocks().merge(later, earlier, ("customer_id",))
    assert bureau.due(later) == ("merged",)
    text = bureau.text(later, "merged", keep=True)
    assert earlier in text
    [row] = bureau.register.letters.all(request_id=later)
    last = load_due(bureau, earlier)
    assert row.detail["until"] == str(last)
    assert f"uiterlijk op {last.day} " in text
    assert bureau.due(later) == ()
    bureau.send(row.id)
    assert bureau.state(later) is State.MERGED


def test_an_apology_says_why_until_when_and_where_to_complain(bureau: Bureau) -> None:
    request = bureau.store(days=60)
    missed = load_due(bureau, request)
    assert bureau.due(request) == ("late",)
    text = bureau.text(request, "late", keep=True, **LATE)
    for words in (f"uiterlijk op {missed.day} ", "Dat spijt ons", "Een systeem was stuk.", "1 januari 2030"):
        assert words in text
    assert "Autoriteit Persoonsgegevens" in text
    assert "rechter" in text
    assert bureau.due(request) == ()
    with pytest.raises(RefusedError, match="is not late"):
        bureau.text(bureau.store(), "late", **LATE)


@pytest.mark.parametrize(("hour", "still_due"), [(12, ("late",)), (23, ())])
def test_after_the_last_day_the_apology_is_made_on_the_next_day(
    bureau: Bureau, hour: int, still_due: tuple[str, ...]
) -> None:
    """By the clock on the wall (R02), though at half past eleven it is still the last day in UTC."""
    request = bureau.store(days=60)
    at = datetime.combine(load_due(bureau, request), time(hour, 30), tzinfo=UTC)
    then = Register(bureau.settings.register, bureau.register.store.keys, lambda: at)
    make(replace(bureau.officer(), register=then), request, "late", LATE)
    assert bureau.due(request) == still_due


@pytest.mark.parametrize(("days", "sorry"), [(60, True), (2, False)])
def test_the_letter_of_a_late_answer_says_sorry(bureau: Bureau, days: int, sorry: bool) -> None:
    request = bureau.store(days=days)
    text = bureau.text(request, "delivery", where="in uw account", available_until="2030-01-01")
    assert ("Ons antwoord komt te laat." in text and "Dat spijt ons." in text) is sorry


_ROUTES = {
    "in time": "binnen zes weken",
    "late": "zonder vaste termijn",
    "unknown": "geen termijn. Vraag de rechtbank",
}
LETTER_OF = {
    "late": LATE,
    "delivery": {"where": "in uw account", "available_until": "2030-01-01", "masked": ["Een naam"]},
    "nothing_in_limits": {},
}


@pytest.mark.parametrize(
    ("kind", "body", "days", "route"),
    [
        ("late", "private", 60, "late"),
        ("nothing_in_limits", "private", 60, "late"),  # UAVG 35(2): it did not come within the terms
        ("delivery", "private", 60, "late"),
        ("delivery", "private", 2, "in time"),
        ("late", "public", 60, "late"),
        ("nothing_in_limits", "public", 60, "in time"),  # a decision, which may be objected to (UAVG 34)
        ("nothing_in_limits", "private without", 60, "unknown"),
        ("late", "public without", 60, "unknown"),
        ("nothing_in_limits", "public without", 60, "in time"),
    ],
)
def test_a_letter_names_the_way_to_court_that_is_open(
    bureau: Bureau, kind: str, body: str, days: int, route: str
) -> None:
    """R45, R56; without `court_late`, as homes from before have it, no term is named that may be false."""
    file = bureau.settings.inventory / "controller.yml"
    lines = file.read_text(encoding="utf-8").replace("body: private", f"body: {body.split()[0]}").splitlines()
    kept = [line for line in lines if not (line.startswith("court_late") and "without" in body)]
    file.write_text("\n".join(kept), encoding="utf-8")
    text = bureau.text(bureau.store(days=days), kind, **LETTER_OF[kind])
    assert [name for name, words in _ROUTES.items() if words in text] == [route]


def test_a_letter_made_in_time_does_not_leave_after_the_last_day(bureau: Bureau) -> None:
    """It names six weeks, which do not bind after that day (UAVG 35(2))."""
    request = bureau.store(days=60)
    at = datetime.combine(load_due(bureau, request) - timedelta(days=1), time(12), tzinfo=UTC)
    then = Register(bureau.settings.register, bureau.register.store.keys, lambda: at)
    kind, elements = "transfer_not_feasible", {"recipient": "De Fietsbond", "impediment": "Geen ontvanger."}
    made = make(replace(bureau.officer(now=at), register=then), request, kind, elements).letter
    assert made is not None
    with pytest.raises(RefusedError, match=r"last day.*R45.*make it again"):
        send(bureau.settings, bureau.register, made.id, "cli:anna")
    again = make(bureau.officer(), request, kind, elements).letter
    assert again is not None and again.id != made.id
    with pytest.raises(ConfigurationError, match="no mail server"):
        send(bureau.settings, bureau.register, again.id, "cli:anna")


@pytest.mark.parametrize(
    ("body", "term", "words", "without"),
    [
        ("private", None, "Doe dat graag zo snel mogelijk.", "uiterlijk op"),
        ("private", 9, "Doe dat graag uiterlijk op {day}.", "Horen wij niets?"),
        ("public", 9, "Horen wij niets? Dan loopt de tijd weer verder na {day}.", "zo snel mogelijk"),
    ],
)
def test_question_names_the_last_day_for_the_reply(
    bureau: Bureau, body: str, term: int | None, words: str, without: str
) -> None:
    file = bureau.settings.inventory / "controller.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("body: private", f"body: {body}"))
    request = bureau.store(authenticated=None)
    until = local_today() + timedelta(days=term) if term else None
    bureau.clocks().suspend(request, "identity", doubt="unknown_sender", term=until)
    given = {"doubt": "Wij kennen u niet.", "ways": ["login"]}
    text = bureau.text(request, "identity_request", **given)
    language = LetterWords.load(bureau.settings.folder("letters"), "nl")
    assert words.format(day=until and language.day(until)) in text
    assert without not in text


@pytest.mark.parametrize(("scheme", "links"), [("https", True), ("http", False)])
def test_only_a_safe_address_of_the_authority_is_a_link(bureau: Bureau, scheme: str, links: bool) -> None:
    file = bureau.settings.inventory / "controller.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub("authority_url: [a-z]+:", f"authority_url: {scheme}:", text), encoding="utf-8")
    late = {"reasons": "Druk.", "expected_on": str(local_today() + timedelta(9))}
    page = make(bureau.officer(), bureau.store(days=40), "late", late, keep=False).text.html
    assert (f'<a href="{scheme}://' in page) is links


@pytest.mark.parametrize(("kind", "own"), [("acknowledgement", True), ("identity_request", False)])
def test_only_a_letter_that_asks_stops_the_clock(bureau: Bureau, kind: str, own: bool) -> None:
    request = bureau.store(authenticated=None)
    given = {"doubt": "Wij kennen u niet.", "ways": ["login"]} if kind == "identity_request" else {}
    letter = make(bureau.officer(), request if own else bureau.store(authenticated=None), kind, given).letter
    assert letter is not None
    suspend = partial(bureau.clocks().suspend, letter=letter.id)
    with pytest.raises(RefusedError, match=r"does not announce this.*kind identity_request:"):
        suspend(request, "identity", doubt="unknown_sender")
    with pytest.raises(RefusedError, match=r"does not announce this.*kind specify_request:"):
        suspend(letter.request, "specification", overview=True)
    if not own:
        assert suspend(letter.request, "identity", doubt="unknown_sender")[0].waiting is not None


def test_letter_without_an_address_is_to_be_sent_by_hand(bureau: Bureau) -> None:
    request = bureau.store()
    assert list(unsent_lines(bureau.register, request)) == []
    make(bureau.officer(), request, "acknowledgement", {"to": "ann@example.org"})
    assert list(unsent_lines(bureau.register, request)) == []  # `letter send` sends it
    letter = make(bureau.officer(), request, "acknowledgement", {}).letter
    assert letter is not None
    [line] = unsent_lines(bureau.register, request)
    assert f"{letter.id} (acknowledgement)" in line
    for row in bureau.register.letters.all(request_id=request):
        bureau.register.outbox.discard(row.id, Discard.WRONG_CONTENT, "cli:anna")
    assert bureau.due(request) == ("acknowledgement",)
    assert list(unsent_lines(bureau.register, request)) == []
    letter = make(bureau.officer(), request, "acknowledgement", {}).letter
    assert letter is not None
    bureau.send(letter.id)
    assert list(unsent_lines(bureau.register, request)) == []


def load_due(bureau: Bureau, request: str) -> Any:
    return bureau.clocks().clock(bureau.register.facts.timeline(request)).due


@pytest.mark.parametrize("existence", ["open", "hidden"])
def test_a_lifted_restriction_is_named_and_a_hidden_one_not_revealed(bureau: Bureau, existence: str) -> None:
    request, restriction_id = restricted(bureau, ["shop.ticket"], existence)
    bureau.text(request, "acknowledgement", keep=True)
    with pytest.raises(RefusedError, match="No restriction"):
        bureau.text(request, "restriction_lifted", contains=["Gesprekken"])
    for row in bureau.register.letters.all(request_id=request):
        if row.kind == "partial_refusal":
            bureau.send(row.id)
    looked = datetime.fromisoformat(FIRST.isoformat())
    dispute_service(bureau, now=looked).review(request, restriction_id, "lifted", "Het is voorbij.")
    dispute_service(bureau, "cli:sam", looked + timedelta(minutes=1)).sign_review(request, restriction_id)

    assert bureau.due(request) == (("restriction_lifted",) if existence == "open" else ())
    text = bureau.text(request, "restriction_lifted", contains=["Gesprekken"])
    assert "Gesprekken" in text
    revealing = ("eerder", "reden", "niet kreeg", "beperk", "verborgen")
    assert any(word in text for word in revealing) is (existence == "open")
    assert f"uiterlijk op {load_due(bureau, request).day} " in text


def test_no_letter_leaves_of_a_request_changed_by_sql(bureau: Bureau) -> None:
    request = bureau.store()
    made = make(bureau.officer(), request, "acknowledgement", {}).letter
    with Database(bureau.settings.register).engine.begin() as tx:
        tx.exec_driver_sql("UPDATE request SET state = 'accepted'")
    with pytest.raises(ForgedError, match=r"row_changed, request .* state"):
        send(bureau.settings, bureau.register, made.id, "cli:anna")
    assert bureau.register.letters.get(made.id).sent_at is None


def ready(letter: str, state: str) -> NewFact:
    return NewFact(FactKind.ANSWER_READY, detail={"letter": letter, "state": state})


def decided(outcome: str) -> NewFact:
    return NewFact(FactKind.DECIDED, detail={"outcome": outcome})


LATER = {"later": [{"source": "shop", "rest_by": "2030-01-01"}]}
PREMISES: tuple[tuple[NewFact, set[str]], ...] = (
    (ready("delivery", "ready"), {"delivery"}),
    (ready("supplement", "ready"), {"supplement"}),
    (ready("nothing_held", "nothing_held"), {"nothing_held"}),
    (ready("nothing_in_limits", "nothing_held"), {"nothing_in_limits"}),
    (ready("nothing_portable", "nothing_portable"), {"nothing_portable"}),
    (NewFact(FactKind.PARTLY_DELIVERED, detail=LATER), {"partial_delivery"}),
    (NewFact(FactKind.EXTENDED, detail={"reasons": ["complex"]}), {"extension"}),
    (decided("charge"), {"fee"}),
    (decided("refuse"), {"refusal", "cannot_identify", "nothing_portable"}),
    (decided("refuse_part"), {"partial_refusal"}),
    (decided("restrict"), {"partial_refusal"}),
    (NewFact(FactKind.RESUMED, detail={}), {"resumed"}),
    (NewFact(FactKind.WITHDRAWN, channel="email"), {"withdrawal_confirmed"}),
)
"""A fact, and the letters that are true from it on and not before."""
ANNOUNCING = set[str]().union(*(kinds for _, kinds in PREMISES))


@pytest.mark.parametrize(("fact", "kinds"), PREMISES)
def test_a_letter_says_only_what_is_so(bureau: Bureau, fact: NewFact, kinds: set[str]) -> None:
    request = bureau.store(days=2)

    def untrue() -> set[str]:
        found = set()
        for kind in KINDS:
            try:
                make(bureau.officer(), request, kind, {})
            except RefusedError as error:
                found |= {kind} if "says what is not so yet" in str(error) else set()
        return found

    assert untrue() == ANNOUNCING
    bureau.register.facts.record(request, lambda _: [fact], "cli:anna")
    assert untrue() == ANNOUNCING - kinds


@pytest.mark.parametrize(
    ("language", "heading"), [("nl", "WAT STAAT ER NIET IN?"), ("en", "WHAT IS NOT IN HERE?")]
)
def test_delivery_letter_names_what_is_left_out_as_the_page_lists_it(
    bureau: Bureau, language: str, heading: str
) -> None:
    request = bureau.store("portability", language=language)
    files = members(drive(bureau.services, request))
    tables = json.loads(files["data/coverage.json"])["tables"]
    shown = [table for table in tables if table["status"] in ("rows", "withheld")]
    reasons = {column["reason"] for table in shown for column in table["leftOut"]} - {"not_personal"}
    given = {"where": "in uw account", "available_until": "2030-01-01"}
    text = bureau.text(request, "delivery", **given)
    listed = text[text.upper().index(heading) :].partition("index.html")[0]
    rows_of_others = 1  # a table with rows that someone else wrote
    assert listed.count(" - ") == len(reasons) + rows_of_others
    assert not re.search(r"\(\d+\)", listed), "a number would be read as what was found"
