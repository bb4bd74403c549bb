"""A log-in that was renewed, or ended and began anew, loses no text: each form comes back with all that was typed."""

import re
from html import unescape

import pytest
from tests.support.pages import Desk, text_of

pytestmark = pytest.mark.airflow
TEXT = "Kanariezin “over de vrouw” <op> de groene fiets"
FIELD = re.compile(r"<(?:textarea|input type=\"text\")[^>]*? name=\"([^\"]+)\"")


def addresses(desk: Desk) -> dict[str, tuple[str, str]]:
    """Page with a form -> who opens it, and the address that the form is sent to."""
    (request, identity), (_, decision), (_, column) = desk.identity(), desk.decision(), desk.asked()
    page = desk.browse("anna", f"/requests/{request}").text
    acts = sorted(set(re.findall(rf'href="/afschrift(/requests/{request}/do/[\w-]+)"', page)))
    found = {act: ("anna", act) for act in acts if not act.endswith("/letter")}
    letter, ground = f"/requests/{request}/do/letter", "?choice=refuse&ground=manifestly_excessive"
    found |= {f"{letter}?kind={kind}": ("anna", letter) for kind in ("acknowledgement", "identity_request")}
    found |= {f"/questions/{of}": ("anna", f"/questions/{of}") for of in (identity, column)} | {
        f"/questions/{decision}{ground}": ("anna", f"/questions/{decision}")
    }
    return found | {"/new": ("ivo", "/new"), "/": ("anna", "/search")}


def test_a_renewed_log_in_keeps_what_was_typed_on_every_form(desk: Desk) -> None:
    lost, forms = {}, addresses(desk)
    assert len(forms) > 20
    for path, (user, to) in forms.items():
        html = desk.browse(user, path, headers={"Accept-Language": "nl"}).text
        parts = [part.partition("</form>")[0] for part in html.split("<form")]
        form = next((part for part in parts if f'action="/afschrift{to}"' in part), "")
        assert form, (path, text_of(html))
        names = set(FIELD.findall(form))
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        ticked = dict(re.findall(r'type="(?:radio|checkbox)"[^>]* name="([^"]+)" value="([^"]+)"', form))
        fields = hidden | ticked | dict.fromkeys(names, TEXT) | {"token": "0" * 64}
        back = desk.browse(user, to, fields, headers={"Accept-Language": "nl"})
        kept = unescape(back.text).count(TEXT)
        marked = len(re.findall(r" checked", back.text))
        words = "opnieuw ingelogd" in text_of(back.text)
        if (back.status_code, kept, marked, words) != (403, len(names), len(ticked), True):
            lost[path] = (back.status_code, kept, len(names), marked, len(ticked), words)
    assert lost == {}
