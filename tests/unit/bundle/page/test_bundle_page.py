"""What the person reads: everything is said, nothing is run, nothing is fetched."""

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import pytest
from tests.unit.bundle.bundle_example import LETTERS, REQUEST, ROWS, SCRIPT, Example, Rows, cases
from tests.unit.bundle.bundle_tampering import files_of

from afschrift.bundle.contents import SharedKey
from afschrift.bundle.page.page import render_index, render_readme
from afschrift.bundle.page.shown_rows import Cell, shown_cell
from afschrift.bundle.page.words import PageWords
from afschrift.domain.plan import Withheld
from afschrift.domain.right import Right
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.base import Text

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Elements, links and the text a person sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self._open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def attributes(self, name: str) -> list[str]:
        return [a[name] or "" for _, a in self.elements if name in a]


def html(example: Example) -> str:
    return render_index(example.contents, LETTERS).decode()


def page(example: Example) -> Page:
    return Page(html(example))


CASES = [(right, language) for right in Right for language in ("nl", "en")]


@pytest.mark.parametrize(("right", "language"), CASES)
def test_the_first_screen_answers_every_question(right: Right, language: str) -> None:
    text = page(Example(right, language)).text
    headings = {
        "nl": ["Is dit alles?", "Uit welke systemen?", "Wat staat er niet in?", "Is er iets verwijderd?"],
        "en": ["Is this everything?", "From which systems?", "What is not in here?", "Was anything deleted?"],
    }[language]
    facts = {
        "nl": ["Webwinkel", "App", "1 juli 2026, 00:15 uur (tijd in Amsterdam", "Naam medewerker in"],
        "en": ["Web shop", "App", "1 July 2026, 00:15 (time in Amsterdam", "Name of the employee in"],
    }[language]
    people = ["privacy@voorbeeldwinkel.example", "fg@voorbeeldwinkel.example", REQUEST, "Postbus 93374"]
    start = text[: text.index("README.txt")]
    for needed in [*headings, *facts, *people]:
        assert needed in start, needed


@pytest.mark.parametrize("case", cases("pages.yml"), ids=lambda case: case["case"])
def test_the_page_says_what_is_so(case: dict[str, Any]) -> None:
    empty: dict[str, Rows] = {name: [] for name in case.get("empty", ())}
    example = Example(Right(case.get("right", "access")), case.get("language", "nl"), rows=empty)
    if "consents" in case:
        example.planned(consents=case["consents"])
    if "row_rule" in case:
        example.plan_of("customer", row_rule=case["row_rule"])
    if "reason" in case:
        (message,) = (e for e in example.plan.extracts if e.table == "message")
        decided = (replace(f, reason=case["reason"]) if f.name == "agent_name" else f for f in message.fields)
        example.plan_of("message", fields=tuple(decided))
    example.but(extracts=example.contents.extracts[: case.get("read")])
    text = page(example).text.replace(" : ", ": ")
    assert [words for words in case["says"] if words not in text] == []
    assert [words for words in case.get("not", ()) if words in text] == []


@pytest.mark.parametrize(
    ("name", "kind", "value", "shown"),
    [
        ("status", None, "S", Cell("verzonden", "S", "coded")),
        ("bpm", "duration", "PT6M15.571S", Cell("6 minuten en 15 seconden", "PT6M15.571S", "coded")),
        ("bpm", "duration", "P1DT1H", Cell("1 dag en 1 uur", "P1DT1H", "coded")),
        ("bpm", "duration", "P6M", Cell("P6M")),
        ("bpm", "duration", "PT0.571S", Cell("PT0.571S")),
        ("bpm", "date", "2026-03-01", Cell("1 maart 2026", style="time", exact="2026-03-01")),
        ("bpm", "date", "infinity", Cell("infinity")),
        ("bpm", "boolean", "true", Cell("ja", "true", "coded")),
        ("raw", "json", "[-0.719,1.10]", Cell("-0,719; 1,10")),
        ("bpm", "decimal", "-1234567.50", Cell("-1.234.567,50", style="number")),
        ("bpm", "number", "1e-7", Cell("1e-7", style="number")),
        ("bpm", "integer", "100068", Cell("100068", style="number")),
        ("raw", "json", "[]", Cell("", "leeg", "none")),
        ("raw", "json", '[{"a":1}]', Cell('[{"a":1}]')),
        ("ordered_at", None, "2026-03-01T23:30:00.5Z",
         Cell("2 maart 2026, 00:30:00", style="time", exact="2026-03-01T23:30:00.5Z")),
    ],
)  # fmt: skip
def test_a_value_is_shown_by_its_meaning(name: str, kind: str | None, value: str, shown: Cell) -> None:
    contents = Example().contents
    extract, field = next((e, f) for e in contents.plan.extracts for f in e.selected if f.name == name)
    field = replace(field, kind=ValueKind(kind)) if kind else field
    assert shown_cell(contents, extract, field, value, PageWords.load(LETTERS, "nl")) == shown


def test_the_way_to_court_is_not_repeated_for_a_late_answer() -> None:
    words, controller = PageWords.load(LETTERS, "nl"), Example().contents.inventory.controller
    same, late = "U kunt naar de rechtbank.", "U kunt naar de rechtbank. Er is dan geen termijn."
    for written, more in ((late, " Kwam ons antwoord te laat? Er is dan geen termijn."), (same, "")):
        court, court_late = (Text({"nl": text, "en": text}) for text in (same, written))
        assert (
            words.court(controller.model_copy(update={"court": court, "court_late": court_late}))
            == same + more
        )


def test_few_rows_of_many_columns_are_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afschrift.bundle.page.shown_rows.UPRIGHT_COLUMNS", 5)
    lists = re.findall('<p class="soft">Rij.*?</dl>', html(Example()), re.DOTALL)
    assert [text.count("<dt>") for text in lists] == [5, 5, 5], "three messages; seven orders"
    assert "Rij 3 van 3 van ‘Berichten’." in lists[2]
    assert "lang " * 60 in lists[2]
    assert 'id="t3-data"' not in html(Example())


def test_a_value_that_a_mask_spares_is_not_called_masked() -> None:
    rows = [dict(row, agent_name="Uzelf") for row in ROWS["shop.message"][:1]]
    assert "Uzelf onleesbaar" not in page(Example(rows={"shop.message": rows})).text


def test_values_are_text_and_never_markup() -> None:
    source = html(Example())
    assert SCRIPT not in source
    assert "&lt;script&gt;alert" in source
    elements = Page(source).elements
    assert not {tag for tag, _ in elements} & {"img", "iframe", "object", "embed", "form", "link", "base"}
    run = [attrs for tag, attrs in elements if tag == "script" and attrs.get("type") != "application/json"]
    assert run == [{}]
    assert not [a for _, attrs in Page(source).elements for a in attrs if a.startswith("on")]


def test_direction_overrides_and_controls_do_not_reach_the_page() -> None:
    evil = "\u202eevil\u2066 \x1b[31m \x00 \x07 end\ud800"
    rows = {"shop.customer": [dict(ROWS["shop.customer"][0], bio="x")]}
    example = Example(rows=rows)
    hostile = {"shop.customer": [dict(ROWS["shop.customer"][0], bio=evil)]}
    source = html(example.but(samples={**example.contents.samples, **hostile}))
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f]", source)
    assert "evil" in source


def test_the_page_says_when_the_systems_were_read() -> None:
    example = Example(language="en")
    snapshots = {"shop": "2026-07-03T08:00:00.250000Z", "app": "2026-07-03T08:00:59Z"}
    seal = replace(example.contents.seal, snapshots=snapshots)
    text = page(example.but(seal=seal)).text
    assert (
        "The data in this answer are as they were on 3 July 2026, 10:00 (time in Amsterdam; 08:00 UTC)."
        in text
    )
    assert "1 July 2026, 00:15" not in text
    example.but(seal=replace(seal, snapshots=snapshots | {"app": "2026-07-04T08:00:00Z"}))
    read = "We read the data in this answer between 3 July 2026, 10:00 (time in Amsterdam"
    assert read in page(example).text
    sheet = files_of(example.zip())["data/information.html"].decode()
    assert "This is how it was between 3 July 2026, 10:00 (time in Amsterdam" in sheet


def test_large_tables_are_shown_in_part_with_the_way_to_the_file() -> None:
    example = Example()
    samples = {**example.contents.samples, "app.heart_rate": ROWS["app.heart_rate"]}
    shown = page(example.but(samples=samples))
    assert "De eerste 10 van 300 rijen van ‘Hartslag’" in shown.text
    assert shown.attributes("title").count("2026-06-01T00:09:00Z") == 1
    assert "2026-06-01T00:10:00Z" not in shown.attributes("title")
    assert "data/app/heart_rate.csv" in shown.attributes("href")


@pytest.mark.parametrize(("right", "language"), CASES)
def test_every_link_leads_somewhere_and_nothing_is_fetched(right: Right, language: str) -> None:
    files = files_of(Example(right, language).zip())
    shown = Page(files["index.html"].decode())
    anchors = set(shown.attributes("id"))
    for link in shown.attributes("href"):
        if link.startswith("#"):
            assert link[1:] in anchors
        elif link != "https://autoriteitpersoonsgegevens.nl":
            assert unquote(link) in files
    assert not shown.attributes("src")
    assert not re.search(r"@import|url\(", files["index.html"].decode())


@pytest.mark.parametrize(("right", "language"), CASES)
def test_no_rule_id_iri_or_digest_is_read(right: Right, language: str) -> None:
    example = Example(right, language)
    readme = render_readme(example.contents, LETTERS).decode()
    for text in (page(example).text, readme):
        assert not re.search(r"\bR\d\d\b|w3id|dpv|[0-9a-f]{32}|A6-1|A9-2", text)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_has_landmarks_a_language_and_headings_in_order(language: str) -> None:
    shown = page(Example(language=language))
    tags = [tag for tag, _ in shown.elements]
    assert ("html", {"lang": language}) == shown.elements[0]
    assert {"header", "main", "nav", "footer"} <= set(tags)
    assert tags.count("h1") == 1
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = shown.attributes("id")
    assert len(ids) == len(set(ids))
    assert set(shown.attributes("aria-labelledby")) <= set(ids)
    assert tags.count("caption") == tags.count("table") > 5


@pytest.mark.parametrize(("right", "language"), CASES)
def test_the_readme_tells_how_to_open_keep_and_complain(right: Right, language: str) -> None:
    readme = render_readme(Example(right, language).contents, LETTERS).decode()
    assert readme.count("\n") == readme.count("\r\n")
    own = {
        "nl": ["[masked] in een bestand betekent: afgeschermd.", "puntkomma", "zoeken", "uit tekst/csv", "avg",
               "gooi ze dan weg"],
        "en": ["[masked] means", "semicolon", "search", "from text/csv", "gdpr", "delete the files"],
    }[language]  # fmt: skip
    needed = ("65001", "= + - ", "JSON", "ZIP", "\\N", "Postbus", "privacy@", "index.html", *own)
    assert [words for words in needed if words.lower() not in readme.lower()] == []
    moving = {"nl": "UW GEGEVENS MEENEMEN", "en": "TAKING YOUR DATA WITH YOU"}[language]
    assert (moving in readme) == (right is Right.PORTABILITY)


def test_the_readme_tells_only_of_formats_that_are_in() -> None:
    readme = render_readme(Example(formats=("json",)).contents, LETTERS).decode()
    assert "EXCEL" not in readme
    assert "3. EEN JSON-BESTAND" in readme


def test_the_readme_names_the_files_with_another_sign_of_no_value() -> None:
    example = Example()
    entry = next(file for file in example.contents.files() if file.format == "csv")
    entry.options["null"] = r"\NULL"
    readme = " ".join(render_readme(example.contents, LETTERS).decode().split())
    sentence = rf"In deze bestanden betekent \NULL dat, en is \N gewone tekst: {entry.path} In coverage.json"
    assert rf"\N betekent: hier staat niets. {sentence}" in readme


def test_many_tables_and_titles_missing_still_make_a_page() -> None:
    example = Example()
    inventory = example.contents.inventory.model_copy(deep=True)
    shop = inventory.sources["shop"]
    for part in (shop, orders := shop.tables["orders"], *orders.columns.values()):
        object.__setattr__(part, "title", None)
    text = page(example.but(inventory=inventory)).text
    assert "Alle 7 rijen van ‘orders’" in text
    assert "ordered_at" in text


@pytest.mark.parametrize(("language", "word"), [("nl", "afgeschermd"), ("en", "masked")])
def test_a_mask_is_said_in_the_language_of_the_person(language: str, word: str) -> None:
    """In the page for the eye and for its script; the files keep the one token of data."""
    shown = html(Example(Right.ACCESS, language))
    assert f"[{word} 3f9a2c41]" in shown
    assert ("[masked 3f9a2c41]" in shown) is (language == "en")


def test_rows_of_a_key_that_another_account_has_too_say_so() -> None:
    key = SharedKey("customer_id", ("7",), {"app.heart_rate": 2, "shop.customer": 1}, given=True)
    text = page(Example().but(shared=(key,))).text
    assert "2 rijen vonden wij alleen met iets dat ook bij een ander account staat" in text
    assert "geen ander nadeel heeft als u ze krijgt (artikel 15, vierde lid, van de AVG)" in text
    assert "Dit staat ook bij een ander account. Wij weten dus niet van elke rij of die van u is." in text
    left_out = page(Example().but(shared=(replace(key, given=False),))).text
    assert "vonden wij alleen" not in left_out and "Rijen die misschien niet van u zijn" in left_out


def test_tables_that_are_withheld_count_among_those_without_anything_to_get() -> None:
    made = Example(Right.PORTABILITY)
    held = page(made).text
    gone = made.contents.plan.extracts[0]
    withheld = (*made.contents.plan.withheld, Withheld(gone.source, gone.table, gone.fields))
    fewer = made.planned(extracts=made.contents.plan.extracts[1:], withheld=withheld)
    counts = [re.search(r"In (\d+) ander", text) for text in (held, page(fewer).text)]
    numbers = [int(found[1]) if found else 0 for found in counts]
    assert numbers[1] == numbers[0] + 1
