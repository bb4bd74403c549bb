"""The page of reports behind Airflow's log-in: who sees it, what it gives along, and a case to print."""

import io
import json
import random
import zipfile

import pytest
from playwright.sync_api import Browser
from tests.support.browsing import keep, must_fit_and_be_accessible, opened
from tests.support.made_year import Year
from tests.support.nightly import nightly_after
from tests.support.pages import Desk, follow, press, token_of

from afschrift.app.roles_file import load_roles
from afschrift.casework.officer import Officer
from afschrift.domain.state import State
from afschrift.report.case_sheet import fault_of

pytestmark = pytest.mark.airflow


def test_report_is_for_those_who_read_histories_and_names_their_cases(desk: Desk) -> None:
    request, _ = desk.identity()
    assert desk.browse("kim", "/report").status_code == 403
    page = desk.browse("anna", "/report", headers={"Accept-Language": "nl"}).text
    assert "Wat nu wacht, en waarop" in page and f'href="/afschrift/requests/{request}"' in page
    outside = desk.browse("anna", "/report?outside=true").text
    assert "&lt;5" in outside and request not in outside and 'value="requests"' not in outside
    assert request not in desk.browse("anna", "/report?what=visit&outside=true").text
    assert "Who can refuse?" in desk.browse("dirk", "/report?what=visit").text
    wrong = desk.browse("anna", "/report?from=2025-12-31&to=2025-01-01")
    assert desk.browse("anna", "/report?from=0001-01-01").status_code == 422
    assert desk.browse("anna", "/report?from=2025-01-01&to=9999-12-31").status_code == 422
    assert wrong.status_code == 422 and 'value="2025-12-31"' in wrong.text


def test_files_of_the_page_and_a_printed_case_with_its_signature(desk: Desk) -> None:
    request, _ = desk.identity()
    token = token_of(desk.browse("anna", "/report").text, '/report/file"')
    fields = {"token": token, "what": "requests", "form": "json", "from": "2020-01-01", "to": "2099-12-31"}
    reply = desk.browse("anna", "/report/file", fields)
    assert request in {row["request"] for row in json.loads(reply.content)}
    assert desk.register.oversight.last_of_system("requests_exported")["form"] == "json"
    printed = desk.browse("anna", "/report/file", {**fields, "what": "figures", "form": "html"})
    assert "sandbox" in printed.headers["Content-Security-Policy"] and "<script" not in printed.text
    token = token_of(desk.browse("anna", f"/requests/{request}").text, '/print"')
    reply = desk.browse("anna", f"/requests/{request}/print", {"token": token})
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        page, signature = (archive.read(f"{request}.html{end}") for end in ("", ".sig.json"))
    officer = Officer(desk.register, load_roles(), "airflow:anna")
    assert fault_of(officer, request, page, signature) == ""
    assert fault_of(officer, request, page + b" ", signature) == "altered"
    forged = signature.replace(b'"seq":', b'"seq":1')
    assert fault_of(officer, request, page, forged) == "forged"
    assert b"History" in page and str(request).encode() in page


@pytest.mark.needs_program("chromium")
@pytest.mark.parametrize(("width", "scheme"), nightly_after(0, [(390, "dark"), (1280, "light")]))
def test_report_fits_and_is_accessible(
    browser: Browser, desk: Desk, address: str, width: int, scheme: str
) -> None:
    desk.identity()
    page = opened(
        browser, address, viewport={"width": width, "height": 900}, color_scheme=scheme, locale="nl-NL"
    )
    for path in ("/report", "/report?what=visit"):
        follow(page, address, path)
        keep(page, f"report-{path[-5:]}-{width}")
        must_fit_and_be_accessible(page, width, path)
    page.context.close()


@pytest.mark.needs_program("chromium")
def test_extensions_and_refusals_are_two_clicks_away(browser: Browser, desk: Desk, address: str) -> None:
    Year(desk.register, random.Random(7)).fill(60)
    requests = desk.register.requests.all(open_only=False)
    every = {"refused": {r.id for r in requests if r.state is State.REFUSED}}
    page = opened(browser, address, viewport={"width": 390, "height": 900}, locale="nl-NL")
    follow(page, address, "/report")
    must_fit_and_be_accessible(page, 390, "figures")
    for question in ("extended", "refused"):
        follow(page, address, "/report?what=visit&from=2025-01-01&to=2025-12-31")
        must_fit_and_be_accessible(page, 390, question)
        cases = page.locator(f"li:has(> #q-{question}) .cases").first
        cases.locator("summary").click()
        ids = cases.locator("a").all_inner_texts()
        assert len(ids) >= 3 and {*ids} == every.get(question, {*ids})
        press(page, cases.locator("a").nth(2))
        assert page.url.endswith(f"/requests/{ids[2]}") and ids[2] in page.locator("main").inner_text()
    page.context.close()
