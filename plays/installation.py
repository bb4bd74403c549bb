"""The installation that a play works on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.mini import write_database, write_inventory

ROOT = Path(__file__).parents[1]

NOTIFIERS = """
officers:
  notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier
  arguments:
    to: privacy@example.org
    from_email: afschrift@example.org
    subject: "{{ notices.subject }}"
    html_content: "{{ notices.html }}"
"""


def install(folder: Path, office_at: str) -> dict[str, str]:
    """An installation on the small shop of the tests, whose officers are told by mail; its environment."""
    from afschrift.app.settings import Settings
    from afschrift.cli.common import actor
    from afschrift.register.open import initialise

    home, server = folder / "home", urlsplit(office_at)
    connection = {
        "conn_type": "smtp",
        "host": server.hostname,
        "port": server.port,
        "extra": {"disable_ssl": True, "disable_tls": True, "retry_limit": 1},
    }
    variables = {
        "AFSCHRIFT_HOME": str(home),
        "AFSCHRIFT_INVENTORY": str(write_inventory(folder / "inventory")),
        "AFSCHRIFT_MAIL": str(folder / "mail.json"),
        "AFSCHRIFT_DEMO": "0",
        "MINI_SHOP": str(write_database(folder / "shop.duckdb")),
        "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connection),
    }
    initialise(Settings.from_environment(variables))
    (home / "notifiers.yml").write_text(NOTIFIERS, encoding="utf-8")
    roles = f"people:\n  Anna: {{accounts: [{actor()}], roles: [officer, intake]}}\n"
    (home / "roles.yml").write_text(roles, encoding="utf-8")
    return variables


PEOPLE = {
    "anna": ["officer", "intake"],
    "vera": ["officer"],
    "sam": ["second_signer"],
    "dirk": ["dpo"],
    "ada": ["auditor"],
}
"""Who logs in to Airflow in the officers' play, with our roles. Anna sits at the terminal too."""


def install_demo(folder: Path) -> dict[str, str]:
    """An installation on a small demo warehouse, with people of every role; its environment."""
    from afschrift.app.settings import Settings
    from afschrift.cli.common import actor
    from afschrift.register.open import initialise

    home, data = folder / "home", folder / "warehouse"
    build = [sys.executable, "-m", "demo.build", "--into", str(data), "--scale", "0.02"]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603  (our own program)
    variables = {
        "AFSCHRIFT_HOME": str(home),
        "AFSCHRIFT_DEMO_DATA": str(data),
        "AFSCHRIFT_MAIL": str(folder / "mail.json"),
        "AFSCHRIFT_DEMO": "0",
    }
    initialise(Settings.from_environment(variables))
    accounts = {name: [f"airflow:{name}"] for name in PEOPLE}
    accounts["anna"].append(actor())
    people = {name.title(): {"accounts": accounts[name], "roles": roles} for name, roles in PEOPLE.items()}
    (home / "roles.yml").write_text(json.dumps({"people": people}), encoding="utf-8")
    return variables
