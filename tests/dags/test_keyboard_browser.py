"""A whole case by keyboard alone, in Dutch: Tab, arrows, Enter, Space and typing; focus is seen and never trapped."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator
from testbed.running import drive
from tests.support.browsing import opened, served
from tests.support.days import local_today
from tests.support.pages import ROLES
from tests.support.reviewing import BALANCE, NEIGHBOUR, Reviewers

from afschrift.domain.state import State
from afschrift.steps.close import close

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.needs_program("chromium")]
MOST_TABS = 150
FOCUS = """() => {
    const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect()
    const at = document.elementFromPoint(box.x + Math.min(box.width, 20) / 2, box.y + Math.min(box.height, 20) / 2)
    return {
        what: e.outerHTML.slice(0, 120),
        ring: e === document.body || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2),
        seen: e === document.body || (at !== null && (e.contains(at) || at.contains(e))),
    }
}"""
"""What has the focus, whether a ring shows it, and whether nothing lies over it."""


def today_typed() -> str:
    """Today, as Chromium's field for a day takes it."""
    return local_today().strftime("%m%d%Y")


class Keyboard:
    """A person at the pages without a mouse."""

    def __init__(self, browser: Browser, address: str, user: str) -> None:
        size: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "locale": "nl-NL"}
        self.page = opened(browser, address, user, **size)
        self.address = address
        self.page.set_default_timeout(10_000)

    def today(self) -> None:
        self.page.goto(f"{self.address}/")

    def tab_to(self, to: Locator) -> None:
        """Press Tab until an element has the focus; each that has it on the way is seen."""
        passed = []
        for _ in range(MOST_TABS):
            if to.evaluate("e => e === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
            found = self.page.evaluate(FOCUS)
            assert found["ring"] and found["seen"], found
            passed.append(found["what"])
        raise AssertionError(f"Tab does not lead to {to}; it led to {passed[-9:]}")

    def follow(self, name: str, within: Any = None) -> None:
        self._enter((within or self.page).get_by_role("link", name=name).first)

    def press(self, name: str) -> None:
        self._enter(self.page.get_by_role("button", name=name).first)

    def _enter(self, to: Locator) -> None:
        self.tab_to(to)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def _field(self, name: str) -> Locator:
        return self.page.get_by_label(name).and_(self.page.locator("input, textarea, select")).first

    def type(self, name: str, text: str) -> None:
        self.type_into(self._field(name), text)

    def type_into(self, field: Locator, text: str) -> None:
        self.tab_to(field)
        self.page.keyboard.type(text)

    def tick(self, name: str) -> None:
        self.tab_to(self._field(name))
        self.page.keyboard.press("Space")

    def pick(self, name: str, group: str) -> None:
        """Come to a group of which nothing is chosen, which is at its first; go down to one of it."""
        of = self.page.get_by_role("group", name=group)
        self.tab_to(of.get_by_role("radio").first)
        self.page.keyboard.press("Space")
        while not of.get_by_label(name).first.is_checked():
            self.page.keyboard.press("ArrowDown")

    def choose(self, name: str, label: str) -> None:
        self.type(name, label)  # a list goes to what is typed

    def unfold(self, text: str) -> None:
        self.tab_to(self.page.locator("summary").filter(has_text=text))
        self.page.keyboard.press("Enter")


@pytest.mark.nightly
def test_a_case_from_the_message_to_the_answer_by_keyboard(
    browser: Browser, app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewers = Reviewers.set_up(tmp_path, monkeypatch)
    (tmp_path / "home" / "roles.yml").write_text(ROLES, encoding="utf-8")
    with served(app) as address:
        ivo = Keyboard(browser, f"{address}/afschrift", "ivo")
        ivo.today()
        ivo.follow("Nieuw verzoek")
        ivo.type("Bericht", "Graag ontvang ik alle gegevens die u over mij heeft. Groet, Ann")
        ivo.pick("Brief", "Hoe het binnenkwam")
        ivo.type("Dag van ontvangst", today_typed())
        ivo.tick("De gegevens inzien (artikel 15)")
        ivo.pick("De betrokkene zelf", "Gedaan door")
        ivo.type("customer id", "1")
        ivo.press("Het verzoek opslaan")
        [stored] = reviewers.bureau.register.requests.all()
        reviewers.asked(stored.id, "identity")

        anna = Keyboard(browser, f"{address}/afschrift", "anna")
        anna.today()
        anna.follow("Wie vraagt")
        anna.pick("Bevestigd", "Uw keuze")
        anna.pick("Terugbellen", "Hoe")
        anna.pick("Substantieel", "zeker")
        anna.press("Het antwoord vastleggen")

        reviewers.asked(stored.id)
        anna.today()
        anna.follow("Beoordeling van de bundel")
        anna.follow("shop.ticket_message")
        anna.choose("Grond voor wat hier onleesbaar wordt", "Rechten van anderen")
        anna.unfold("Iets anders in deze tabel onleesbaar maken")
        anna.type("Woorden die onleesbaar worden", NEIGHBOUR)
        anna.press("Bewaren, dan alle tabellen")
        anna.pick("Privacy", "Welk recht")
        for name, text in BALANCE.items():
            anna.type_into(anna.page.locator(f"id=f-rights_of_others.{name}"), text)
        anna.press("Het antwoord vastleggen")
        reviewers.asked(stored.id)
        anna.today()
        anna.follow("Beoordeling van de bundel")
        anna.pick("Het mag weg", "Uw keuze")
        anna.press("Het antwoord vastleggen")
        drive(reviewers.services, stored.id)

        anna.today()
        anna.follow(stored.id)
        anna.follow("Een brief maken")
        anna.follow("Ontvangstbevestiging")
        anna.press("Bekijken zoals de brief uitgaat")
        anna.press("Maken")
        anna.follow("Het antwoord is klaar: informeer de persoon")
        anna.pick("De persoon is geïnformeerd", "Uw keuze")
        anna.type("Dag waarop de persoon is geïnformeerd", today_typed())
        anna.pick("Persoonlijk overhandigd", "Hoe")
        anna.type("Kenmerk van het bewijs", "balie-0412")
        anna.press("Het antwoord vastleggen")
        close(reviewers.services, stored.id)
    assert reviewers.bureau.state(stored.id) is State.DELIVERED
