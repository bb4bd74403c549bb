"""Sentences to the person that were false in a state that an ordinary shop has, and what is said now."""

import re
from html import unescape
from typing import Any

import pytest
from testbed import small
from testbed.running import drive, members
from tests.support.deciding import Bureau
from tests.support.in_parts import Club
from tests.support.restricted import open_bureau, restrict

from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.letters.make import make
from afschrift.domain.errors import NeedsPersonError
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

LANGUAGES = ("nl", "en")


@pytest.fixture
def bureau(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return open_bureau(tmp_path, monkeypatch)


def letter(bureau: Bureau, request: str, kind: str, **given: Any) -> str:
    """The text of a letter, in one line."""
    return " ".join(make(bureau.officer(), request, kind, given, keep=False).text.text.split())


def page(bundle: dict[str, bytes], name: str = "index.html") -> str:
    """The text of a file of the bundle, without its script, in one line."""
    source = re.sub(r"<(script|style).*?</\1>", "", bundle[name].decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", source)).split())


FILES = {"where": "https://portal.example", "available_until": "2030-01-01"}
MASKED_BY_HAND = {"masked": ["Bericht in ‘ticket_message’: 1 keer."]}
FIXED: list[tuple[str, dict[str, Any], tuple[str, str], tuple[str, str]]] = [
    # a column is masked by the map too, of which the letter's list has nothing
    ("delivery", FILES | MASKED_BY_HAND, ("Al het andere kunt u lezen", "all the rest"), ("Daar staat alles wat onleesbaar is", "everything that is unreadable")),
    # a fee is decided on later
    ("acknowledgement", {}, ("Uw verzoek is gratis", "Your request is free"), ("Meestal is een verzoek gratis", "A request is usually free")),
    # a restriction, or the rights of others, keep a part back
    ("right_question", {}, ("krijgt u al", "get all"), ("Soms mogen wij een deel niet geven", "Sometimes there is a part that we may not give")),
    ("specify_request", {"question": "?", "overview": ["a"]}, ("Dan krijgt u alles. ", "Then you get everything. "), ("alles wat wij met dit verzoek mogen geven", "everything that we may give")),
    # the shop deleted something itself meanwhile
    ("withdrawal_confirmed", {"withdrawn_on": "2026-11-01"}, ("Bij ons is niets", "Nothing was changed"), ("Door uw verzoek is niets", "Your request changed or deleted nothing")),
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "given", "false", "true"), FIXED, ids=[case[0] for case in FIXED])
def test_a_letter_promises_no_more_than_holds(
    bureau: Bureau, kind: str, given: dict[str, Any], false: Any, true: Any, language: str
) -> None:
    text = letter(bureau, bureau.store(language=language), kind, **given)
    of_language = LANGUAGES.index(language)
    assert false[of_language] not in text
    assert true[of_language] in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_merged_request_is_promised_no_more_than_a_look(bureau: Bureau, language: str) -> None:
    earlier, later = bureau.store(language=language, days=20), bureau.store(language=language, days=2)
    bureau.clocks().merge(later, earlier, ("customer_id",))
    text = letter(bureau, later, "merged")
    assert not re.search("U krijgt alles wat u vroeg|You get all that you asked for", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bundle_says_of_itself_alone_what_was_deleted_and_signed(bureau: Bureau, language: str) -> None:
    bundle = members(drive(bureau.services, bureau.store(language=language)))
    text = page(bundle)
    assert not re.search("Bij ons is niets veranderd|Nothing was changed or deleted", text)
    assert re.search("lazen wij uw gegevens alleen|we only read your data", text)
    readme = " ".join(bundle["README.txt"].decode().split())
    assert not re.search("laten zien dat er onderweg|show that nothing was changed", readme)
    assert re.search(r"op \.sig eindigt, is onze handtekening|ends in \.sig is our signature", readme)
    assert "tagmanifest-sha256.txt.sig" in bundle


def described(bureau: Bureau, *, basis: str = "A6-1-b", observed: bool = True, more: str = "") -> None:
    """The shop with another basis and a title, and a club; what the policy says of observed data."""
    folder = bureau.settings.inventory
    policy = (folder / "policy.yml").read_text(encoding="utf-8")
    choice = "true" if observed else "false"
    policy = policy.replace("observed: {choice: true", f"observed: {{choice: {choice}")
    (folder / "policy.yml").write_text(policy, encoding="utf-8")
    Club(folder.parent).declare(folder)
    shop = small.SHOP.replace("source: shop", "source: shop\ntitle: {nl: Webwinkel, en: Web shop}")
    bureau.describe(shop.replace("basis: A6-1-b", f"basis: {basis}") + more)


OBSERVED = re.compile("zagen|ontstonden|saw|came up")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("observed", [True, False])
def test_what_is_not_portable_is_named_where_rows_are(bureau: Bureau, language: str, observed: bool) -> None:
    """Cleo has a row in the shop, which uses it on its own interest, and none in the club."""
    described(bureau, basis="A6-1-f", observed=observed)
    request = bureau.store("portability", {"customer_id": "3"}, language=language)
    assess(bureau.services, request)
    with pytest.raises(NeedsPersonError) as stopped:
        classify(bureau.services, request)
    assert stopped.value.question == "nothing_portable"
    text = letter(bureau, request, "nothing_portable", reasons="Zie boven.")
    assert re.search("- (Webwinkel|Web shop)", text)
    assert "club" not in text.lower()
    assert re.search("met uw toestemming|with your consent", text)  # Art. 20(1)(a)
    assert not re.search("die ontstonden|that came up", text)
    assert re.search(
        "- (Gegevens die wij om een andere reden gebruiken|Data that we use for another reason)", text
    )
    rule = r"overeenkomst gebruiken \(artikel 20, eerste lid, onder a\)|or for a contract \(Article 20\(1\)\(a\)\)"
    assert re.search(rule, text)


@pytest.mark.parametrize(
    ("ground", "why"),
    [
        ("rights_of_others", "a member of our staff decided, say too much about someone else"),
        ("restriction", "a member of our staff decided, a law restricts your right"),
    ],
)
def test_a_letter_names_the_ground_of_what_a_person_decided(bureau: Bureau, ground: str, why: str) -> None:
    request, places = bureau.store("portability", {"customer_id": "3"}, language="en"), ["shop.customer"]
    question = open_decision(bureau.services.grounds, bureau.register, request)
    if ground == "restriction":
        restrict(bureau, request, question, places, "open")
    else:
        bureau.answer(question, "refuse_part", ground, places=places)
        bureau.sign(request)
    assess(bureau.services, request)
    with pytest.raises(NeedsPersonError):
        classify(bureau.services, request)
    text = letter(bureau, request, "nothing_portable", reasons="See above.")
    assert why in text
    assert "do not belong in here" not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("observed", [True, False])
def test_observed_data_are_offered_only_under_the_policy(
    bureau: Bureau, language: str, observed: bool
) -> None:
    described(bureau, observed=observed)
    text = letter(bureau, bureau.store("unclear", language=language), "right_question")
    assert bool(OBSERVED.search(text)) is observed


MESSAGES = "customer: provided, agent: assigned, bot: inferred"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("observed", [True, False])
def test_the_page_says_what_is_in_it_to_take_along(bureau: Bureau, language: str, observed: bool) -> None:
    described(bureau, observed=observed)
    request = bureau.store("portability", language=language)
    text = page(members(drive(bureau.services, request)))
    everything = text.partition("Is dit alles?" if language == "nl" else "Is this everything?")[2]
    everything = everything[:200]
    assert re.search("gegevens die u ons gaf|data that you gave us", everything)
    assert bool(OBSERVED.search(everything)) is observed
    rows = re.search(r"(Uit deze tabel|From this table)[^.]*\.", text)
    assert rows is not None
    assert not OBSERVED.search(rows[0])  # the map gives `customer` as provided, and no value as observed


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("observed", [True, False])
def test_the_sheet_offers_observed_data_only_under_the_policy(
    bureau: Bureau, language: str, observed: bool
) -> None:
    described(bureau, observed=observed)
    bundle = members(drive(bureau.services, bureau.store(language=language)))
    text = page(bundle, "data/information.html")
    offered = re.search(r"(U kunt de gegevens krijgen|You can get the data)[^.]*\.", text)
    assert offered is not None
    assert bool(OBSERVED.search(offered[0])) is observed


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_that_were_found_are_not_called_unknown_or_anothers(bureau: Bureau, language: str) -> None:
    """Ann is the employee of this address: her row was counted, and is about her."""
    staff = """
  staff:
    personal: false
    key: [id]
    columns:
      id: {origin: not_personal}
      mail: {origin: not_personal}
"""
    bureau.execute(
        "CREATE TABLE staff (id INTEGER, mail TEXT)", "INSERT INTO staff VALUES (7, 'ann@example.org')"
    )
    described(bureau, more=staff)
    request = bureau.store(keys={"customer_id": "1"}, language=language)
    with pytest.raises(NeedsPersonError, match="hold an identifier of the person"):
        drive(bureau.services, request)
    bureau.register.questions.answer(bureau.questions(request)[-1].id, "leave_out", "officer")
    text = page(members(drive(bureau.services, request)))
    named = re.search("(Rijen met uw e-mailadres|Rows with your e-mail address).*", text)
    assert named is not None
    assert not re.search("iemand anders gaan|about someone else|echt over u hebben|really have", named[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_secret_that_is_not_there_is_not_claimed(bureau: Bureau, language: str) -> None:
    bureau.execute("UPDATE customer SET password_hash = NULL")
    text = page(members(drive(bureau.services, bureau.store(language=language))))
    assert not re.search("Wij hebben dit wel|We have this|Wij bewaren dit om|We keep this to", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_origin_mask_or_right_of_rows_that_are_not_there_is_named(
    bureau: Bureau, tmp_path: Any, language: str
) -> None:
    """The person wrote every message; what may be objected to is kept for a public task."""
    bureau.execute("DELETE FROM ticket_message WHERE author_type <> 'customer'")
    club, inventory = Club(tmp_path), bureau.settings.inventory
    club.declare(inventory)
    file = inventory / "club.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("A6-1-b", "A6-1-e"), encoding="utf-8")
    bureau.describe(small.SHOP.replace("inferred, meaning", "derived, meaning"))
    bundle = members(drive(bureau.services, bureau.store(language=language, formats=["csv"])))
    sheet, index = page(bundle, "data/information.html"), page(bundle)
    for words in ("Dit schatten wij zelf in", "it is an estimate", "Maakt u bezwaar", "Do you object, and"):
        assert words not in sheet
    assert ("algemeen belang" in sheet) or ("public interest" in sheet)
    for words in ("gegevens van iemand anders. D", "data of someone else. T"):
        assert words not in index
