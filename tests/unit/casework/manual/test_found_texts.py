"""What a person found is searched and reviewed as free text is, and searched for by more than a number."""

import io
import json
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from testbed.running import drive, members
from testbed.small import SHOP
from tests.support.active_files import pdf
from tests.support.deciding import ANN, Bureau
from tests.support.manual import add_systems, system, waits
from tests.support.reviewing import BALANCE, CODES

from afschrift.casework.answer import answer_question
from afschrift.casework.letters.answer_elements import plan_lines
from afschrift.casework.manual.question import ask_again, shown_terms
from afschrift.casework.manual.scan import scan
from afschrift.casework.review.table_page import TablePage, table_page
from afschrift.domain.errors import FormError, NeedsPersonError
from afschrift.extraction.staged_records import pointers_path
from afschrift.register.records import QuestionRow

pytestmark = pytest.mark.slow
PHONE, NUMBER = "06-12345678", b"06-12345678"
BODY = f"Beste winkel, mijn buurman Bob is er wel. Bel hem op {PHONE}. Groet, Ann"
PEOPLE = SHOP.replace(
    "    key: [customer_id]", "    names: {columns: [name]}\n    key: [customer_id]", 1
).replace("name: {origin: provided}", "name: {origin: provided, category: user.name}")


def a_mail(body: str = BODY, **pictures: bytes) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ann <ann@example.org>", "winkel", "Mijn pakket"
    mail.set_content(body)
    for name, content in pictures.items():
        mail.add_attachment(content, maintype="image", subtype="png", filename=f"{name}.png")
    return mail.as_bytes()


class Desk:
    """A request in the small shop with a mailbox, under the policy `flagged`."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, keys: dict[str, str], more: str) -> None:
        self.bureau = Bureau.open(folder, patch)
        add_systems(folder / "inventory", system("mail", "mailbox", owner="officer") + more)
        self.bureau.describe(PEOPLE)
        self.request = self.bureau.store("access", keys, language="en")
        self.question = self.searches()

    def searches(self) -> QuestionRow:
        return self.bureau.register.questions.get(waits(self.bureau.services, self.request)["mail"])

    def give(self, *files: tuple[str, bytes]) -> None:
        new = [scan(name, io.BytesIO(content), len(content), 10_000_000) for name, content in files]
        self.answer(self.question, "given" if new else "nothing_held", files=new)

    def answer(self, question: QuestionRow, choice: str, **more: object) -> None:
        answer_question(self.bureau.officer(), question.id, choice, **more)  # type: ignore[arg-type]

    def asked(self, kind: str = "review") -> QuestionRow:
        with pytest.raises(NeedsPersonError) as stopped:
            drive(self.bureau.services, self.request)
        assert stopped.value.question == kind
        [question] = self.bureau.register.questions.all(request_id=self.request)
        return question

    def seen_at(self, question: QuestionRow) -> TablePage:
        page = table_page(self.bureau.officer(), self.request, "mail.files")
        assert page.read.look.question == question
        return page

    def redact(self, *lines: str) -> None:
        texts = {"redactions": list(lines), **BALANCE}
        self.answer(self.asked(), "redact", detail=CODES, texts=texts)

    def delivered(self) -> dict[str, bytes]:
        self.answer(self.asked(), "approved")
        return members(drive(self.bureau.services, self.request))

    def letter_lines(self) -> list[str]:
        bureau = self.bureau
        return plan_lines(bureau.settings, bureau.register, self.request, "en")["masked"]

    def events(self) -> str:
        events = self.bureau.register.trail.events(self.request)
        return json.dumps([(header.type, payload) for header, payload in events])


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Desk]:
    return lambda keys=ANN, more="": Desk(tmp_path, monkeypatch, keys, more)


def test_neighbour_stops_at_the_review_and_the_rest_reaches_the_person(desk: Callable[..., Desk]) -> None:
    opened = desk()
    opened.give(("Ann over Bob.eml", a_mail()), ("log.txt", b"Ann belde."))
    question = opened.asked()
    assert (question.detail["why"], question.detail["pointed_out"]) == (["pointed_out"], {"mail.files": 3})
    page = opened.seen_at(question)
    parts = {number: [*row] for number, row in page.read.numbered([1, 2]).items()}
    assert parts == {1: ["name", "head", "text.1"], 2: ["name", "file"]}
    cells = [cell for card in page.cards for cell in card.cells]
    pointed = {(p.text, c.column): f"{p.line} rights_of_others" for c in cells for p in c.places}
    assert pointed.keys() == {("Bob", "name"), ("Bob", "text.1"), (PHONE, "text.1")}
    opened.redact(*pointed.values())
    found = opened.delivered()
    files = {path: content for path, content in found.items() if path.startswith("data/files/")}
    sent = message_from_bytes(files["data/files/mail/000001.eml"], policy=default)
    text = "Beste winkel, mijn buurman [masked] is er wel. Bel hem op [masked]. Groet, Ann"
    assert sent.get_content().strip() == text
    assert (sent["From"], sent["Subject"]) == ("Ann <ann@example.org>", "Mijn pakket")
    assert files["data/files/mail/000002.txt"] == b"Ann belde."
    assert not [path for path, content in found.items() if NUMBER in content or b"Bob" in content]
    page = found["index.html"].decode()
    assert "Ann over [masked].eml" in page
    assert "file 1 in ‘Mailbox’: 3 times." in page
    *_, line, ground = opened.letter_lines()
    assert line == "file 1 in ‘Mailbox’: 3 times."
    assert "A member of our staff made them unreadable." in ground
    masked = json.loads(found["data/redactions.json"])["masked"]
    assert [
        (cell["source"], cell["column"], cell["count"]) for cell in masked if cell["source"] == "mail"
    ] == [("mail", "1", 3)]
    assert PHONE not in opened.events()


def test_what_has_no_text_is_given_or_left_out_whole(desk: Callable[..., Desk]) -> None:
    opened = desk()
    picture = b"\x89PNG\r\n\x1a\n" + b"kwikstaart"
    opened.give(("brief.pdf", pdf(text=b"Bob")), ("post.eml", a_mail("Groet, Ann", foto=picture)))
    page = opened.seen_at(opened.asked())
    assert page.read.pointers.counts == {"no_text": 2}
    offered = [file.line for card in page.cards for file in card.files]
    offered += [place.line for card in page.cards for cell in card.cells for place in cell.places]
    assert {"mail.files #1 file", "mail.files #2 attachment.1"} <= {*offered}
    lines = [f"{line} rights_of_others" for line in ("mail.files #1 file", "mail.files #2 attachment.1")]
    with pytest.raises(FormError, match="effect"):  # without the answers of R32
        opened.answer(opened.asked(), "redact", detail=CODES, texts={"redactions": lines})
    opened.redact(*lines)
    found = opened.delivered()
    assert [path for path in found if path.startswith("data/files/")] == ["data/files/mail/000002.eml"]
    sent = message_from_bytes(found["data/files/mail/000002.eml"], policy=default)
    assert [part.get_content().strip() for part in sent.walk() if not part.is_multipart()] == [
        "Groet, Ann",
        "[masked]",
    ]
    assert b"kwikstaart" not in b"".join(found.values())
    [searched] = json.loads(found["data/coverage.json"])["searched"]
    assert (searched["files"], searched["missing"]) == (1, [{"number": 1, "reason": "masked"}])
    page = found["index.html"].decode()
    assert "We left 1 file out. You can read why at" in page
    assert "‘Mailbox’: file 1 is not here." in page
    assert "could do harm" not in page
    assert "‘Mailbox’: file 1 is not here." in opened.letter_lines()


def test_lines_that_name_nothing_in_a_file_are_refused(desk: Callable[..., Desk]) -> None:
    opened = desk()
    opened.give(("post.eml", a_mail("Bob", foto=b"\x89PNG\r\n\x1a\n")))
    question = opened.asked()
    for line, fault in (
        ("mail.files #2 file rights_of_others", "no such file"),
        ("mail.files id=1 file rights_of_others", "no such file"),
        ("mail.files #1 text.2 rights_of_others", "no such part"),
        ("mail.files #1 file 0:3 rights_of_others", "no such part"),
        ("mail.files #1 attachment.1 0:3 rights_of_others", "has no text"),
        ("mail.files #1 text.1 2:9 rights_of_others", "outside of the text"),
        ("mail.files #1 text.1 0:3 nothing", "a ground"),
    ):
        with pytest.raises(FormError, match=fault):
            opened.answer(question, "redact", detail=CODES, texts={"redactions": [line], **BALANCE})


def test_later_look_masks_more_and_another_answer_starts_anew(desk: Callable[..., Desk]) -> None:
    opened = desk()
    opened.give(("log.txt", BODY.encode()))
    at = BODY.index("Bob")
    opened.redact(f"mail.files #1 file {at}:{at + 3} rights_of_others")
    shown = opened.seen_at(opened.asked()).read.numbered([1])[1]["file"] or ""
    at = shown.index(PHONE)
    opened.redact(f"mail.files #1 file {at}:{at + len(PHONE)} rights_of_others")
    masked = BODY.replace("Bob", "[masked]").replace(PHONE, "[masked]")
    assert opened.seen_at(opened.asked()).read.numbered([1])[1]["file"] == masked
    bureau = opened.bureau
    ask_again(bureau.register, bureau.officer().roles, bureau.services.inventory, opened.question, "cli:anna")
    again = opened.searches()
    assert shown_terms(bureau.register, again) == [("email", "ann@example.org"), ("name", "Ann")]
    opened.question = again
    opened.give(("log.txt", b"Bob en Bob"))  # what was masked in the other file says nothing of this one
    assert opened.asked().detail["pointed_out"] == {"mail.files": 2}


def test_keeper_sees_what_the_system_is_searched_by(desk: Callable[..., Desk]) -> None:
    opened = desk(more="search_by: [email]\n")
    assert shown_terms(opened.bureau.register, opened.question) == [("email", "ann@example.org")]
    assert opened.question.detail["searched_by"] == ["email"]
    assert "ann@example.org" not in opened.events()


@pytest.mark.parametrize(
    ("keys", "more", "status"),
    [
        ({"customer_id": "4"}, "", ("not_searched", "number_only")),
        ({"customer_id": "4"}, "search_by: [customer_id]\n", ("nothing_given", None)),
        ({"customer_id": "4", "email": "dirk@example.org"}, "", ("nothing_given", None)),
        (ANN, "", ("nothing_given", None)),
    ],
)
def test_nothing_found_by_a_number_alone_is_not_searched(
    desk: Callable[..., Desk], keys: dict[str, str], more: str, status: tuple[str, str | None]
) -> None:
    opened = desk(keys, more)
    opened.give()
    found = members(drive(opened.bureau.services, opened.request))
    [searched] = json.loads(found["data/coverage.json"])["searched"]
    assert (searched["status"], searched.get("reason")) == status
    assert ("only by a number of yours" in found["index.html"].decode()) == (status[1] == "number_only")


def test_findings_that_are_lost_are_looked_for_again(desk: Callable[..., Desk]) -> None:
    opened = desk()
    opened.give(("post.eml", a_mail()))
    first = opened.asked()
    staging = opened.bureau.services.staging(opened.request)
    staging.remove(pointers_path("mail"))
    assert opened.asked().id == first.id
    assert staging.exists(pointers_path("mail"))
