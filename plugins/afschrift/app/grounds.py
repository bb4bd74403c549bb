"""The table of grounds of this installation."""

from __future__ import annotations

from afschrift.app.settings import Settings
from afschrift.inventory import grounds
from afschrift.law.grounds.grounds import Grounds


def load_grounds(settings: Settings | None = None) -> Grounds:
    """The table of grounds of this installation.

    Raises:
        ConfigurationError: lists what is wrong with it.
    """
    return grounds.load_grounds((settings or Settings.from_environment()).include / "grounds")
