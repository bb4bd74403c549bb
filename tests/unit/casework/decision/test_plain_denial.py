"""A plain denial by default, and evasive words by a policy that two people sign for a source (R09, R84)."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from testbed.running import members, run
from tests.support.command_line import refused, run_command
from tests.support.days import local_today
from tests.support.deciding import Bureau, unchanged
from tests.support.manual import add_systems, system
from tests.support.restricted import hide_as_before, open_bureau, restrict, set_evasive

from afschrift.casework.answer import answer_question
from afschrift.casework.decision import denial
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.officer import Officer
from afschrift.domain.errors import (
    AfschriftError,
    FormError,
    NeedsPersonError,
    NotAllowedError,
    RefusedError,
)
from afschrift.domain.instants import utc_now
from afschrift.law.roles import Person, Role, Roles
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.wiring.build_services import build

KEEPER = Roles((Person("Bea", frozenset({"cli:bea"}), frozenset({Role.SOURCE_OWNER})),))
_NUMBERS = count(4711)
FOUND = {
    "nl": "vonden wij niets over u, behalve dit verzoek",
    "en": "we found nothing about you, except this",
}
MAY_NOT = {
    "nl": "mogen wij gegevens volgens de wet niet geven",
    "en": "the law says that we may not give data",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """An installation without the policy."""
    return open_bureau(tmp_path, monkeypatch)


def stranger(bureau: Bureau, **more: Any) -> str:
    """A request of a person of whom nothing is held; each is of another."""
    return bureau.store("access", {"customer_id": str(next(_NUMBERS))}, **{"language": "en", **more})


def with_mailbox(bureau: Bureau) -> Bureau:
    add_systems(bureau.settings.inventory, system("mail", "mailbox") + "search_by: [customer_id]\n")
    bureau.services = build(lambda _line: None, bureau.settings)
    return bureau


def letter(bureau: Bureau, request: str, mail: str = "") -> str:
    """The letter of a request of which nothing is held; `mail`: what the keeper of the mailbox answers."""
    assess(bureau.services, request)
    for _ in range(3):
        with pytest.raises(NeedsPersonError):
            classify(bureau.services, request)
        for question in bureau.questions(request):
            if question.kind == "manual":
                detail = {"reason": "not_feasible"} if mail == "not_searched" else {}
                keeper = Officer(bureau.register, KEEPER, "cli:bea")
                answer_question(keeper, question.id, mail, detail=detail, files=[])
            elif question.kind == "nothing_held":
                bureau.answer(question, "confirm_none")
            elif question.kind == "unlisted_tables":
                bureau.answer(question, "leave_out")
    return bureau.text(request, "nothing_held", keep=True)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_nothing_held_is_said_plainly_unless_by_policy(shop: Bureau, language: str) -> None:
    plain = letter(shop, stranger(shop, language=language))
    earlier = stranger(shop, days=3, language=language)
    set_evasive(shop, "shop", days=2)
    evasive = letter(shop, stranger(shop, language=language))

    assert FOUND[language] in plain
    assert MAY_NOT[language] not in plain
    assert FOUND[language] not in evasive
    assert MAY_NOT[language] in evasive
    assert FOUND[language] in letter(shop, earlier)


def test_a_system_that_people_did_not_search_is_named_and_denies_nothing(shop: Bureau) -> None:
    bureau = with_mailbox(shop)
    searched = letter(bureau, stranger(bureau), mail="nothing_held")
    other = letter(bureau, stranger(bureau), mail="not_searched")

    assert FOUND["en"] in searched
    assert "Where did we search? - shop - Mailbox" in searched
    assert "Where did we not search? - Papers" in searched
    assert FOUND["en"] not in other
    assert MAY_NOT["en"] not in other
    assert "Where did we not search? - Mailbox" in other


@pytest.mark.parametrize("doubt", ["open restriction", "limits", "not described"])
def test_what_is_kept_back_or_not_looked_into_is_no_plain_denial(shop: Bureau, doubt: str) -> None:
    limits = {"tables": ["shop.ticket"], "quote": "Alleen tickets."} if doubt == "limits" else None
    request = stranger(shop, language="en", **({"limits": limits} if limits else {}))
    if doubt == "open restriction":
        question = open_decision(shop.services.grounds, shop.register, request)
        restrict(shop, request, question, ["shop.ticket"], "open")
    if doubt == "not described":
        shop.execute("CREATE TABLE diary (customer_id INTEGER, note TEXT)")
        file = shop.settings.inventory / "shop.yml"
        shop.describe(file.read_text("utf-8").replace("unlisted: ignore", "unlisted: ask"))
    text = letter(shop, request)
    assert MAY_NOT["en"] not in text
    assert (FOUND["en"] in text) == (doubt == "not described")
    assert ("Where did we not search? - a part of ‘shop’" in text) == (doubt == "not described")


def test_page_and_readme_follow_the_same_rule(shop: Bureau) -> None:
    shop.execute("DELETE FROM ticket_message", "DELETE FROM ticket")
    earlier = shop.store("access", days=3, language="en")
    set_evasive(shop, "shop", days=2)
    texts = []
    for request in (
        earlier,
        shop.store("access", language="en"),
        shop.store("portability", days=3, language="en"),
    ):
        bundle = members(run(shop.services, request))
        texts.append({name: " ".join(bundle[name].decode().split()) for name in ("index.html", "README.txt")})
    plain, evasive, taken = texts
    none, cautious = (
        "We found nothing about you here",
        "There is nothing here that you can get with this request",
    )
    assert none in plain["index.html"]
    assert "In coverage.json, nothing_given means: we found nothing about you there." in plain["README.txt"]
    assert not [name for name, text in plain.items() if MAY_NOT["en"] in text]
    assert cautious in evasive["index.html"]
    assert [name for name, text in evasive.items() if MAY_NOT["en"] in text] == ["index.html", "README.txt"]
    assert "here that you can get with this request." in evasive["README.txt"]
    assert none not in evasive["index.html"] + taken["index.html"]
    assert MAY_NOT["en"] not in taken["index.html"]


def test_hidden_restriction_without_the_policy_is_refused_with_the_way_out(shop: Bureau) -> None:
    request = shop.store("access", days=3)
    set_evasive(shop, "shop", days=2)
    question = open_decision(shop.services.grounds, shop.register, request)

    error = unchanged(shop, question, lambda: restrict(shop, request, question, ["shop.ticket"]), FormError)

    assert "existence" in error.fields
    assert "`afschrift grounds evasive SOURCE`" in error.fields["existence"]
    restrict(shop, request, question, ["shop.ticket"], "open")
    later = shop.store("access")
    restrict(shop, later, open_decision(shop.services.grounds, shop.register, later), ["shop.ticket"])


def earlier_home(folder: Path, patch: pytest.MonkeyPatch, *, hidden: bool) -> Bureau:
    """A home in which an earlier version hid tables of one person, and a request of another is open."""
    folder.mkdir()
    bureau = open_bureau(folder, patch)
    if hidden:
        hide_as_before(bureau, patch, bureau.store("access", days=9), ["shop.ticket", "shop.ticket_message"])
    return bureau


def test_a_source_hidden_before_has_the_policy_until_two_people_lift_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, next_register: Callable[[], None]
) -> None:
    next_register()
    bureau = earlier_home(tmp_path / "hidden", monkeypatch, hidden=True)
    open_request, new = (stranger(bureau, days=days) for days in (20, 1))
    assert MAY_NOT["en"] in letter(bureau, open_request)
    assert MAY_NOT["en"] in letter(bureau, new)
    set_evasive(bureau, "shop", evasive=False, days=0)
    still = stranger(bureau)
    assert MAY_NOT["en"] in letter(bureau, still)
    assert denial.sources_at(bureau.register, "2999") == set()

    next_register()
    other = earlier_home(tmp_path / "other", monkeypatch, hidden=False)
    assert FOUND["en"] in letter(other, stranger(other))


def test_a_change_of_the_policy_takes_two_people(shop: Bureau) -> None:
    day, officer = local_today("Europe/Amsterdam") + timedelta(days=5), shop.officer
    with pytest.raises(NotAllowedError):
        denial.propose(officer("cli:sam"), "shop", evasive=True)
    with pytest.raises(RefusedError, match="no such source"):
        denial.propose(officer(), "nowhere", evasive=True)
    with pytest.raises(RefusedError, match="No change"):
        denial.sign(officer("cli:sam"), "shop")
    denial.propose(officer(), "shop", evasive=True, since=day)
    with pytest.raises(AfschriftError, match="waits for a second person"):
        denial.propose(officer("cli:otto"), "shop", evasive=False)
    with pytest.raises(NotAllowedError):  # four eyes
        denial.sign(officer("airflow:anna"), "shop")
    assert denial.signed_policies(shop.register) == []
    denial.sign(officer("cli:sam"), "shop", agree=False)
    assert denial.waiting(shop.register, "shop") is None
    denial.propose(officer(), "shop", evasive=True, since=day)
    denial.sign(officer("cli:sam"), "shop")
    now, then = (f"{moment:%Y-%m-%dT%H:%M:%S}Z" for moment in (utc_now(), utc_now() + timedelta(days=6)))
    assert denial.sources_at(shop.register, now) == set()
    assert denial.sources_at(shop.register, then) == {"shop"}
    assert [event["act"] for event in shop.events("denial_policy")] == [
        *("proposed", "turned_down", "proposed", "signed"),
    ]
    set_evasive(shop, "shop", evasive=False, days=0)
    assert denial.sources_at(shop.register, then) == set()  # what was signed last counts


def test_a_policy_never_holds_backwards(shop: Bureau) -> None:
    denial.propose(
        shop.officer(), "shop", evasive=True, since=local_today("Europe/Amsterdam") - timedelta(days=30)
    )
    denial.sign(shop.officer("cli:sam"), "shop")
    request = shop.register.requests.get(stranger(shop))
    assert denial.evasive_sources(shop.register, request) == set()


def test_the_command_proposes_signs_and_lists(shop: Bureau) -> None:
    command = partial(run_command, "grounds")
    assert "once another person signs" in command("evasive", "shop")
    assert isinstance(refused("grounds", "sign-evasive", "shop", "--agree"), NotAllowedError)
    assert command("policies") == ""
    denial.sign(shop.officer("cli:sam"), "shop")
    assert command("policies") == "shop\n"
    command("evasive", "shop", "--lift", "--from", "2099-01-01")
    assert denial.waiting(shop.register, "shop")[1]["since"] == "2098-12-31T23:00:00.000000Z"
