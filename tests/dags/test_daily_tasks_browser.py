"""The ten daily tasks of an officer in the browser, in Dutch: clicks and pages of each; none needs a terminal."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser
from tests.dags.test_officer_day_browser import mail
from tests.support.browsing import keep, must_fit_and_be_accessible, opened, served
from tests.support.days import days_away, local_today
from tests.support.ground_forms import GROUNDS
from tests.support.mail_server import Server, mail_file, serving
from tests.support.nightly import nightly_after
from tests.support.pages import ROLES, Desk
from tests.support.reviewing import BALANCE, NEIGHBOUR, Reviewers

from afschrift.casework.decision.require_decision import open_decision
from afschrift.law.letter import LetterState

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.needs_program("chromium")]
MOST_CLICKS = 12
DOCS = Path(__file__).parents[2] / "docs" / "pages.md"
PERSON = {"name": "Ann", "email": "ann@example.org"}


class Hand:
    """What people do on pages. Each press of the mouse counts, and each page that it leads to.

    A field is typed into after Tab. The choice of a file is one press for the button and one in the dialogue.
    """

    def __init__(self, browser: Browser, address: str, patch: pytest.MonkeyPatch) -> None:
        self.browser, self.address, self.patch = browser, address, patch
        self.clicks = self.pages = 0

    def log_in(self, user: str) -> None:
        """Come to the first page as a person of a role."""
        size: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "locale": "nl-NL"}
        self.page = opened(self.browser, self.address, user, **size)
        self.page.goto(f"{self.address}/")
        self.page.set_default_timeout(10_000)
        self.pages += 1

    def go(self, name: str, role: Any = "button", which: int = 0, within: Any = None) -> None:
        """Click what leads to another page."""
        self.clicks, self.pages = self.clicks + 1, self.pages + 1
        with self.page.expect_navigation():
            (within or self.page).get_by_role(role, name=name).nth(which).click()
        must_fit_and_be_accessible(self.page, 1280, name, scrolls=True)

    def link(self, name: str, which: int = 0) -> None:
        self.go(name, "link", which)

    def line(self, request: str) -> Any:
        """The line of a request on the first page."""
        return self.page.get_by_role("row").filter(has_text=request)

    def open(self, request: str, name: str) -> None:
        """Click in the line of a request."""
        self.go(name, "link", within=self.line(request))

    def aside(self, name: str) -> None:
        """Click what opens in a tab of its own."""
        self.clicks, self.pages = self.clicks + 1, self.pages + 1
        with self.page.context.expect_page() as another:
            self.page.get_by_role("button", name=name).click()
        another.value.close()

    def tick(self, name: str, group: str = "") -> None:
        """Tick, or choose one of several."""
        self.clicks += 1
        within = self.page.get_by_role("group", name=group) if group else self.page
        within.get_by_label(name).first.check()

    def choose(self, name: str, label: str) -> None:
        """Choose in a list."""
        self.clicks += 1
        self.page.get_by_label(name).first.select_option(label=label)

    def choose_files(self, name: str, *files: Path) -> None:
        self.clicks += 2
        self.page.get_by_label(name).first.set_input_files(files)

    def unfold(self, text: str) -> None:
        self.clicks += 1
        self.page.get_by_text(text).click()

    def type(self, name: str, text: str) -> None:
        self.page.get_by_label(name).first.fill(text)

    def says(self, words: str) -> bool:
        return words in self.page.locator("main").inner_text()

    def count(self, task: str) -> None:
        """Compare what a task took with the documentation and with what it may."""
        keep(self.page, f"task_{task}")
        row = f"| {task.replace('_', ' ')} | {self.clicks} | {self.pages} |"
        assert row in DOCS.read_text(encoding="utf-8"), row
        assert self.clicks <= MOST_CLICKS, task


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving() as (server, url):
        monkeypatch.setenv("AFSCHRIFT_MAIL", str(mail_file(tmp_path, url)))
        monkeypatch.setenv("AFSCHRIFT_DEMO", "1")
        yield server


def store(desk: Desk, **more: Any) -> str:
    received = datetime.combine(days_away(-5), datetime.min.time()).astimezone().isoformat()
    return desk.submit(desk.customers.pop(), "access", person=PERSON, received_at=received, **more)


def what_is_due(hand: Hand, desk: Desk, _folder: Path) -> None:
    request = desk.decision("access")[0]
    hand.log_in("anna")
    assert hand.line(request).get_by_role("link", name="Besluit op het verzoek").is_visible()


def take_in(hand: Hand, desk: Desk, folder: Path) -> None:
    hand.log_in("ivo")
    hand.link("Nieuw verzoek")
    hand.choose_files("E-mail (.eml", mail(folder))
    hand.go("Lezen")
    hand.tick("Ik heb afzender, dag en tekst vergeleken")
    hand.tick("Nee", "Zit er een kopie")
    hand.tick("De gegevens inzien (artikel 15)")
    hand.type("Klantnummer", str(desk.customers.pop()))
    hand.go("Het verzoek opslaan")
    assert hand.says("Zo gaat de brief de deur uit.")


def who_asks(hand: Hand, desk: Desk, _folder: Path) -> None:
    request = desk.identity()[0]
    hand.log_in("anna")
    hand.open(request, "Wie vraagt")
    hand.tick("Bevestigd", "Uw keuze")
    hand.tick("Terugbellen")
    hand.tick("Substantieel")
    hand.go("Het antwoord vastleggen")
    assert hand.says("Wie vraagt: Bevestigd")


def a_column(hand: Hand, desk: Desk, _folder: Path) -> None:
    request = desk.asked()[0]
    hand.log_in("anna")
    hand.open(request, "kolom")
    hand.tick("Meegeven", "Uw keuze")
    hand.go("Het antwoord vastleggen")
    assert hand.says("Meegeven")


def extend_with_its_letter(hand: Hand, desk: Desk, _folder: Path) -> None:
    request = store(desk)
    hand.log_in("anna")
    hand.open(request, request)
    hand.link("Met twee maanden verlengen")
    hand.tick("Verspreid over systemen")
    hand.go("Vastleggen")
    hand.link("Maak de brief: Verlenging")
    hand.type("De concrete feiten", "Uw gegevens staan in zeven systemen.")
    hand.type("E-mailadres", PERSON["email"])
    hand.go("Bekijken zoals de brief uitgaat")
    hand.go("Maken en per e-mail verzenden")
    assert hand.says("Vastgelegd: De brief is gemaakt en verzonden.")
    assert desk.register.facts.timeline(request).unsent_letters == ()


def send_paper_bounce(hand: Hand, desk: Desk, _folder: Path) -> None:
    request = store(desk)
    hand.log_in("anna")
    hand.open(request, "Maak de brief: Ontvangstbevestiging")
    hand.go("Bekijken zoals de brief uitgaat")
    hand.go("Maken")
    hand.link("Vastleggen dat u de brief zelf hebt verzonden")
    hand.type("Dag", local_today().isoformat())
    hand.tick("Post")
    hand.type("Bewijs", "Postboek 412")
    hand.go("Vastleggen")
    assert hand.says(", post.")
    hand.link("Vastleggen dat de brief is teruggekomen")
    hand.type("Dag", local_today().isoformat())
    hand.tick("Adres onbekend")
    hand.go("Vastleggen")
    [letter] = desk.register.letters.all(request_id=request)
    assert letter.state is LetterState.BOUNCED


def refuse_as_excessive(hand: Hand, desk: Desk, _folder: Path) -> None:
    request = store(desk)
    open_decision(GROUNDS, desk.register, request)
    hand.log_in("anna")
    hand.open(request, "Besluit op het verzoek")
    hand.link("Weigeren: Kennelijk buitensporig")
    hand.type("Wat er gebeurd is", "Negen verzoeken in vier weken.")
    hand.type("Waaruit de bedoeling blijkt", "Hij schreef: dit kost u tijd.")
    hand.tick("Nauwelijks")
    hand.tick("Gewoon")
    hand.tick("Geen", "kan schaden")
    hand.tick("Dezelfde", "dezelfde gegevens")
    hand.type("De concrete feiten", "U vroeg dit negen keer en schreef dat het ons tijd moest kosten.")
    hand.tick("Schadeclaim")
    hand.type("Het bewijs en waar", "E-mail van 3 november, zaakmap")
    hand.type("E-mailadres voor de brief", PERSON["email"])
    hand.go("Vastleggen: Weigeren")
    hand.log_in("sam")
    hand.open(request, "Tweede handtekening")
    hand.go("Akkoord")
    hand.log_in("anna")
    hand.open(request, "De brief verzenden: Weigering")
    hand.go("Per e-mail verzenden")
    assert hand.says("Dit verzoek is geweigerd, en de persoon weet waarom.")


def search_a_mailbox(hand: Hand, desk: Desk, folder: Path) -> None:
    request, question = desk.manual()
    hand.patch.setenv("AFSCHRIFT_INVENTORY", str(desk.home / "with_mailbox"))
    hand.log_in("kim")
    hand.open(request, "Een systeem om te doorzoeken")
    hand.aside("Toon op welke gegevens van de persoon te zoeken")
    hand.tick("Er zijn bestanden gevonden")
    hand.choose_files("Bestanden die zijn gevonden", mail(folder))
    hand.go("Het antwoord vastleggen")
    assert desk.register.questions.get(question).answered_at


def complaint_with_hold(hand: Hand, desk: Desk, _folder: Path) -> None:
    request = store(desk)
    hand.log_in("anna")
    hand.open(request, request)
    hand.link("Een klacht vastleggen")
    hand.tick("Persoon")
    hand.type("Kenmerk", "klacht-12")
    hand.type("Ontvangen op", local_today().isoformat())
    hand.go("Vastleggen")
    assert hand.says("Er wordt niets van vernietigd: klacht.")


class Task(Protocol):
    """A task, done by hand at a desk; files go into a folder."""

    __name__: str

    def __call__(self, hand: Hand, desk: Desk, folder: Path, /) -> None: ...


TASKS: tuple[Task, ...] = (refuse_as_excessive, what_is_due, take_in, who_asks, a_column)
TASKS += (extend_with_its_letter, send_paper_bounce, search_a_mailbox, complaint_with_hold)


@pytest.mark.parametrize("task", nightly_after(1, TASKS), ids=lambda task: task.__name__)
@pytest.mark.usefixtures("post")
def test_a_daily_task_takes_few_clicks_and_no_terminal(
    browser: Browser, desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: Task
) -> None:
    hand = Hand(browser, address, monkeypatch)
    task(hand, desk, tmp_path)
    hand.count(task.__name__)


@pytest.mark.nightly
def test_a_name_is_redacted_with_few_clicks(
    browser: Browser, app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewers = Reviewers.set_up(tmp_path, monkeypatch)
    (tmp_path / "home" / "roles.yml").write_text(ROLES, encoding="utf-8")
    request = reviewers.store()
    reviewers.asked(request)
    with served(app) as address:
        hand = Hand(browser, f"{address}/afschrift", monkeypatch)
        hand.log_in("anna")
        hand.open(request, "Beoordeling van de bundel")
        hand.link("shop.ticket_message")
        hand.choose("Grond voor wat hier onleesbaar wordt", "Rechten van anderen")
        hand.unfold("Iets anders in deze tabel onleesbaar maken")
        hand.type("Woorden die onleesbaar worden", NEIGHBOUR)
        hand.go("Bewaren, dan alle tabellen")
        hand.tick("Privacy")
        for name, text in BALANCE.items():
            hand.page.locator(f"id=f-rights_of_others.{name}").fill(text)
        hand.go("Het antwoord vastleggen")
        reviewers.asked(request)
        hand.log_in("anna")
        hand.open(request, "Beoordeling van de bundel")
        hand.tick("Het mag weg")
        hand.go("Het antwoord vastleggen")
        hand.count("redact_a_name")
    assert reviewers.bureau.register.questions.all(request_id=request) == ()
