"""Options of a source: what must be there, and variables of the environment in paths."""

from __future__ import annotations

import os
import re
from typing import Any

from afschrift.core.errors import ConfigurationError

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def required(source: str, options: dict[str, Any], name: str) -> str:
    """An option that the adapter cannot do without.

    Raises:
        ConfigurationError: it is missing.
    """
    value = options.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"Source {source} has no option `{name}`.",
            way_out=f"add `{name}` under `options` in its inventory file.",
        )
    return value


def expand(source: str, text: str) -> str:
    """Replace `${NAME}` by the environment's value.

    Raises:
        ConfigurationError: the variable is not set.
    """

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in os.environ:
            raise ConfigurationError(
                f"Source {source} names the variable {name}, which is not set.",
                way_out=f"set {name} in the environment of Airflow's processes.",
            )
        return os.environ[name]

    return _VARIABLE.sub(value, text)
