"""Sentences to the person that were false in a state that an ordinary shop has, beside those of test_claims."""

import re
from html import unescape
from typing import Any

import pytest
from testbed import small
from testbed.running import drive, members
from tests.support.deciding import Bureau
from tests.support.in_parts import Club
from tests.support.restricted import open_bureau

from afschrift.domain.errors import NeedsPersonError
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

LANGUAGES = ("nl", "en")


@pytest.fixture
def bureau(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return open_bureau(tmp_path, monkeypatch)


def page(bundle: dict[str, bytes], name: str = "index.html") -> str:
    """The text of a file of the bundle, without its script, in one line."""
    source = re.sub(r"<(script|style).*?</\1>", "", bundle[name].decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", source)).split())


def described(bureau: Bureau, *, basis: str, observed: bool) -> None:
    """The shop with another basis and a title, and a club; what the policy says of observed data."""
    folder = bureau.settings.inventory
    policy = (folder / "policy.yml").read_text(encoding="utf-8")
    choice = "true" if observed else "false"
    policy = policy.replace("observed: {choice: true", f"observed: {{choice: {choice}")
    (folder / "policy.yml").write_text(policy, encoding="utf-8")
    Club(folder.parent).declare(folder)
    shop = small.SHOP.replace("source: shop", "source: shop\ntitle: {nl: Webwinkel, en: Web shop}")
    bureau.describe(shop.replace("basis: A6-1-b", f"basis: {basis}"))


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
    text = bureau.text(request, "nothing_portable", reasons="Zie boven.")
    assert re.search("- (Webwinkel|Web shop)", text)
    assert "club" not in text.lower()
    assert re.search("met uw toestemming|with your consent", text)  # Art. 20(1)(a)
    assert not re.search("die ontstonden|that came up", text)
    assert re.search(
        "- (Gegevens die wij om een andere reden gebruiken|Data that we use for another reason)", text
    )
    rule = r"overeenkomst gebruiken \(artikel 20, eerste lid, onder a\)|or for a contract \(Article 20\(1\)\(a\)\)"
    assert re.search(rule, text)


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
