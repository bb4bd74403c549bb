"""A request is taken in on a page: from an e-mail, typed, or from CSV, whatever is sent."""

from typing import Any

import pytest
from tests.support.pages import Desk, text_of, token_in

from afschrift.law.letter import LetterState

pytestmark = pytest.mark.airflow


@pytest.fixture(autouse=True)
def _demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its controller.yml is the example's."""
    monkeypatch.setenv("AFSCHRIFT_DEMO", "1")


OF_ALL = "<script>x</script> \u202eomgekeerd\u202c 🙂"
EML = (
    "From: Jo Smit <jo.smit@example.org>\nDate: {date}\nSubject: Inzage\nMIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=utf-8\n\nMag ik mijn gegevens zien? {text}\n"
)
DATE = "Mon, 2 Mar 2026 10:00:00 +0100"
TYPED = {
    "message": "Mag ik alles zien?",
    "channel": "letter",
    "received_on": "2026-03-05",
    "right": "access",
    "made_by": "self",
    "language": "nl",
}


def form(**changed: Any) -> dict[str, Any]:
    return {"do": "store", **{f"f.{name}": value for name, value in (TYPED | changed).items()}}


def file(content: bytes | str, name: str = "message.eml") -> list[Any]:
    return [("file", (name, content if isinstance(content, bytes) else content.encode(), "message/rfc822"))]


def hidden(html: str, name: str) -> str:
    return html.partition(f'name="{name}" value="')[2].partition('"')[0]


def value(html: str, name: str) -> str:
    return html.partition(f'name="f.{name}" value="')[2].partition('"')[0]


def requests(desk: Desk) -> int:
    return len(desk.register.requests.all())


def test_from_an_email_to_its_acknowledgement(desk: Desk) -> None:
    before = requests(desk)
    read = desk.send("iris", "/new", {"do": "read"}, upload=file(EML.format(date=DATE, text=OF_ALL)))
    page = read.text
    assert (read.status_code, requests(desk)) == (200, before)
    assert (value(page, "received_on"), value(page, "received_time")) == ("2026-03-02", "10:00")
    assert (value(page, "person_name"), value(page, "person_email")) == ("Jo Smit", "jo.smit@example.org")
    assert "<script>x" not in page
    given = form(
        message=f"From: Jo Smit <jo.smit@example.org>\n\nMag ik mijn gegevens zien? {OF_ALL}",
        channel="email",
        person_name="Jo Smit",
        person_email="jo.smit@example.org",
        **{"key.email": "jo.smit@example.org"},
    ) | {"original": hidden(page, "original"), "name": "message.eml"}
    refused = desk.send("iris", "/new", given)
    assert refused.status_code == 422
    assert "I compared sender, day and text" in text_of(refused.text)
    assert hidden(refused.text, "original") == given["original"]

    stored = desk.send("iris", "/new", given | {"f.checked": "true", "f.id_copy": "false"})
    assert stored.status_code == 303, text_of(stored.text)
    assert "example" not in stored.headers["location"]
    shown = desk.browse("iris", stored.headers["location"].removeprefix("/afschrift")).text
    assert "Not sent yet" in shown and "Jo Smit" in shown
    request = desk.register.requests.all()[-1]
    kinds = [text.kind for text in desk.register.cases.texts(request.case, "cli:anna")]
    assert kinds.count("request") == 1 and len(kinds) == 3, kinds  # message, parties, and the file
    assert desk.register.letters.all(request_id=request.id) == ()

    sending = {name: hidden(shown, name) for name in ("token", "notice", "shown")}
    assert desk.browse("iris", "/new/stored", sending | {"shown": "x"}).status_code == 409
    for _ in range(2):  # the second click makes no second letter
        assert desk.browse("iris", "/new/stored", sending).status_code == 303
    [letter] = desk.register.letters.all(request_id=request.id)
    assert (letter.kind, letter.state, letter.mailed) == ("acknowledgement", LetterState.PRODUCED, True)

    again = desk.send("iris", "/new", given | {"f.checked": "true", "f.id_copy": "false"})
    assert "stored before" in desk.browse("iris", again.headers["location"].removeprefix("/afschrift")).text
    other = given | {"f.message": "Nog iets.", "f.checked": "true", "f.id_copy": "false"}
    likely = desk.send("iris", "/new", other)
    assert (likely.status_code, "the same identity key" in likely.text) == (409, True)
    copy = other | {"seen": hidden(likely.text, "seen"), "f.id_copy": "true"}
    without = desk.send("iris", "/new", copy).headers["location"].removeprefix("/afschrift")
    assert "A copy of an identity document must not be kept" in desk.browse("iris", without).text
    last = desk.register.requests.all()[-1]
    assert len(desk.register.cases.texts(last.case, "cli:anna")) == 2  # message and parties
    assert requests(desk) == before + 2


LONG = "a" * 3_000_000


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"received_on": "2199-01-01"}, 422, "Day of receipt : lies in the future"),
        ({"received_on": ""}, 422, "Day of receipt : is missing"),
        ({"received_on": "gisteren", "received_time": "9 uur"}, 422, "is no day"),
        ({"received_time": "25:00"}, 422, "is no time"),
        ({"right": []}, 422, "Right :"),
        ({"right": ["access", "unclear"]}, 422, "Right :"),
        ({"made_by": "heir", "key.customer_id": "1"}, 422, ""),
        ({"requester_name": "Mr. X"}, 422, "Name :"),
        (
            {"limits": "login", "limits_quote": OF_ALL},
            422,
            "Tables or categories of data that it is limited to :",
        ),
        ({"language": "fr"}, 422, "Language :"),
        ({"message": LONG}, 422, "Message :"),
        ({"message": LONG, "person_name": LONG}, 422, "More was sent than is taken"),
        ({"message": LONG * 4}, 422, "More was sent than is taken"),
    ],
)
def test_a_fault_changes_nothing_and_loses_nothing(
    desk: Desk, changed: dict[str, Any], status: int, words: str
) -> None:
    before = requests(desk)
    page = desk.send("ivo", "/new", form(person_address=OF_ALL, **changed))
    assert (page.status_code, requests(desk)) == (status, before), text_of(page.text)[:900]
    assert words in text_of(page.text)[:900]
    if len(str(changed)) < 1_000:
        assert "&lt;script&gt;x&lt;/script&gt;" in page.text


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (EML.format(date="", text=""), 200, "It has no date."),
        (EML.format(date=DATE.replace("2026", "2199"), text=""), 200, "still to come"),
        (
            "From: a@example.org\nFrom: b@example.org\n" + EML.format(date=DATE, text=""),
            200,
            "several senders",
        ),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(9_000), 409, "cannot be read as an e-mail"),
        (b"", 409, "No file was chosen"),
        (EML.format(date=DATE, text="a" * 40_000_000), 409, "larger than the 25 MB"),
        (EML.format(date=DATE, text="a" * 4_000_000), 200, "too large to stay in this form"),
    ],
)
def test_a_file_is_read_or_refused(desk: Desk, content: bytes | str, status: int, words: str) -> None:
    page = desk.send("ivo", "/new", form(person_address="Kade 1") | {"do": "read"}, upload=file(content))
    assert (page.status_code, words in text_of(page.text)) == (status, True), text_of(page.text)[:600]
    assert value(page.text, "person_address") == "Kade 1"


def test_a_token_or_role_that_is_not_theirs(desk: Desk) -> None:
    before = requests(desk)
    forged = desk.browse("ivo", "/new", form() | {"token": "0" * 64}, upload=file(EML))
    assert (forged.status_code, "Mag ik alles zien?" in forged.text) == (403, True)
    for user in ("sam", "dirk", "kim", "ada", "moe"):
        for path in ("/new", "/new/import"):
            assert desk.browse(user, path).status_code == 403
            assert desk.browse(user, path, form()).status_code == 403
        assert ">New request<" not in desk.browse(user, "/").text
    assert ">New request<" in desk.browse("ivo", "/").text
    token = {"token": token_in(desk.browse("ivo", "/new").text)}
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert desk.browse("ivo", "/new", form() | token, headers=elsewhere).status_code == 403
    assert desk.browse("ivo", "/new/stored?notice=e30.abc").status_code == 200
    assert requests(desk) == before


def test_lines_of_a_file(desk: Desk) -> None:
    head = "message;channel;received_on;right;made_by\r\n"
    lines = [f"Mag ik alles zien, vraag {n}?;letter;05-03-2026;access;self\r\n" for n in range(3)]
    before = requests(desk)
    text = head + "".join(lines) + "x;y\r\n" + lines[0].replace("access", "acces")
    page = desk.send("ivo", "/new/import", {}, upload=file("\ufeff" + text, "r.csv"))
    assert (page.status_code, requests(desk)) == (422, before + 3)
    assert "6 column 4 (right) did you mean `access`?" in text_of(page.text)
    again = desk.send("ivo", "/new/import", {}, upload=file(head + "".join(lines), "r.csv"))
    assert (again.status_code, "3 lines were stored before" in again.text) == (200, True)
    for wrong in ("a;b\n1;2\n", "", head + "x\n" * 2_000):
        refused = desk.send("ivo", "/new/import", {}, upload=file(wrong, "r.csv"))
        assert (refused.status_code, requests(desk)) == (409, before + 3)


def test_a_program_stores_a_request(desk: Desk) -> None:
    before = requests(desk)
    body: dict[str, Any] = {
        "message": "Ook via een programma.",
        "channel": "portal",
        "received_at": "2026-03-05T09:00:00+01:00",
        "right": ["access", "portability"],
        "other_rights": ["erasure"],
    }
    assert desk.ask("sam", "POST", "/requests", json=body).status_code == 403
    wrong = body | {"right": "acess", "received_at": "2026-03-05", "keys": {"zangvogel": "x"}}
    refused = desk.ask("ivo", "POST", "/requests", json=wrong)
    assert (refused.status_code, {*refused.json()["fields"]}) == (422, {"right", "received_at", "keys"})
    assert "zangvogel" not in refused.text
    assert desk.ask("ivo", "POST", "/requests", json=[]).status_code == 422
    assert requests(desk) == before
    stored = desk.ask("ivo", "POST", "/requests", json=body).json()
    assert (len(stored["requests"]), stored["found"], requests(desk)) == (2, False, before + 2)
    assert any("erasure (Art. 17)" in line for line in stored["lines"])
    again = desk.ask("ivo", "POST", "/requests", json=body).json()
    assert (again["requests"], again["found"]) == (stored["requests"], True)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"right": []}, "Recht: kies een recht, of dat het bericht dat niet zegt."),
        ({"received_on": "gisteren"}, "Dag van ontvangst : is geen dag; schrijf 2026-03-05"),
        ({"requester_name": "X"}, "Naam : hoort bij een verzoek van een ouder, voogd of gemachtigde"),
        ({"received_on": "2199-01-01"}, "Dag van ontvangst : ligt in de toekomst"),
    ],
)
def test_faults_are_in_the_language_of_the_reader(desk: Desk, changed: dict[str, Any], words: str) -> None:
    token = {"token": token_in(desk.browse("ivo", "/new").text)}
    page = desk.browse("ivo", "/new", form(**changed) | token, headers={"Accept-Language": "nl"})
    assert words in text_of(page.text), text_of(page.text)[:600]
