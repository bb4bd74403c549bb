"""Letters that nothing is held, or nothing portable, say by what and when was searched, and where not (R08, R09)."""

from pathlib import Path

import pytest
from tests.support.deciding import Bureau
from tests.support.restricted import open_bureau

from afschrift.domain.errors import NeedsPersonError
from afschrift.law.clock.deadline import local_date
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.wiring.build_services import build

SEARCH = """
search:
  not_searched:
    - medium: backup
      name: {nl: Nachtkopie, en: Nightly copy}
      kept: {nl: 30 dagen, en: 30 days}
      why: {nl: Het is een kopie., en: It is a copy.}
  none: [paper]
"""
SAYS = {
    "nl": [
        "Waarmee zochten wij? - customer_id: {key} ",
        "- Nachtkopie: hier zochten wij niet. Het is een kopie. Zo lang bewaren wij dit: 30 dagen.",
        "- Papieren met gegevens over mensen hebben wij niet. - Mailboxen: hier zochten wij niet.",
    ],
    "en": [
        "What did we search for? - customer_id: {key} ",
        "- Nightly copy: we did not search here. It is a copy. This is how long we keep it: 30 days.",
        "- We have no papers with data about people. - Mailboxes: we did not search here.",
    ],
}


def letter(bureau: Bureau, right: str, key: str, language: str) -> str:
    """The letter about an answer without a bundle."""
    request = bureau.store(right, {"customer_id": key}, language=language)
    assess(bureau.services, request)
    kind = "nothing_portable" if right == "portability" else "nothing_held"
    with pytest.raises(NeedsPersonError):
        classify(bureau.services, request)
    if kind == "nothing_held":
        bureau.answer(bureau.questions(request)[-1], "confirm_none")
        with pytest.raises(NeedsPersonError):
            classify(bureau.services, request)
    given = {"reasons": "Het is een score."} if right == "portability" else {}
    text = bureau.text(request, kind, keep=True, **given)
    for header, payload in bureau.register.trail.events(request):
        assert repr(key) not in str(payload), header.type
    return text


@pytest.mark.slow
@pytest.mark.parametrize(("right", "key"), [("access", "4711"), ("portability", "4")])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_letter_without_a_bundle_says_by_what_and_when_was_searched(
    right: str, key: str, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = open_bureau(tmp_path, monkeypatch, all_tables=True)
    file = bureau.settings.inventory / "controller.yml"
    file.write_text(file.read_text("utf-8") + SEARCH, encoding="utf-8")
    bureau.services = build(lambda _line: None, bureau.settings)
    text = letter(bureau, right, key, language)
    for line in SAYS[language]:
        assert line.format(key=key) in text, line
    today = local_date(bureau.services.now(), "Europe/Amsterdam")
    day = {"nl": "Wij zochten op {} ", "en": "We searched on {} "}[language].format(today.day)
    assert day in text
