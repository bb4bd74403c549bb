"""An installation with a mail server, and a destination that people can fetch from."""

import json
from pathlib import Path

from tests.support.deciding import Bureau

from afschrift.app.settings import Settings
from afschrift.wiring.build_services import build

LINK = "https://portal.example.org/answers/{file}"


def mailed(bureau: Bureau, folder: Path, url: str, link: str | None = LINK) -> Bureau:
    """The same installation with a mail server, and a destination that people can fetch from."""
    options = {"link": link, "days": 14} if link else {}
    for name, content in (("mail", {"server": url, "sender": "privacy@example.org"}), ("outbox", options)):
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        (folder / f"{name}.json").chmod(0o600)
    settings = Settings.from_environment(
        {
            "AFSCHRIFT_HOME": str(bureau.settings.home),
            "AFSCHRIFT_INVENTORY": str(bureau.settings.inventory),
            "AFSCHRIFT_MAIL": str(folder / "mail.json"),
            "AFSCHRIFT_DESTINATION_OUTBOX": str(folder / "outbox"),
            "AFSCHRIFT_DESTINATION_OUTBOX_OPTIONS": str(folder / "outbox.json"),
        }
    )
    return Bureau(settings, build(lambda _line: None, settings))
