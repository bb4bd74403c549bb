"""A JSON file with options, credentials included: for this account alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from afschrift.app.private_files import open_to_others
from afschrift.domain.errors import ConfigurationError


def read_options(path: Path, what: str, page: str) -> dict[str, Any]:
    """Read options.

    Args:
        path: of the file.
        what: what they are for, as errors call it.
        page: of the documentation that lists them.

    Raises:
        ConfigurationError: the file is open to others, cannot be read or is no JSON object.
    """
    options: Any = None
    try:
        if open_to_others(path.stat()):
            raise ConfigurationError(
                f"The options of {what} are open to other accounts.", remedy=f"run `chmod 600 {path}`."
            )
        options = json.loads(path.read_bytes())
    except (OSError, ValueError):
        pass
    if not isinstance(options, dict):
        raise ConfigurationError(
            f"The options of {what} cannot be read.",
            remedy=f"make {path} a JSON object; {page} lists what it takes.",
        )
    return options
