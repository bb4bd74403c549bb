"""The installations that scenarios work on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from testbed.mini import write_database, write_inventory
from tests.support.installed import Installation, installed, own_inventory, set_up

NOTIFIERS = """
officers:
  notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier
  arguments:
    to: privacy@example.org
    from_email: afschrift@example.org
    subject: "{{ notices.subject }}"
    html_content: "{{ notices.html }}"
"""

PEOPLE = {
    "anna": ["officer", "intake"],
    "vera": ["officer"],
    "sam": ["second_signer"],
    "dirk": ["dpo"],
    "ada": ["auditor"],
}
"""Who logs in to Airflow, with our roles. Anna sits at the terminal too."""


@contextmanager
def small_shop(folder: Path, office_at: str) -> Iterator[Path]:
    """An installation on the small shop, whose officers get notices by mail; its home."""
    from afschrift.cli.common import actor

    home, server = folder / "home", urlsplit(office_at)
    connection = {
        "conn_type": "smtp",
        "host": server.hostname,
        "port": server.port,
        "extra": {"disable_ssl": True, "disable_tls": True, "retry_limit": 1},
    }
    variables = {
        "AFSCHRIFT_INVENTORY": str(write_inventory(folder / "inventory")),
        "AFSCHRIFT_MAIL": str(folder / "mail.json"),
        "AFSCHRIFT_DEMO": "0",
        "MINI_SHOP": str(write_database(folder / "shop.duckdb")),
        "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connection),
    }
    with set_up(home, variables):
        (home / "notifiers.yml").write_text(NOTIFIERS, encoding="utf-8")
        roles = f"people:\n  Anna: {{accounts: [{actor()}], roles: [officer, intake]}}\n"
        (home / "roles.yml").write_text(roles, encoding="utf-8")
        yield home


@contextmanager
def demo_with_people(warehouse: Path, folder: Path) -> Iterator[Installation]:
    """An installation on a copy of a demo warehouse, with people of every role."""
    from afschrift.cli.common import actor

    variables = {
        "AFSCHRIFT_INVENTORY": str(own_inventory(folder / "inventory")),
        "AFSCHRIFT_MAIL": str(folder / "mail.json"),
        "AFSCHRIFT_DEMO": "0",
    }
    accounts = {name: [f"airflow:{name}"] for name in PEOPLE}
    accounts["anna"].append(actor())
    people = {name.title(): {"accounts": accounts[name], "roles": roles} for name, roles in PEOPLE.items()}
    with installed(warehouse, folder, variables) as made:
        (made.home / "roles.yml").write_text(json.dumps({"people": people}), encoding="utf-8")
        yield made
