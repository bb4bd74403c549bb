"""The destinations that there are, by kind. The contract tests run over all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from afschrift.destinations.folder import FolderDestination
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.files import Destination

DESTINATIONS: Mapping[str, Callable[..., Destination]] = {
    "folder": FolderDestination,
}


def open_destination(name: str, settings: Mapping[str, Any]) -> Destination:
    """A destination from its settings: `kind`, and what that kind takes.

    Args:
        name: name of the destination, for example `outbox`.
        settings: for example `{"kind": "folder", "url": "file:///srv/outbox"}`.

    Raises:
        ConfigurationError: the kind is not known, or the settings do not fit it.
    """
    arguments = dict(settings)
    kind = arguments.pop("kind", None)
    if kind not in DESTINATIONS:
        raise ConfigurationError(
            f"The kind of the destination '{name}' is not known.",
            way_out=f"choose among {', '.join(DESTINATIONS)}.",
        )
    try:
        return DESTINATIONS[kind](name, **arguments)
    except TypeError:
        raise ConfigurationError(
            f"The settings of the destination '{name}' do not fit its kind '{kind}'.",
            way_out="for a folder give 'url' and, where needed, 'options'.",
        ) from None
