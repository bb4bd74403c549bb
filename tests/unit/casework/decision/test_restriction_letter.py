"""The letter of a restriction: the other law by name, what it permits, and what of the weighing may be said."""

import shutil
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.support.days import days_away
from tests.support.deciding import Bureau, values_of
from tests.support.ground_forms import GROUNDS, complete

from afschrift.casework.decision.ground_form import question_form
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.letters.make import make
from afschrift.domain.errors import ConfigurationError, FormError
from afschrift.domain.right import Right
from afschrift.inventory.law_files import load_grounds
from afschrift.law.grounds import Outcome
from afschrift.letters.mail_message import parts
from afschrift.register.records import QuestionRow

AHEAD = days_away(50).date().isoformat()
WEIGHED = {
    "necessity": "Zonder dit kan het onderzoek niet doorgaan.",
    "matter_risks": "Het risico voor de klant is klein.",
    "fit_for_letter": ["necessity"],
}
SAID: dict[str, dict[str, tuple[str, ...]]] = {
    "UAVG-41-1-d": {
        "nl": (
            "Een andere wet kan dit recht beperken. Dat staat in artikel 23 van de AVG",
            "Een andere wet staat toe dat wij deze gegevens niet geven, als dat nodig is en niet te ver gaat.",
            "artikel 41, eerste lid, onder d, van de Uitvoeringswet AVG",
            "strafbare feiten",
            "Een medewerker heeft dat voor uw verzoek afgewogen.",
            WEIGHED["necessity"],
        ),
        "en": (
            "Another law can limit this right. This is in Article 23 of the GDPR",
            "Another law permits us not to give these data, if that is necessary and does not go too far.",
            "Article 41(1)(d) of the Uitvoeringswet AVG, the Dutch law on the GDPR",
            "criminal offences",
            "A member of our staff weighed this for your request.",
            WEIGHED["necessity"],
        ),
    },
    "BW-7-457-1": {
        "nl": ("Een andere wet verbiedt ons om deze gegevens te geven.", "artikel 457, eerste lid, van boek"),
        "en": ("Another law forbids us to give these data.", "Article 457(1) of Book 7"),
    },
}
NEVER = {
    "UAVG-41-1-d": ("verbiedt", "forbids", WEIGHED["matter_risks"]),
    "BW-7-457-1": ("staat toe", "permits", "afgewogen", "weighed"),
}


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("provision", SAID)
def test_the_letter_names_the_law_and_what_it_permits(bureau: Bureau, provision: str, language: str) -> None:
    """R84; no code reaches the person, and of the weighing only what the decision marks."""
    request, question = opened(bureau, language)
    weighed: dict[str, Any] = WEIGHED if provision.startswith("UAVG") else {}
    bureau.answer(question, "restrict", "restriction", provision=provision, review_on=AHEAD, **weighed)
    seen = bureau.seen(to_sign(bureau, request), by="airflow:sam", unmask=True)
    preview = values_of(seen["The letter that would go out"])["Text"]
    letter = bureau.register.letters.get(str(bureau.sign(request).letter))
    content = b"".join(bureau.register.documents.read(letter.document, "cli:anna"))
    for text in (" ".join(preview.split()), " ".join(parts(content)[1].split())):
        for words in SAID[provision][language]:
            assert words in text
        for words in (*NEVER[provision], provision, "R84"):
            assert words not in text


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"provision": "Wft-1-1"}, "provision"),  # in no list
        ({"outweighs": None}, "outweighs"),
        ({"matter_storage": None}, "matter_storage"),  # each matter of UAVG 41(2) is answered
        ({"fit_for_letter": ["provision"]}, "fit_for_letter"),
        ({"provision": "Wwft-23-1"}, "existence"),  # that a report was made must not be known
    ],
)
def test_what_is_not_weighed_or_named_is_refused(bureau: Bureau, given: dict[str, Any], field: str) -> None:
    _, question = opened(bureau, "nl")
    with pytest.raises(FormError) as caught:
        bureau.answer(question, "restrict", "restriction", review_on=AHEAD, **given)
    assert set(caught.value.fields) == {field}
    assert "provisions.yml" in str(caught.value) or field != "provision"


def test_the_form_over_http_asks_the_same() -> None:
    schema = question_form(GROUNDS, Right.ACCESS, ["fulfil", "restrict"])
    whole = {"choice": "restrict", "ground": "restriction", **complete("restriction", Outcome.RESTRICT)}
    short = {name: value for name, value in whole.items() if not name.startswith("matter_")}
    for given, valid in ((whole, True), (short, False), (short | {"provision": "BW-7-457-1"}, True)):
        assert jsonschema_rs.validator_for(schema).is_valid(given) is valid
    charged = question_form(GROUNDS, Right.ACCESS, ["charge", "refuse"])
    code = "manifestly_unfounded"
    whole = {"choice": "charge", "ground": code, **complete(code, Outcome.CHARGE)}
    for given, valid in ((whole, True), (whole | {"costs": None}, False)):
        given = {name: value for name, value in given.items() if value is not None}
        assert jsonschema_rs.validator_for(charged).is_valid(given) is valid


def test_a_letter_without_a_decision_says_nothing_of_weighing(bureau: Bureau) -> None:
    """An officer may write the letter by hand; the other law must be one of the list."""
    request = bureau.store()
    given = {"refused": ["Notities"], "given": ["De rest"], "reasons": "Er loopt een onderzoek."}
    given["ground"] = "legally_exempted"
    for provision, fault in ((None, "missing"), ("X-1", "provisions.yml")):
        with pytest.raises(FormError, match=fault) as caught:
            make(bureau.officer(), request, "partial_refusal", given | {"provision": provision}, keep=False)
        assert set(caught.value.fields) == {"provision"}
    text = bureau.text(request, "partial_refusal", **given, provision="UAVG-41-1-i")
    assert "onder i, van de Uitvoeringswet AVG" in text
    assert "afgewogen" not in text


def test_each_provision_has_its_words_in_both_languages() -> None:
    provisions = GROUNDS.provisions
    assert {f"UAVG-41-1-{part}" for part in "abcdefghij"} < set(provisions)
    for provision in provisions.values():
        assert provision.effect in ("permits", "forbids")
        assert set(provision.name) == set(provision.protects) == {"nl", "en"}


LAW = "BDSG-34-1: {effect: %s, name: {de: § 34 BDSG}, protects: {de: die Forschung}}\n"


def test_an_installation_adds_provisions_of_its_own(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[4] / "include" / "grounds"
    for name in ("grounds.yml", "grounds.schema.json"):
        shutil.copy(shipped / name, tmp_path)
    assert load_grounds(tmp_path).provisions == GROUNDS.provisions  # a copy from before
    (tmp_path / "provisions.yml").write_text(LAW % "forbids", encoding="utf-8")
    own = load_grounds(tmp_path).provisions
    assert own.keys() - GROUNDS.provisions.keys() == {"BDSG-34-1"}
    assert own["BDSG-34-1"].text("name", "en") == "§ 34 BDSG"
    for wrong in (LAW % "allows", (LAW % "permits").replace("{de: § 34 BDSG}", "{}")):
        (tmp_path / "provisions.yml").write_text(wrong, encoding="utf-8")
        with pytest.raises(ConfigurationError, match=r"provisions\.yml:1: BDSG-34-1"):
            load_grounds(tmp_path)


def opened(bureau: Bureau, language: str) -> tuple[str, QuestionRow]:
    request = bureau.store(language=language)
    return request, open_decision(bureau.officer().grounds, bureau.register, request)


def to_sign(bureau: Bureau, request: str) -> QuestionRow:
    [question] = [q for q in bureau.questions(request) if q.kind == "decision_signed"]
    return question
