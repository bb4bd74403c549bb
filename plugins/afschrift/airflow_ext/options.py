"""Options of the trigger form on their way into the register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afschrift.domain.errors import ConfigurationError
from afschrift.services import Services


def change(services: Services, request_id: str, options: Mapping[str, Any], by: str) -> None:
    """Record the options that differ from what the request says; the same ones again record nothing.

    Args:
        services: of this installation.
        request_id: whose options.
        options: some of `formats`, `language`, `destination`.
        by: who triggered the run, for the trail.

    Raises:
        ConfigurationError: a destination or language that this installation does not have.
    """
    request = services.register.requests.get(request_id)
    languages = services.inventory.controller.languages
    if options.get("language", request.language) not in languages:
        raise ConfigurationError(
            "The service is not offered in this language.", way_out=f"choose one of {', '.join(languages)}."
        )
    if "destination" in options:
        services.destination(options["destination"])
    new = dict(options)
    if "formats" in new:
        new["formats"] = tuple(new["formats"])
    new = {name: value for name, value in new.items() if getattr(request, name) != value}
    if new:
        services.register.requests.change_options(request_id, by=by, **new)
        services.log(f"Options of {request_id} changed: {', '.join(new)}.")
