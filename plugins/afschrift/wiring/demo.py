"""The demo's shortcut: a request by customer number, refused in any other installation."""

from __future__ import annotations

from afschrift.app.settings import Settings
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.store_request import submit
from afschrift.domain.errors import RefusedError
from afschrift.domain.right import Right
from afschrift.services import Services


def open_demo_request(
    services: Services, customer_number: str, right: str, language: str = "nl", destination: str = "outbox"
) -> str:
    """Open a request for a customer of the demo warehouse; return its id.

    Raises:
        RefusedError: this is no demo, so no number is accepted from a form.
    """
    if not Settings.from_environment().demo:
        raise RefusedError(
            "A customer number may only be given in a demo.",
            remedy="store the request with `afschrift submit` and trigger by its id.",
        )
    now = services.now()
    intake = Intake.model_validate(
        {
            "message": "Graag ontvang ik mijn gegevens." if language == "nl" else "Please send me my data.",
            "channel": "demo",
            "received_at": now,
            "right": Right(right),
            "keys": {services.inventory.identity.person: str(customer_number)},
            "authenticated": {"by": "demo form", "level": "demo", "at": now},
            "language": language,
            "destination": destination,
        }
    )
    return submit(services, intake, "demo")[0]
