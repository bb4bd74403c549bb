"""A telephone number or an account that the person's own record holds is searched for too, though it is no key."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from testbed.mini import write_inventory
from testbed.running import installation, run, store

from afschrift.domain.errors import NeedsPersonError
from afschrift.services import Services

ROWS = """
CREATE TABLE customer (customer_id INTEGER, phone VARCHAR, account VARCHAR, neighbour VARCHAR);
CREATE TABLE call (call_id INTEGER, customer_id INTEGER, note VARCHAR);
INSERT INTO customer VALUES (1, '06-12345678', 'NL91ABNA0417164300', '0612345679'), (2, NULL, NULL, NULL);
INSERT INTO call VALUES (1, 2, {note});
"""
SHOP = """
source: shop
kind: duckdb
options: {{path: "{path}"}}
zone: Europe/Amsterdam
purposes:
  account:
    basis: A6-1-b
    title: {{nl: Account, en: Account}}
    retention: {{period: P2Y, trigger: {{nl: na de koop, en: after the sale}}}}
    recipients: []
    automated_decision: false
tables:
  customer:
    subject: {{customer_id: customer_id}}
    key: [customer_id]
    purposes: [account]
    columns:
      customer_id: {{origin: assigned}}
      phone: {{origin: provided, category: user.contact.phone_number}}
      account: {{origin: provided, category: user.financial.bank_account}}
      neighbour:
        {{origin: provided, category: user.contact.phone_number, about: third_party, third_party: own_use}}
  call:
    subject: {{customer_id: customer_id}}
    key: [call_id]
    purposes: [account]
    columns: {{call_id: {{origin: assigned}}, customer_id: {{origin: assigned}}, note: {{origin: provided}}}}
"""


def shop(tmp_path: Path, note: str) -> Services:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(ROWS.format(note=f"'{note}'"))
    (folder := tmp_path / "inventory").mkdir()
    write_inventory(folder, SHOP.format(path=path))
    return installation(tmp_path / "home", folder)


@pytest.mark.slow
@pytest.mark.parametrize("note", ["called back on +31 6 1234 5678", "paid by NL91 ABNA 0417 1643 00."])
def test_a_row_that_names_the_person_by_them_stops_the_request(tmp_path: Path, note: str) -> None:
    services = shop(tmp_path, note)
    request = store(services, {"customer_id": "1"})
    with pytest.raises(NeedsPersonError, match=r"shop\.call\.note") as error:
        run(services, request)
    assert error.value.question == "residual_rows"
    dumped = json.dumps([payload for _, payload in services.register.trail.events(request)], default=str)
    assert not any(digits in dumped for digits in ("12345678", "1234 5678", "0417164300", "0417 1643"))


@pytest.mark.slow
@pytest.mark.parametrize("note", ["called back on 0612345670", "a neighbour, 06 12345679"])
def test_other_numbers_and_those_of_others_do_not(tmp_path: Path, note: str) -> None:
    services = shop(tmp_path, note)
    request = store(services, {"customer_id": "1"})
    assert run(services, request).exists()
    asked = services.register.questions.all(request_id=request, open_only=False)
    assert [question.kind for question in asked if question.kind != "tell_person"] == []
    [extracted] = [p for h, p in services.register.trail.events(request) if h.type == "extracted"]
    assert set(extracted["spellings"]) == {"iban", "phone"}
