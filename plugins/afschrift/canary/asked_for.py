"""Whether a request in the installation's register asks for the canary, who does not exist."""

from __future__ import annotations

from afschrift.app.jurisdiction import identity_keys
from afschrift.app.settings import Settings
from afschrift.canary.canary_file import load_canary
from afschrift.canary.signed import require_signed
from afschrift.domain.errors import AfschriftError, RefusedError
from afschrift.register.register import Register


def asks_for_canary(register: Register, request_id: str, settings: Settings) -> bool:
    """Whether somebody asks with a key of the synthetic person; the daily check's own requests are not here.

    A canary that nobody signed as it is names nobody: the file could name a real person. So does a request
    that was forgotten.

    Args:
        register: of the installation.
        request_id: the request.
        settings: of the installation.

    Raises:
        UnknownRequestError: no such request.
    """
    try:
        canary = load_canary(settings.inventory, identity_keys(settings))
        if canary is None:
            return False
        require_signed(canary, register)
    except AfschriftError:  # `canary check` says what is wrong with it
        return False
    planted = {(name, value.casefold()) for name, value in canary.file.keys.items()}
    try:
        return any((key.name, key.value.casefold()) in planted for key in register.identities.of(request_id))
    except RefusedError:  # its data key was destroyed
        return False
