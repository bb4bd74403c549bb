"""The page of the data map in a real browser: it fits, is accessible, and works without scripts."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser
from testbed.mini import write_database, write_inventory
from testbed.running import installation
from tests.airflow_support import AirflowEnv, api_server
from tests.support.browsing import keep, must_fit_and_be_accessible, opened, served
from tests.support.map_page import WHY, map_text, proposed
from tests.support.nightly import nightly_after
from tests.support.pages import ROLES, follow, press

pytestmark = [pytest.mark.airflow, pytest.mark.needs_program("chromium")]


def many(text: str) -> str:
    """Thirty more tables of the shop, with long names and an answer that is not sure."""
    made = "".join(
        f"  archive_of_orders_of_the_year_{year}:\n"
        "    subject: {customer_id: {column: customer_id}}\n    columns:\n      customer_id: {origin: assigned}\n"
        "      created_at: {origin: observed, category: user.behavior, review: needed, "
        "proposed: {confidence: 0.92, because: 'name: moment of an event'}}\n"
        f"      state: {{origin: {'provided' if year % 2 else 'observed'}, review: needed}}\n"  # two of one name
        f"      the_very_long_name_of_a_column_that_nobody_shortened_{year}: {{origin: provided, review: needed, "
        "proposed: {confidence: 0.55, because: 'type: text'}}\n"
        for year in range(1990, 2020)
    )
    return text.rstrip("\n") + "\n" + made


@pytest.fixture(scope="module")
def address(airflow_env: AirflowEnv, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("map")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINI_SHOP", str(write_database(folder / "shop.duckdb")))
        patch.setenv("AFSCHRIFT_HOME", str(folder / "home"))
        patch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(folder / "map", many(proposed()))))
        installation(folder / "home", folder / "map")
        (folder / "home" / "roles.yml").write_text(ROLES, encoding="utf-8")
        with api_server() as app, served(app) as served_at:
            yield f"{served_at}/afschrift"


@pytest.mark.parametrize(
    ("width", "scheme"), nightly_after(1, [(360, "dark"), (1280, "light"), (1280, "dark"), (400, "light")])
)
def test_map_page_is_accessible_and_fits(
    browser: Browser, address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = opened(browser, address, viewport={"width": width, "height": 900}, color_scheme=scheme)
    faults: list[str] = []  # what the page's policy kept out, or another fault
    page.on("console", lambda message: faults.append(message.text))
    follow(page, address, "/inventory")
    keep(page, f"page-{width}-{scheme}")
    must_fit_and_be_accessible(page, width)
    group = page.get_by_role("group", name="email: your answer")
    group.get_by_label("Otherwise").check()
    group.get_by_label("Origin").select_option("inferred")  # with a meaning in each language below it
    group.get_by_label("Category").fill("user.contact.emial")
    press(page, page.get_by_role("button", name="Write the answers"))
    page.get_by_role("alert").wait_for()
    must_fit_and_be_accessible(page, width)
    press(page, page.get_by_role("button", name="Values, masked").first)
    keep(page, f"samples-{width}-{scheme}")
    must_fit_and_be_accessible(page, width)
    assert [text for text in faults if "422" not in text] == []
    page.context.close()


def test_questions_are_answered_without_scripts(browser: Browser, address: str) -> None:
    page = opened(browser, address, java_script_enabled=False, viewport={"width": 1280, "height": 900})
    before = map_text()
    page.goto(f"{address}/")
    press(page, page.get_by_role("link", name="Data map"))
    page.get_by_label("Text").fill("moment of an event")
    press(page, page.get_by_role("button", name="Show"))
    group = page.get_by_role("group", name="created_at: your answer")
    assert not group.get_by_label("Origin").is_visible()
    group.get_by_label("Otherwise").check()
    assert group.get_by_label("Origin").is_visible()
    meanings = [group.get_by_label(f"Meaning ({language})") for language in ("nl", "en")]
    for origin, computed in (("inferred", True), ("derived", True), ("", False), ("provided", False)):
        group.get_by_label("Origin").select_option(origin)
        assert [meaning.is_visible() for meaning in meanings] == [computed] * 2
    others = group.get_by_label("Others’ data").inner_text()
    assert "subject" not in others, "it was not marked as data of others"
    page.get_by_label("Why it is right").fill(WHY)
    page.get_by_label("Text").fill("email")
    with page.expect_navigation():
        page.get_by_label("Text").press("Enter")  # shows others, and writes nothing
    assert "What you said of 1 more" in page.inner_text("main")
    assert map_text() == before
    group = page.get_by_role("group", name="email: your answer")
    group.get_by_label("Otherwise").check()
    group.get_by_label("Origin").select_option("provided")
    press(page, page.get_by_role("button", name="Write the answers"))
    assert page.get_by_role("status").inner_text().count("provided") == 2
    keep(page, "written-1280-light")
    assert map_text() != before
    page.reload()  # the browser sends it again
    assert "Not written" in page.inner_text("main")
    page.goto(f"{address}/")
    press(page, page.get_by_role("link", name="Data map"))
    assert "2 decisions of yours about 32 columns" in page.inner_text("main")
    page.context.close()
