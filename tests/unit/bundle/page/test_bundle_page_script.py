"""The bundle's pages in a real browser: whole, inert, without network, readable on a phone and by a screen reader.

The script of index.html searches, sorts, pages and zooms; nothing from the data becomes markup.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page, ViewportSize, expect
from tests.unit.bundle.bundle_example import LETTERS, ROWS, SCRIPT, Example, Rows, multiplied, seen

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.page import render_index
from afschrift.domain.right import Right

Scheme = Literal["light", "dark"]
HEBREW = "שלום עולם"
ORDERS: Rows = [
    dict(ROWS["shop.orders"][n % 7], order_id=f"B-{n}", total=None if n == 5 else f"{n * 7 % 90 - 30}.50")
    | {"ordered_at": f"2025-{1 + n % 12:02d}-0{1 + n % 8}T23:30:00Z"}
    for n in range(90)
]
MESSAGES: Rows = [
    *[dict(row, recipient_email=SCRIPT) for row in ROWS["shop.message"][:2]],
    dict(ROWS["shop.message"][2], recipient_email=HEBREW, agent_name="[masked]"),
    dict(ROWS["shop.message"][2], message_id="4", recipient_email="𝒳" * 900),
    dict(ROWS["shop.message"][2], message_id="5", recipient_email="Zoë " * 1000),
]


@cache
def contents(right: Right = Right.ACCESS, language: str = "nl") -> Contents:
    return seen(Example(right, language, rows={"shop.orders": ORDERS, "shop.message": MESSAGES}))


@cache
def rendered(right: Right = Right.ACCESS, language: str = "nl") -> bytes:
    return render_index(contents(right, language), LETTERS)


def placed(html: bytes, folder: Path) -> str:
    path = folder / "index.html"
    path.write_bytes(html)
    return path.as_uri()


def asked_of(page: Page) -> list[str]:
    """Requests, dialogs and what comes in the console, from now on."""
    events: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        events.append(dialog.type)
        dialog.dismiss()

    page.on("console", lambda message: events.append(message.text))
    page.on("pageerror", lambda error: events.append(str(error)))
    page.on("dialog", dismiss)
    page.on("request", lambda request: events.append(request.url))
    return events


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The example's page at a phone's size; anything in the console, any dialog or request is a failure."""
    opened = browser.new_page(viewport={"width": 1000, "height": 900})
    opened.set_default_timeout(5000)
    events = asked_of(opened)
    url = placed(rendered(), tmp_path)
    opened.goto(url)
    yield opened
    opened.close()
    assert events == [url]


def article(page: Page, title: str) -> str:
    """Selector of a table, scrolled to, with its tools."""
    heading = page.get_by_role("heading", name=title, exact=True).first
    heading.scroll_into_view_if_needed()
    selector = f"article:has(> #{heading.get_attribute('id')})"
    page.locator(f"{selector} input").wait_for()
    return selector


def column(page: Page, selector: str, number: int) -> list[str]:
    return page.locator(f"{selector} .rows tbody tr td:nth-child({number})").all_inner_texts()


def test_the_script_shows_the_same_rows_as_the_page_without_it(browser: Browser, tmp_path: Path) -> None:
    url = placed(rendered(), tmp_path)
    shown = []
    for script in (False, True):
        context = browser.new_context(java_script_enabled=script)
        page = context.new_page()
        page.goto(url)
        for title in ("Bestellingen", "Hartslag") if script else ():
            article(page, title)
        rows = [page.locator(f"#{t}").locator("xpath=..").locator(".rows tbody tr") for t in ("t2", "t5")]
        shown.append([[" ".join(text.split()) for text in found.all_inner_texts()] for found in rows])
        context.close()
    assert shown[0] == shown[1]
    assert len(shown[0][0]) == 10


def test_search_looks_into_every_column_and_reads_codes_and_local_time(page: Page) -> None:
    orders = article(page, "Bestellingen")
    status = page.locator(f"{orders} [role=status]").first
    assert status.inner_text() == "1 tot en met 10 van 90"
    for text, found in (
        ("B-17", 1),
        ("verzonden 2025", 51),
        ("B-17 3 juni 01:30", 1),
        ("B-17 4 juli", 0),
        ("nergens te vinden", 0),
    ):
        page.locator(f"{orders} input").fill(text)
        ending = re.compile(rf"van {found} gevonden$" if found else "^Niets gevonden.$")
        expect(status).to_have_text(ending)
        assert page.locator(f"{orders} .rows tbody tr").count() == min(found, 10)
    messages = article(page, "Berichten")
    page.locator(f"{messages} input").fill("zoe")
    expect(page.locator(f"{messages} [role=status]")).to_have_text("1 tot en met 1 van 1 gevonden")
    assert page.locator(f"{messages} .rows tbody tr").count() == 1


def test_columns_sort_by_value_both_ways_and_what_is_empty_stays_last(page: Page) -> None:
    orders = article(page, "Bestellingen")
    head = page.locator(f"{orders} .rows thead th").nth(3)
    by_value = sorted((float(row["total"]) for row in ORDERS if row["total"]), key=float)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, orders, 4) == [f"{value:.2f}".replace(".", ",") for value in by_value[:10]]
    page.get_by_role("group", name="Bladeren in ‘Bestellingen’").get_by_role("button", name="Einde").click()
    assert column(page, orders, 4)[-1] == "hier staat niets"
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(page, orders, 4)[0] == f"{by_value[-1]:.2f}".replace(".", ",")


def test_pages_lead_through_all_rows_by_keyboard(page: Page) -> None:
    orders = article(page, "Bestellingen")
    pages = page.get_by_role("group", name="Bladeren in ‘Bestellingen’")
    order_ids = column(page, orders, 1)
    following = pages.get_by_role("button", name="Volgende")
    while following.is_enabled():
        following.press("Enter")
        order_ids += column(page, orders, 1)
    assert order_ids == [row["order_id"] for row in ORDERS]
    assert pages.get_by_role("button", name="Begin").is_enabled()


def test_hostile_long_and_right_to_left_cells_are_text(page: Page) -> None:
    messages = article(page, "Berichten")
    cells = page.locator(f"{messages} .rows tbody tr td:nth-child(4)")
    assert cells.nth(0).inner_text() == SCRIPT
    assert page.locator("script[src], img, iframe, b").count() == 0
    assert cells.nth(2).evaluate("e => getComputedStyle(e).direction") == "rtl"
    whole = cells.nth(3).locator("details > bdi")
    assert cells.nth(3).locator("summary").inner_text() == "𝒳" * 80 + "…"
    cells.nth(3).locator("summary").click()
    assert whole.inner_text() == "𝒳" * 900
    assert "ingekort, het geheel staat in het bestand" in (cells.nth(4).text_content() or "")


def test_a_chart_is_zoomed_by_buttons_keys_and_dragging(page: Page) -> None:
    rates = article(page, "Hartslag")
    figure = page.locator(f"{rates} figure")
    drawing, status = figure.locator("svg[role]"), figure.locator("[role=status]")

    def readings() -> int:
        return int((re.search(r"(\d+) metingen", status.inner_text()) or [0, 0])[1])

    figure.get_by_role("button", name="Groter").click()
    half = readings()
    assert 140 <= half <= 160
    drawing.focus()
    page.keyboard.press("+")
    assert 65 <= readings() <= 85
    before = drawing.inner_html()
    page.keyboard.press("ArrowRight")
    assert drawing.inner_html() != before
    page.keyboard.press("Home")
    assert readings() == 300
    assert figure.get_by_role("button", name="Alles").is_disabled()
    box = drawing.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
    page.mouse.up()
    assert 70 <= readings() <= 80
    assert status.inner_text().startswith("1 juni 2026, 03:15 tot 1 juni 2026, 04:30:")


def test_only_the_pages_own_script_runs(browser: Browser, tmp_path: Path) -> None:
    url = placed(rendered(), tmp_path)
    path = tmp_path / "index.html"
    added = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\"><style>h1 {color: red}</style>"
    path.write_text(path.read_text().replace("<main", added + "<main"))
    page = browser.new_page()
    page.goto(url)
    assert page.evaluate("performance.getEntriesByName('ready').length") == 1
    assert page.title() != "run"
    assert page.locator("h1").evaluate("e => getComputedStyle(e).color") != "rgb(255, 0, 0)"
    page.close()


@pytest.mark.parametrize(
    ("right", "language", "scheme", "width"),
    [(Right.ACCESS, "nl", "light", 1280), (Right.PORTABILITY, "en", "dark", 360)],
)
def test_axe_finds_nothing_and_nothing_sticks_out(
    browser: Browser, right: Right, language: str, scheme: Scheme, width: int, tmp_path: Path
) -> None:
    viewport = ViewportSize(width=width, height=800)
    context = browser.new_context(color_scheme=scheme, viewport=viewport, bypass_csp=True)
    page = context.new_page()
    page.goto(placed(rendered(right, language), tmp_path))
    for heading in page.locator("article h3").all():
        heading.scroll_into_view_if_needed()
    page.wait_for_timeout(100)
    assert page.locator(".tools").count() >= 3
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 600:  # each row is a list of names and values
        rows = page.locator(".rows")
        assert rows.evaluate_all("all => all.length > 2 && all.every(e => e.scrollWidth <= e.clientWidth)")
        first = rows.first.locator("td").first
        assert first.evaluate("e => getComputedStyle(e, '::before').content").endswith(': "')
    violations = Axe().run(page).response["violations"]
    grave = [violation for violation in violations if violation["impact"] in ("serious", "critical")]
    assert [(violation["id"], violation["nodes"][0]["html"][:200]) for violation in grave] == []
    context.close()


@pytest.mark.parametrize(("language", "scheme", "width"), [("nl", "dark", 390), ("en", "light", 1280)])
def test_nothing_runs_nothing_is_fetched_and_nothing_sticks_out(
    browser: Browser, language: str, scheme: Scheme, width: int, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    events = asked_of(page)
    url = (Example(language=language).unpacked(tmp_path) / "data/information.html").as_uri()
    page.goto(url)
    page.wait_for_load_state("networkidle")
    assert events == [url]
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    violations = Axe().run(page).response["violations"]
    assert [(violation["id"], violation["nodes"][0]["html"]) for violation in violations] == []
    context.close()


def test_text_and_links_work_without_javascript(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((Example().unpacked(tmp_path) / "index.html").as_uri())
    assert page.get_by_role("heading", name="Is dit alles?").is_visible()
    assert page.get_by_text("Alle 7 rijen van ‘Bestellingen’.").is_visible()
    page.get_by_text("Wat betekenen de kolommen? (5)").first.click()
    assert page.get_by_text("Hoog betekent: minder risico.").is_visible()
    page.get_by_role("link", name="wie krijgt ze").click()
    assert page.get_by_role("heading", name="Wie krijgt deze gegevens?").is_visible()
    assert page.get_by_text("Pakketpost B.V.").first.is_visible()
    page.get_by_role("link", name="Naar uw gegevens").click()
    page.get_by_role("link", name="README.txt").click()
    assert "BEGIN HIER" in page.inner_text("body")
    context.close()


def test_a_page_of_many_tables_is_quick_to_use(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(placed(render_index(multiplied(contents(), "heart_rate", 60), LETTERS), tmp_path))
    assert page.evaluate("performance.getEntriesByName('ready')[0].startTime") < 20_000
    assert page.locator(".tools").count() < 10, "only what is near the window has its tools"
    page.locator("nav a").last.click()
    page.locator("#t65 ~ .tools input").wait_for()
    page.close()


def test_a_person_without_rows_gets_a_page_too(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    events = asked_of(page)
    empty = seen(Example(rows={name: [] for name in ROWS}))
    page.goto(url := placed(render_index(empty, LETTERS), tmp_path))
    assert page.get_by_text("staan geen gegevens over u").is_visible()
    assert page.locator("article.table").count() == 0
    page.close()
    assert events == [url]


def test_print_shows_all_and_no_tools(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(placed(rendered(), tmp_path))
    orders = article(page, "Bestellingen")
    page.emulate_media(media="print")
    assert not page.locator(f"{orders} input").is_visible()
    box = page.locator(f"{orders} .rows")
    assert box.evaluate("e => e.scrollHeight <= e.clientHeight + 2")
    page.close()


def test_an_infinite_moment_is_shown_as_it_is(browser: Browser, tmp_path: Path) -> None:
    rows = [dict(row, ordered_at="infinity") for row in ROWS["shop.orders"]]
    made = seen(Example(rows={"shop.orders": rows}))
    page = browser.new_page()
    page.goto(placed(render_index(made, LETTERS), tmp_path))
    assert column(page, article(page, "Bestellingen"), 3) == ["infinity"] * 7
    page.close()
