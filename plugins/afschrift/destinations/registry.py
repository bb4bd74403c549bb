"""The kinds of destinations. To add one, write a file and add a line here; settings can then name it.

A kind is called with the name of the destination and its settings other than `kind`. It opens nothing before
the first delivery.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from afschrift.destinations.folder import FolderDestination
from afschrift.destinations.portal import PortalDestination
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.files import Destination

DESTINATIONS: Mapping[str, Callable[..., Destination]] = {
    "folder": FolderDestination,
    "portal": PortalDestination,
}


def open_destination(name: str, settings: Mapping[str, Any]) -> Destination:
    """Open a destination from its settings: `kind`, and the options of that kind.

    Args:
        name: name of the destination, for example `outbox`.
        settings: for example `{"kind": "folder", "url": "file:///srv/outbox"}`.

    Raises:
        ConfigurationError: the kind is not known, or the settings do not fit it.
    """
    arguments = dict(settings)
    kind = str(arguments.pop("kind", ""))
    where = f"in the file that AFSCHRIFT_DESTINATION_{name.upper()}_OPTIONS names"
    if kind not in DESTINATIONS:
        raise ConfigurationError(
            f"The kind of the destination '{name}' is not known.",
            remedy=f"{where}, let 'kind' be one of {', '.join(DESTINATIONS)}.",
        )
    try:
        return DESTINATIONS[kind](name, **arguments)
    except TypeError:  # its text may quote a setting
        raise ConfigurationError(
            f"The settings of the destination '{name}' do not fit its kind '{kind}'.",
            remedy=f"{where}, give {_takes(kind)}; see docs/operator/operations.md.",
        ) from None


def _takes(kind: str) -> str:
    _, *parameters = inspect.signature(DESTINATIONS[kind]).parameters.values()
    must = [f"'{parameter.name}'" for parameter in parameters if parameter.default is parameter.empty]
    may = [f"'{parameter.name}'" for parameter in parameters if parameter.default is not parameter.empty]
    return ", ".join(must) + (f" and, where needed, {', '.join(may)}" if may else "")
