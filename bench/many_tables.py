"""A business of 125 tables, from its database to a map that was gone through: what it takes.

    python -m bench.many_tables

makes the tables in PostgreSQL, with foreign keys and rows, scans them, confirms each question of the review
(as proposed; where nothing is proposed, the origin is set to `provided`, and a score gets a meaning), and
checks the map: 80 questions on 2026-11-29.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from testbed.postgres import running

from afschrift.datamap.review.offered import Lack, lacking
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.domain.errors import ConfigurationError

PEOPLE = {
    "customer": "first_name text, last_name text, email text, phone text, street text, house_number text, "
    "postcode text, city text, country text, date_of_birth date, newsletter boolean, segment text, "
    "credit_score integer, password_hash text, created_at timestamp, updated_at timestamp",
    "employee": "first_name text, last_name text, work_email text, job_title text, hired_on date, "
    "manager_id integer REFERENCES employee, created_at timestamp, updated_at timestamp",
    "supplier_contact": "full_name text, email text, phone text, company text, "
    "created_at timestamp, updated_at timestamp",
}
AUDIT = "created_at timestamp, updated_at timestamp, created_by integer REFERENCES employee"
# What belongs to a customer: table -> its own columns. Each has lines and events beside it.
OF_CUSTOMERS = {
    "orders": "ordered_at timestamp, status text, total numeric, currency text, channel text",
    "cart": "started_at timestamp, device text",
    "wish_list": "title text, is_public boolean",
    "quote": "valid_until date, total numeric",
    "subscription": "started_on date, ended_on date, plan text",
    "invoice": "invoice_date date, total numeric, vat numeric",
    "payment": "paid_at timestamp, amount numeric, iban text",
    "credit_note": "reason text, amount numeric",
    "direct_debit": "iban text, mandate_reference text, signed_on date",
    "reminder": "sent_at timestamp, level integer",
    "shipment": "carrier text, tracking_code text, delivered_at timestamp, signed_by text",
    "return_request": "reason text, requested_at timestamp",
    "delivery_address": "street text, postcode text, city text, country text",
    "ticket": "subject text, opened_at timestamp, closed_at timestamp",
    "chat": "started_at timestamp, transcript text",
    "complaint": "description text, outcome text",
    "phone_call": "called_at timestamp, duration_seconds integer, recording_path text",
    "campaign_send": "sent_at timestamp, opened boolean",
    "survey_response": "score integer, comment text",
    "coupon": "code text, used_at timestamp",
    "referral": "friend_email text, sent_at timestamp",
    "consent": "purpose text, granted_at timestamp, withdrawn_at timestamp",
    "session": "started_at timestamp, ip_address text, user_agent text",
    "search": "query text, searched_at timestamp",
    "page_view": "url text, viewed_at timestamp",
    "login": "logged_in_at timestamp, ip_address text, succeeded boolean",
    "recommendation": "score numeric, shown_at timestamp",
    "loyalty_account": "points integer, tier text",
    "loyalty_entry": "points integer, reason text",
    "badge": "name text, earned_at timestamp",
}
OF_A_ROW = {
    "line": "quantity integer, unit_price numeric, description text",
    "event": "happened_at timestamp, kind text, note text",
}
CATALOGUE = [
    "product",
    "category",
    "brand",
    "warehouse",
    "carrier",
    "tax_rate",
    "country",
    "currency",
    "colour",
    "size_table",
    "shop",
    "region",
    "holiday",
    "price_list",
    "supplier",
    "promotion",
    "unit",
    "material",
    "season",
    "language",
    "bank",
    "store",
    "payment_term",
    "delivery_term",
]
TECHNICAL = [
    "schema_version",
    "job_run",
    "feature_flag",
    "outbox_message",
    "import_batch",
    "email_template",
    "translation",
    "setting",
]
ROWS = 200
_MEANING = {"nl": "Hoe goed een klant betaalt.", "en": "How well a customer pays."}


def tables() -> Iterator[tuple[str, str]]:
    """Name and columns of each table, those that are pointed to first."""
    for name, columns in PEOPLE.items():
        yield name, columns
    for name in CATALOGUE:
        yield name, "name text, code text, sort_order integer, updated_at timestamp"
    for name in TECHNICAL:
        yield name, "name text, value text, updated_at timestamp"
    for name, columns in OF_CUSTOMERS.items():
        yield name, f"customer_id integer REFERENCES customer, {columns}, {AUDIT}"
        for kind, more in OF_A_ROW.items():
            product = ", product_id integer REFERENCES product" if kind == "line" else ""
            yield f"{name}_{kind}", f"{name}_id integer REFERENCES {name}{product}, {more}, {AUDIT}"


def statements() -> Iterator[str]:
    """What makes and fills them."""
    for name, columns in tables():
        yield f"CREATE TABLE {name} ({name}_id serial PRIMARY KEY, {columns})"
        words = [column.split() for column in columns.split(", ")]
        values = ", ".join(_value(name, column, kind) for column, kind, *_ in words)
        names = ", ".join(column for column, *_ in words)
        yield f"INSERT INTO {name} ({names}) SELECT {values} FROM generate_series(1, {ROWS}) AS g"
    yield "ANALYZE"


def _value(table: str, column: str, kind: str) -> str:
    if kind == "integer":
        return "1 + g % 50"
    if kind in ("timestamp", "date"):
        return f"(timestamp '2026-01-01' + g * interval '7 hours')::{kind}"
    if kind in ("numeric", "boolean"):
        return "g * 1.25" if kind == "numeric" else "g % 3 = 0"
    if "email" in column:
        return f"'{table}' || g || '@example.org'"
    return f"'{column} ' || chr(65 + g % 26) || chr(97 + g % 7)"


def review(folder: Path) -> tuple[Counter[str], int, list[str]]:
    """Confirm what is asked.

    Returns:
        Questions by kind, lines written, and what an answer could not be given to.
    """
    session, asked, lines, refused = Review(folder), Counter[str](), 0, dict[str, str]()
    print(f"questions at first: {len(session.waiting())}", flush=True)
    while left := [group for group in session.waiting() if group.key not in refused]:
        group = left[0]
        lacks = {*lacking(group, {})}
        words = {"personal": False} if Lack.WHOSE in lacks else {}
        words |= {"origin": "provided"} if Lack.ORIGIN in lacks else {}
        words |= {"meaning": _MEANING} if Lack.MEANING in lacks else {}
        answer = Answer("bench", date(2026, 11, 28), "Gone through.", date(2027, 11, 28), words)
        try:
            lines += session.confirm(group, answer).lines
        except ConfigurationError as error:
            refused[group.key] = f"{group.name}: {error.args[0].splitlines()[0]}"
            continue
        if group.key in {other.key for other in session.waiting()}:
            refused[group.key] = f"{group.name}: asked again"
        kind = (
            "ways"
            if "ways" in group.proposed
            else "tables"
            if group.is_table
            else "open"
            if words
            else "columns"
        )
        asked[kind] += 1
        asked["columns in all"] += 0 if group.is_table else len(group.places)
    return asked, lines, list(refused.values())


def _ran(*command: str) -> tuple[str, float]:
    began = time.perf_counter()
    done = subprocess.run(["afschrift", *command], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr, time.perf_counter() - began


def main() -> None:
    """Make, scan, confirm, check; print what each took."""
    made = list(tables())
    print(f"{len(made)} tables, {sum(columns.count(', ') + 2 for _, columns in made)} columns")
    with tempfile.TemporaryDirectory() as place, running(durable=False) as server:
        database = server.create()
        database.execute(*statements())
        os.environ |= {"AIRFLOW_CONN_BUSINESS": database.libpq, "AFSCHRIFT_DEMO": "1"}
        subprocess.run(["afschrift", "init", f"{place}/p"], check=True, capture_output=True)
        os.chdir(f"{place}/p")
        folder = Path("inventory")
        (folder / "example.yml").unlink()
        output, seconds = _ran("inventory", "scan", "business", "--zone", "Europe/Amsterdam", *sys.argv[1:])
        print(f"scan: {seconds:.1f} s\n{output}")
        file = folder / "business.yml"
        print(f"draft: {len(file.read_text().splitlines())} lines")
        began = time.perf_counter()
        asked, lines, refused = review(folder)
        print(f"review: {dict(asked)}, {lines} lines, {time.perf_counter() - began:.1f} s")
        print("\n".join(["refused:", *refused]))
        print(f"map: {len(file.read_text().splitlines())} lines")
        output, seconds = _ran("inventory", "check")
        print(
            f"check: {seconds:.1f} s, {len(output.splitlines())} lines\n" + "\n".join(output.splitlines()[:6])
        )
        output, seconds = _ran("inventory", "check", "--live")
        print(f"check --live: {seconds:.1f} s, {len(output.splitlines())} lines")
        print("\n".join(line for line in output.splitlines() if "warning" in line or "error" in line)[:2000])


if __name__ == "__main__":
    main()
