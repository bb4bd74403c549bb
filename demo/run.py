"""The demo: `python -m demo.run` answers two requests of one person on the real DAG and sums up.

Builds the warehouse where it is not there yet. Everything lands below AFSCHRIFT_HOME (`.afschrift`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from afschrift.airflow_ext.local import run_here
from afschrift.airflow_ext.local_portal import local_portal
from afschrift.app.private_files import UMASK
from afschrift.app.project import set_demo_data
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.bundle.container.container import UnpackLimits, ZipContainer
from afschrift.bundle.container.layout import COVERAGE
from afschrift.bundle.container.verify import check
from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.casework.review.question import REVIEW
from afschrift.cli.common import actor
from afschrift.domain.errors import AfschriftError
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.encryption.aes_zip import opened_zip
from afschrift.encryption.secret import apart
from afschrift.register.keys.store import KeyStore
from afschrift.register.open import initialise, open_register
from afschrift.services import Services
from afschrift.wiring.build_services import build as build_services
from afschrift.wiring.demo import open_demo_request
from demo.build import SUMMARY
from demo.build import build as build_warehouse
from demo.people import HEAVY

out = Console(highlight=False, soft_wrap=True)

_WHY = {
    "origin_assigned": "made by the shop itself",
    "origin_derived": "computed by the shop",
    "origin_inferred": "guessed by the shop: scores, profiles",
    "origin_third_party": "bought from, or written by, others",
    "basis_not_portable": "kept on another ground than consent or contract",
    "proof_record": "kept as proof or for security",
    "security_secret": "a security secret",
    "only_keys": "only a key: nothing else of its table is portable",
    "not_personal": "not personal data",
}


def main() -> None:
    """Run the demo and print its summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="size of the warehouse; 1.0 is 3 million rows"
    )
    arguments = parser.parse_args()
    os.environ["AFSCHRIFT_DEMO"] = "1"
    os.umask(UMASK)
    began = time.monotonic()
    try:
        ok = run(Path(set_demo_data()), arguments.scale)
    except AfschriftError as error:
        out.print(f"[red]The demo stopped:[/red] {error}")
        sys.exit(1)
    out.print(f"\n{time.monotonic() - began:.0f} seconds in all.")
    sys.exit(0 if ok else 1)


def run(data: Path, scale: float) -> bool:
    """Warehouse, two requests, summary; whether all of it went well."""
    settings = Settings.from_environment()
    if not (data / SUMMARY).exists():
        out.print(f"[bold]1. The warehouse[/bold] of a Dutch web shop with an app, into {data}")
        rows = build_warehouse(data, scale, say=lambda _: None)
        out.print(f"   {sum(rows.values()):,} rows in {len(rows)} tables of two sources.")
    else:
        out.print(f"[bold]1. The warehouse[/bold] is in {data} already.")
    initialise(settings)
    with local_portal(settings.home) as portal:
        return _answers(Settings.from_environment(), portal)


def _answers(settings: Settings, portal: str | None) -> bool:
    """Two requests and the summary; the first answer is fetched from the portal, where there is one."""
    results = {}
    for number, right in enumerate((Right.PORTABILITY, Right.ACCESS), start=2):
        out.print(f"\n[bold]{number}. {right.capitalize()}[/bold] (Art. {right.article}): one person asks")
        at = portal if right is Right.PORTABILITY else None
        results[right] = answer(settings, right, at)
        if results[right] is None:
            return False
    summary(results)
    return True


def answer(settings: Settings, right: Right, portal: str | None = None) -> dict[str, Any] | None:
    """One request on the real DAG; what was delivered, or None where it did not come to that.

    `portal`: where the person fetches it, instead of the outbox.
    """
    services = build_services(lambda _: None, settings)
    request = open_demo_request(services, str(HEAVY.number), right, "en", "portal" if portal else "outbox")
    out.print(f"   request {request}; Airflow runs fulfil_request:")
    outcome = run_here(request, {}, lambda line: out.print(f"   {line}", markup=False))
    if approve(services, request):
        outcome = run_here(request, {}, lambda line: out.print(f"   {line}", markup=False))
    if services.register.requests.get(request).state is not State.READY:
        out.print(f"[red]   The run ended as {outcome.state}; the request was not answered.[/red]")
        return None
    hand_over(services, request)
    [delivery] = services.register.deliveries.of(request)
    secret, limits = services.register.deliveries.secret(delivery.id) or "", UnpackLimits()
    folder = settings.home / "demo" / right
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    bundle = settings.home / "outbox" / delivery.name
    with BytesIO(fetch(portal, secret)) if portal else bundle.open("rb") as file:
        container = ZipContainer(file if portal else opened_zip(file, secret), limits)
        report = check(container, KeyStore.open(settings.keys).public_keys(), limits)
        coverage = json.loads(b"".join(container.read(COVERAGE)))
    return {
        "report": report,
        "bundle": None if portal else bundle,
        "bytes": delivery.bytes,
        "folder": folder,
        "coverage": coverage,
        "sha": delivery.sha256,
        "delivery": delivery.id,
    }


def fetch(portal: str, secret: str) -> bytes:
    """Fetch a bundle from the portal, as the person does by link and words."""
    words, link = apart(secret)
    page = f"{portal}/api/o/{link}"
    with httpx.Client(trust_env=False, timeout=60) as person:
        opened = person.post(page, json={"code": words}).raise_for_status().json()
        head = {"Afschrift-Key": opened["key"]}
        bundle = person.get(f"{page}/bundle", headers=head).raise_for_status().content
        person.post(f"{page}/received", headers=head).raise_for_status()
    out.print(f"   The person fetches it at {portal} by the letter's link and the six words.")
    return bundle


def approve(services: Services, request: str) -> bool:
    """A review that is open is approved, as the officer of the demo; whether one was."""
    asked = [q for q in services.register.questions.all(request_id=request) if q.kind == REVIEW]
    if not asked:
        return False
    places = sum(asked[-1].detail.get("pointed_out", {}).values())
    out.print(
        f"   The run ends at a question: {places} places in free text may name another person. An officer "
        f"looks (`afschrift review show {request}`); here the bundle is approved as it is."
    )
    register = open_register(Settings.from_environment())
    answer_question(Officer(register, load_roles(), actor()), asked[-1].id, "approved")
    return True


def hand_over(services: Services, request: str) -> None:
    """Enter, as an officer of the demo, that the person has the answer."""
    out.print(
        "   The answer is ready. The request is answered when the person has it: here an officer enters that "
        "it was handed over at the counter."
    )
    [asked] = services.register.questions.all(request_id=request)
    officer = Officer(open_register(Settings.from_environment()), load_roles(), actor())
    today = officer.today(services.register.requests.get(request).zone)
    handover = {"on": today.isoformat(), "channel": "by_hand", "proof": "demo-1"}
    answer_question(officer, asked.id, "told", detail=handover)


def summary(results: dict[Right, Any]) -> None:
    """Print what is in each bundle, what is left out and why, and where the bundle is."""
    out.print("\n[bold]Result[/bold]")
    table = Table(box=None, padding=(0, 3, 0, 0))
    for heading in ("", "portability (Art. 20)", "access (Art. 15)"):
        table.add_column(heading, no_wrap=True)
    port, acc = results[Right.PORTABILITY], results[Right.ACCESS]
    for words, value in (
        ("rows in the bundle", lambda r: f"{r['report'].rows:,}"),
        ("tables with rows", lambda r: str(_count(r, "rows"))),
        ("tables left out whole", lambda r: str(_count(r, "withheld"))),
        ("files", lambda r: str(r["report"].files)),
        ("ZIP file", lambda r: f"{r['bytes'] / 1e6:.1f} MB"),
        ("whole, and signed by a known key", lambda r: "yes" if r["report"].exit_code == 0 else "NO"),
    ):
        table.add_row(words, value(port), value(acc))
    out.print(table)
    out.print(
        "\nIn both: what the person typed in, and what their use left behind (orders, searches, heart rate)."
    )
    out.print(
        "Not in portability, since the person did not provide it (access gives it, except security secrets):"
    )
    for why, columns in _left_out(port).items():
        out.print(f"  {why}: {', '.join(columns[:6])}{' ...' if len(columns) > 6 else ''}")
    out.print("\nNext: `.venv/bin/afschrift requests --all`, `.venv/bin/afschrift audit verify`, `make up`.")
    out.print("\nEach file leaves encrypted. The words are read out to the person, who opens it by them:")
    for right, result in results.items():
        out.print(
            f"\n[bold]{right}[/bold]  {result['bundle'] or 'fetched from the portal, and confirmed there'}"
        )
        out.print(f"  bundle sha256 {result['sha']}")
        if result["bundle"] is None:
            continue
        out.print(f"  words  .venv/bin/afschrift delivery words {result['delivery']}")
        out.print(
            f"  open   .venv/bin/afschrift bundle open {result['bundle']} {result['folder']}", soft_wrap=True
        )


def _count(result: dict[str, Any], status: str) -> int:
    return sum(table["status"] == status for table in result["coverage"]["tables"])


def _left_out(result: dict[str, Any]) -> dict[str, list[str]]:
    """Reason in words -> columns of the bundle's coverage that are not in it."""
    found: dict[str, list[str]] = {}
    for table in sorted(result["coverage"]["tables"], key=lambda t: t["source"] != "shop"):
        for column in table["leftOut"]:
            why = _WHY.get(column["reason"], column["reason"])
            found.setdefault(why, []).append(f"{table['table']}.{column['column']}")
    return found


if __name__ == "__main__":
    main()
