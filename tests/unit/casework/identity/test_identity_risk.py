"""How sure an identity must be follows from the request (R12); only letters stop the clock (R42)."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from testbed.mini import SQLITE_SHOP as SHOP
from tests.support.days import local_today
from tests.support.deciding import Bureau, unchanged
from tests.support.restricted import open_bureau

from afschrift.casework.identity.confirm import confirm_identity
from afschrift.casework.identity.confirmed import identity_question, needed_level
from afschrift.casework.letters.make import make
from afschrift.domain.errors import GateError, RefusedError
from afschrift.inventory.document import InventoryError
from afschrift.law.letter import Bounce
from afschrift.law.person import USUAL, Factor, Level, level_of, risk
from afschrift.register.records import QuestionRow
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract
from afschrift.wiring.dry_run import preview

PLAIN = SHOP.replace("    special: A9-2-a\n", "")
LEVELS = "identity_level: {approved_by: board, on: 2026-01-05, dpo_advice: in favour, %s}\n"


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return open_bureau(tmp_path, monkeypatch, all_tables=True)


def login(level: str) -> dict[str, Any]:
    return {"by": "log-in", "level": level, "at": "2026-01-01T00:00:00Z"}


def needed(bureau: Bureau, request: str) -> tuple[str, set[str]]:
    found = needed_level(bureau.register, request, bureau.settings)
    return found.level.value, {factor.value for factor in found.factors}


@pytest.mark.parametrize("factors", [set(), *({f} for f in Factor), set(Factor)])
def test_the_class_is_the_highest_that_a_factor_asks_for(factors: set[Factor]) -> None:
    found = risk(factors)
    asked = [Level.LOW, *(USUAL[factor] for factor in factors)]
    assert all(found.level.covers(level) for level in asked)
    assert found.level in asked
    assert set(found.factors) == factors


def test_levels_in_a_channels_own_words() -> None:
    words: tuple[object, ...] = ("low", "high", "password + code", 2, None)
    assert [level_of(word).value for word in words] == ["low", "high"] + ["substantial"] * 3
    for word in ("Low", " LOW ", "http://eidas.europa.eu/LoA/low", "none", "", "unverified"):
        assert level_of(word) is Level.LOW, word


def test_the_class_follows_from_inventory_and_request(bureau: Bureau) -> None:
    request = bureau.store()
    assert needed(bureau, request) == ("substantial", {"special_categories"})
    limited = bureau.store(limits={"quote": "Alleen mijn orders.", "tables": ["shop.orders"]})
    assert needed(bureau, limited) == ("low", set())
    bureau.store(keys={"customer_id": "7", "email": "a@example.org"}, days=20)
    changed = bureau.store(keys={"customer_id": "7", "email": "b@example.org"})
    assert needed(bureau, changed) == ("high", {"special_categories", "contact_changed"})
    parent = bureau.store(keys={"customer_id": "8"}, made_by="parent")
    assert needed(bureau, parent) == ("high", {"special_categories", "representative"})
    bureau.describe(PLAIN)
    assert needed(bureau, request) == ("low", set())
    bureau.describe(PLAIN.replace("score: {", "score: {category: user.financial.bank_account, "))
    assert needed(bureau, request) == ("substantial", {"financial"})
    assert needed(bureau, bureau.store("portability"))[0] == "substantial"


HEALTH = "score: {category: user.health_and_medical, review: needed"


@pytest.mark.parametrize(
    "column",
    [HEALTH, f"{HEALTH}, protect: secret", "score: {category: user.financial.bank_account, review: needed",
     "score: {purposes: [coached], review: needed"],
)  # fmt: skip
def test_a_proposed_category_asks_for_care_as_a_confirmed_one_does(bureau: Bureau, column: str) -> None:
    coached = "basis: A6-1-a, special: A9-2-a, title: {nl: x, en: x}, retention: P1Y, recipients: []"
    text = PLAIN.replace("purposes:\n", f"purposes:\n  coached: {{{coached}}}\n", 1)
    request = bureau.describe(text).store()
    assert needed(bureau, request) == ("low", set())
    bureau.describe(text.replace("score: {", f"{column}, ", 1))
    assert needed(bureau, request)[0] == "substantial"
    limited = bureau.store(limits={"quote": "x", "tables": ["shop.orders"]})
    assert needed(bureau, limited) == ("low", set())


def test_a_log_in_that_falls_short_is_asked_about_and_no_step_goes_on(bureau: Bureau) -> None:
    other = {"customer_id": "2"}
    assess(bureau.services, bureau.store(keys=other, authenticated=login("substantial")))
    request = bureau.store(authenticated=login("low"))
    with pytest.raises(GateError, match="not confirmed at the level"):
        list(preview(bureau.services, request, sql=False))
    question = bureau.asked(request)
    assert question.kind == "identity"
    assert question.detail == {"risk": "substantial", "factors": ["special_categories"]}
    assert bureau.asked(request).id == question.id  # a later run asks no second one
    with pytest.raises(GateError, match="no identity decision"):
        extract(bureau.services, request, "shop")

    error = unchanged(bureau, question, lambda: confirm(bureau, question, "low"), RefusedError)

    assert "R12" in str(error)
    assert "known address" in error.remedy
    confirm(bureau, question, "substantial")
    assess(bureau.services, request)
    assert classify(bureau.services, request)["plan"]


def confirm(bureau: Bureau, question: QuestionRow, level: str) -> Any:
    return bureau.reply(question, "confirmed", method="call_back", level=level)


def test_before_it_is_asked_the_same_holds(bureau: Bureau) -> None:
    request = bureau.store(authenticated=None)
    needed = needed_level(bureau.register, request, bureau.settings)
    proof = {"method": "login", "level": "low"}
    with pytest.raises(RefusedError, match="R12"):
        confirm_identity(bureau.officer(), request, detail=proof, needed=needed)
    assert bureau.register.decisions.of(request) == ()
    decided = confirm_identity(bureau.officer(), request, detail=proof | {"level": "high"}, needed=needed)
    assert (decided.kind, decided.choice) == ("identity", "confirmed")
    assert decided.about == identity_question(bureau.register, request).about  # it holds for these keys alone
    assess(bureau.services, request)
    assert bureau.register.questions.all(request_id=request, open_only=False) == ()


def test_the_policy_sets_the_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = LEVELS % "ordinary: substantial, special_categories: high"
    bureau = open_bureau(tmp_path, monkeypatch, more, all_tables=True)
    request = bureau.store(authenticated=None)
    assert needed(bureau, request)[0] == "high"
    question = bureau.asked(request)
    bureau.describe(PLAIN)
    assert bureau.asked(request).id == question.id  # it asks for more than is needed now: not another one
    (bureau.settings.inventory / "shop.yml").write_text(PLAIN, encoding="utf-8")
    assert needed(bureau, bureau.store())[0] == "substantial"
    policy = bureau.settings.inventory / "policy.yml"
    policy.write_text(policy.read_text().replace("ordinary: substantial", "ordinary: sure"))
    with pytest.raises(InventoryError, match=r"policy\.yml"):
        needed(bureau, bureau.store())


def test_asking_and_an_insufficient_answer_stop_the_clock_by_letters_alone(bureau: Bureau) -> None:
    request = bureau.store(keys={"customer_id": "2"}, authenticated=login("low"), days=12)
    question = bureau.asked(request)
    bureau.reply(question, "not_confirmed", doubt="special_data")
    today = local_today()

    def since(ahead: int = 0) -> date | None:
        return bureau.clocks(ahead).clock(bureau.register.facts.timeline(request)).suspended_since

    bureau.clocks().suspend(request, "identity", doubt="special_data")
    assert since() is None  # decided on, and not sent
    letter = letter_of(bureau, request)
    bureau.send(letter)
    assert since() == today
    bureau.register.outbox.enter_bounce(letter, today, Bounce.REFUSED, "cli:anna")
    assert since() is None  # it came back
    bureau.send(letter_of(bureau, request, "counter"))
    assert since() == today

    bureau.clocks(5).insufficient(request, today + timedelta(days=5))
    assert since(5) is not None
    assert since(20) is None  # no further question followed at once (R43)
    asked = bureau.asked(request)
    assert asked.id != question.id
    confirm(bureau, asked, "substantial")
    assess(bureau.services, request)


def letter_of(bureau: Bureau, request: str, *ways: str) -> str:
    given = {"doubt": "Het gaat om gezondheidsgegevens.", "ways": ["call_back", *ways]}
    made = make(bureau.officer(), request, "identity_request", given)
    return made.letter.id
