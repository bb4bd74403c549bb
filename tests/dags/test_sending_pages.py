"""What the page says where a real mail server turns a letter down or breaks off, and of a second click on Send."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.support.mail_server import Manner, mail_file, serving, unused_port
from tests.support.pages import Desk, text_of, token_in

from afschrift.app.roles_file import load_roles
from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer

pytestmark = pytest.mark.airflow
ADDRESS = "ann@example.org"
BACK, NOT_TAKEN = "Hij kwam meteen terug: ", "de mailserver nam hem niet aan"
DID_IT, UNSURE, AGAIN = "misschien verzonden: de mailserver verbrak", "is onbekend", "met het juiste adres"
SENT = "Er hoeft niets te gebeuren"
CASES: dict[Manner | None, tuple[str, int, str, int, str]] = {
    Manner.TAKES: ("sent", 303, "Vastgelegd: Per e-mail verzenden", 409, SENT),
    Manner.TAKES_AND_DROPS: ("sent", 303, "Vastgelegd: Per e-mail verzenden", 409, SENT),
    Manner.NO_SUCH_MAILBOX: ("bounced", 303, f"{BACK}adres onbekend", 409, AGAIN),
    Manner.SPAM: ("bounced", 303, f"{BACK}geweigerd", 409, AGAIN),
    Manner.SENDER: ("produced", 500, "is niet te gebruiken (553)", 500, "(553)"),
    Manner.DROPS_HALFWAY: ("unknown", 500, DID_IT, 409, UNSURE),
    Manner.DROPS_ANSWER: ("unknown", 500, DID_IT, 409, UNSURE),
    **dict.fromkeys(
        (Manner.LATER, Manner.LATER_AFTER_ALL, Manner.DROPS_ENVELOPE, Manner.DROPS_DATA, None),
        ("produced", 503, NOT_TAKEN, 503, NOT_TAKEN),
    ),
}
"""Manner of the server (None: none listens) -> state of the letter, then status and words of two clicks."""


def test_each_way_of_a_mail_server_is_said_on_the_page(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CASES.keys() == {*Manner, None}
    officer, found = Officer(desk.register, load_roles(), "cli:anna"), {}
    for manner in CASES:
        request = desk.submit(desk.customers.pop(), "access", person={"name": "Ann", "email": ADDRESS})
        made = make(officer, request, "acknowledgement", {"to": ADDRESS}).letter
        assert made is not None
        path = f"/letters/{made.id}/do/send"
        with ExitStack() as open_:
            url = open_.enter_context(serving(manner))[1] if manner else f"smtp://127.0.0.1:{unused_port()}"
            monkeypatch.setenv("AFSCHRIFT_MAIL", str(mail_file(tmp_path, url)))
            clicks: list[int | str] = []
            token = token_in(desk.browse("anna", path).text)
            for words in CASES[manner][2::2]:
                sent = desk.browse("anna", path, {"token": token}, headers={"Accept-Language": "nl"})
                to = sent.headers.get("location", "").removeprefix("/afschrift")
                page = desk.browse("anna", to, headers={"Accept-Language": "nl"}) if to else sent
                clicks += [sent.status_code, words if words in text_of(page.text) else text_of(page.text)]
        found[manner] = (desk.register.letters.get(made.id).state.value, *clicks)
    assert found == CASES
    monkeypatch.delenv("AFSCHRIFT_MAIL")
    request = desk.submit(desk.customers.pop(), "access", person={"name": "Ann", "email": ADDRESS})
    made = make(officer, request, "acknowledgement", {"to": ADDRESS}).letter
    assert made is not None
    sent = desk.send("anna", f"/letters/{made.id}/do/send", {}, headers={"Accept-Language": "nl"})
    assert (sent.status_code, "Er is geen mailserver voor brieven." in text_of(sent.text)) == (500, True)


@pytest.mark.parametrize(("manner", "words"), [(Manner.TAKES, "gemaakt en verzonden"), (Manner.SPAM, BACK)])
def test_a_letter_made_and_sent_at_once_says_what_became_of_it(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manner: Manner, words: str
) -> None:
    request = desk.submit(desk.customers.pop(), "access", person={"name": "Ann", "email": ADDRESS})
    path, dutch = f"/requests/{request}/do/letter", {"Accept-Language": "nl"}
    given = {"kind": "acknowledgement", "f.to": ADDRESS}
    with serving(manner) as (_, url):
        monkeypatch.setenv("AFSCHRIFT_MAIL", str(mail_file(tmp_path, url)))
        shown = desk.send(
            "anna", f"{path}?kind=acknowledgement", given | {"show": "true"}, headers=dutch
        ).text
        seen = shown.partition('name="seen" value="')[2].partition('"')[0]
        typed = given | {"seen": seen, "token": token_in(shown), "send": "true"}
        sent = desk.browse("anna", path, typed, headers=dutch)
    to = sent.headers["location"].removeprefix("/afschrift")
    assert words in text_of(desk.browse("anna", to, headers=dutch).text)
