"""How a system is reached, apart from the inventory: the inventory names a connection, never a password."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Connection:
    """Address and credentials of a system, as Airflow keeps them under a connection id.

    Attributes:
        id: the connection id, for messages.
        kind: type of the system, for example `postgres`.
        database: Airflow calls it `schema`.
        extra: parameters of the driver, such as `sslmode`.
    """

    id: str
    kind: str
    host: str | None = None
    port: int | None = None
    login: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    database: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


Connect = Callable[[str], Connection]
"""Finds a connection by its id; a ConfigurationError names the id where there is none."""
