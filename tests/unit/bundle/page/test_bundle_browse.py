"""Rows and charts on the page: inert, bounded, drawn over all rows, and the same in words."""

import json
import re
import time
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.bundle.bundle_example import LETTERS, ROWS, SCRIPT, Example, multiplied, seen
from tests.unit.bundle.page.test_bundle_page import Page

from afschrift.bundle.contents import Contents
from afschrift.bundle.page import browse
from afschrift.bundle.page.browse import inert
from afschrift.bundle.page.page import render_index
from afschrift.bundle.page.shown_rows import shares
from afschrift.bundle.page.shown_values import LinkedWords
from afschrift.bundle.page.words import PageWords
from afschrift.domain.extracted import FileEntry, MissingFile, Upload

LIMIT = 5_000_000


def html(contents: Contents) -> str:
    return render_index(contents, LETTERS).decode()


def embedded(source: str) -> dict[str, Any]:
    """What the page's script reads: id -> document."""
    found = re.findall(r'<script type="application/json" id="([^"]+)">(.*?)</script>', source, re.DOTALL)
    return {name: json.loads(text) for name, text in found}


@given(st.recursive(st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_embedded_json_ends_no_element_and_comes_back_whole(document: Any) -> None:
    for value in (document, f"</script><!--{document}", "\u2028<!-- data -->\n]]>&lt;"):
        text = inert(value)
        assert not re.search("[<>&\u2028\u2029]", text)
        assert json.loads(text) == value


def test_every_row_is_there_to_browse_as_it_is_in_the_files() -> None:
    data = embedded(html(seen(Example())))
    rates = data["t5-data"]
    assert [row[1] for row in rates["rows"]] == [row["bpm"] for row in ROWS["app.heart_rate"]]
    assert rates["columns"][:2] == [["time", {}], ["number", {}]]
    assert rates["caption"] == "Alle 300 rijen"
    orders = data["t2-data"]
    assert {"S": "verzonden"}.items() <= orders["columns"][-1][1].items()
    assert "t1-data" not in data, "a single row needs no search"


ODD = ['"', "\\", "\\n", "<b>", "&lt;", *"\n\x7f\x85\u2028\u202e", "x" * 1001, "é" * 1000, "a😀", None]


@example(ODD)
@example(["x" * 1001])
@example(["a", "half a pair \ud83d"])
@given(st.lists(st.one_of(st.none(), st.text(), st.sampled_from(ODD)), min_size=1))
def test_rows_written_at_once_are_those_written_value_by_value(values: list[str | None]) -> None:
    first = ROWS["app.heart_rate"][0]
    contents = seen(Example())
    contents = replace(contents, samples={"app.heart_rate": [{**first, "raw": value} for value in values]})
    [planned] = [planned for planned, _ in contents.held if planned.name == "app.heart_rate"]
    linked = LinkedWords(contents, planned, PageWords.load(LETTERS, contents.language))
    one_by_one = [browse._row(row, linked) for row in contents.samples["app.heart_rate"]]
    rows, sizes = browse._rows(linked)
    assert rows == one_by_one
    assert sizes == [len(row.encode()) + 1 for row in rows]


def test_hostile_and_enormous_values_stay_values() -> None:
    rows = [dict(row, recipient_email="</script><!-- data -->\n<b>" + SCRIPT) for row in ROWS["shop.message"]]
    source = html(seen(Example(rows={"shop.message": rows})))
    assert SCRIPT not in source
    shown = Page(source)
    assert [a for tag, a in shown.elements if tag == "script" and "type" not in a] == [{}]
    assert embedded(source)["t3-data"]["rows"][0][3].endswith(SCRIPT)

    rows = [dict(row, recipient_email="lang " * 200_000) for row in ROWS["shop.message"]]
    source = html(seen(Example(rows={"shop.message": rows})))
    assert len(source) < 200_000
    assert "… ingekort, het geheel staat in het bestand" in Page(source).text
    assert embedded(source)["t3-data"]["rows"][0][3] == [("lang " * 200)]


def test_very_many_rows_make_no_large_page() -> None:
    rows = [
        {
            "measured_at": f"2026-{1 + n // 50_000:02d}-{1 + n % 28:02d}T{n % 24:02d}:{n % 60:02d}:00Z",
            "bpm": str(40 + n % 90),
            "local_at": None,
            "raw": "{}",
        }
        for n in range(60_000)
    ] * 2
    example = Example(rows={"app.heart_rate": rows[:1000]})
    example.rows["app.heart_rate"] = rows
    contents = seen(example)
    (app,) = (e for e in contents.extracts if e.source == "app")
    parts = (replace(app.tables[0].parts[0], rows=len(rows)),)
    source = html(replace(contents, extracts=example.read("heart_rate", parts=parts).contents.extracts))
    assert len(source.encode()) < LIMIT
    text = Page(source).text
    assert "120.000 metingen, van 1 januari 2026 tot en met" in text
    assert "Laagste 40, gemiddeld 84,5, hoogste 129 (per minuut)" in text
    data = embedded(source)["t5-data"]
    shown = PageWords.load(LETTERS, "nl").number(len(data["rows"]))
    assert data["caption"].startswith(f"De eerste {shown} van 120.000")


def test_a_hundred_tables_make_no_large_page() -> None:
    rows = [dict(row, raw=json.dumps("x" * 900)) for row in ROWS["app.heart_rate"]]
    contents = multiplied(seen(Example(rows={"app.heart_rate": rows})), "heart_rate", 100)
    began = time.process_time()
    source = render_index(contents, LETTERS)
    assert len(source) < LIMIT
    assert time.process_time() - began < 20
    shown = Page(source.decode())
    assert {"#t105"} <= set(shown.attributes("href"))
    assert len(embedded(source.decode())) > 200, "each with rows and intervals"


def test_a_chart_tells_the_same_in_words_and_numbers() -> None:
    source = html(seen(Example(language="en")))
    text = Page(source).text
    words = "300 readings, from 1 June 2026 to 1 June 2026. Lowest 60, average 78.8, highest 99 (a minute)."
    assert words in text
    assert "June 2026 300 60 78.8 99" in text
    assert "7 rows in all" not in text, "all in one month: nothing to draw"
    drawings = re.findall(r"<svg role.*?</svg></div>", source, re.DOTALL)
    assert len(drawings) == 1
    for drawing in drawings:
        ElementTree.fromstring(drawing.removesuffix("</div>"))
    bins = embedded(source)["t5-bins"]
    assert sum(bins["bins"][1::5]) == 300
    assert (bins["width"], bins["zone"]) == (60, "Europe/Amsterdam")


MONTHS = ["2025-11", *["2026-02"] * 9, "2026-03"]


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (MONTHS, [
            "11 rijen in totaal. De meeste, 9, in februari 2026.",
            "november 2025 1 december 2025 0 januari 2026 0 februari 2026 9 maart 2026 1",
            "Besteld op: van 15 november 2025 tot en met 15 maart 2026.",
        ]),
        ([f"{year}-05" for year in range(1990, 2026)], ["‘Bestellingen’ per jaar", "1990 1 1991 1"]),
    ],
    ids=["also months without any", "very many months are years"],
)  # fmt: skip
def test_orders_are_counted_by_month(months: list[str], words: list[str]) -> None:
    dated = [{"order_id": str(n), "ordered_at": f"{month}-15T10:00:00Z"} for n, month in enumerate(months)]
    rows = [dict(ROWS["shop.orders"][0], **more) for more in dated]
    text = Page(html(seen(Example(rows={"shop.orders": rows})))).text
    assert [each for each in words if each not in text] == []


def test_uploaded_files_are_linked_and_missing_ones_listed() -> None:
    entry = FileEntry("files/shop/message/2.bin", "file", 1_200, "0" * 64)
    uploads = (
        Upload(entry, "photo", 2, "image/png", "\u202evakantie <b>.png"),
        Upload(replace(entry, path="files/shop/message/3.bin"), "photo", 3, "image/png"),
    )
    missing = (MissingFile("photo", 1, "not_found"),)
    shown = Page(html(Example().read("message", uploads=uploads, missing=missing).contents))
    assert "data/files/shop/message/2.bin" in shown.attributes("href")
    assert "vakantie <b>.png, 1,2 kB" in shown.text
    assert "Bestand bij rij 3, 1,2 kB" in shown.text
    assert "1 bestand dat hierbij hoort, konden wij niet meer vinden." in shown.text


@given(st.lists(st.integers(0, 10**6), max_size=30), st.integers(0, 10**7))
def test_shares_are_fair_and_never_more_than_there_is(needs: list[int], budget: int) -> None:
    given_ = shares(needs, budget)
    assert sum(given_) <= budget
    short = [share for share, need in zip(given_, needs, strict=True) if share < need]
    assert all(share <= need for share, need in zip(given_, needs, strict=True))
    assert not short or max(short) - min(short) <= 1
    if sum(needs) <= budget:
        assert given_ == needs
