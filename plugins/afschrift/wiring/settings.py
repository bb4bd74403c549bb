"""Settings of an installation, from the environment. Defaults suit a checkout; production sets them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from afschrift.core.errors import ConfigurationError

PROJECT = Path(__file__).resolve().parents[3]
_DESTINATION = "AFSCHRIFT_DESTINATION_"


@dataclass(frozen=True)
class Settings:
    """Where things are.

    Attributes:
        home: folder of the installation's own state (`AFSCHRIFT_HOME`).
        register: SQLAlchemy URL of the register (`AFSCHRIFT_REGISTER`).
        keys: key file, apart from the register (`AFSCHRIFT_KEYS`).
        staging: folder of the encrypted files between tasks (`AFSCHRIFT_STAGING`).
        include: folder with `sql`, `letters` and `inventory` (`AFSCHRIFT_INCLUDE`).
        inventory: folder of the data map (`AFSCHRIFT_INVENTORY`).
        destinations: name -> URI of a folder or object store (`AFSCHRIFT_DESTINATION_<NAME>`).
        demo: the trigger form may take a customer number (`AFSCHRIFT_DEMO=1`).
    """

    home: Path
    register: str = field(repr=False)  # may hold a password
    keys: Path
    staging: str
    include: Path
    inventory: Path
    destinations: Mapping[str, str]
    demo: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment."""
        env = os.environ if environment is None else environment
        home = Path(env.get("AFSCHRIFT_HOME", PROJECT / ".afschrift")).absolute()
        include = Path(env.get("AFSCHRIFT_INCLUDE", PROJECT / "include")).absolute()
        destinations = {"outbox": str(home / "outbox")} | {
            name.removeprefix(_DESTINATION).lower(): uri
            for name, uri in env.items()
            if name.startswith(_DESTINATION)
        }
        return cls(
            home=home,
            register=env.get("AFSCHRIFT_REGISTER", f"sqlite:///{home / 'register.db'}"),
            keys=Path(env.get("AFSCHRIFT_KEYS", home / "keys.json")).absolute(),
            staging=env.get("AFSCHRIFT_STAGING", str(home / "staging")),
            include=include,
            inventory=Path(env.get("AFSCHRIFT_INVENTORY", include / "inventory")).absolute(),
            destinations=destinations,
            demo=env.get("AFSCHRIFT_DEMO") == "1",
        )

    def destination(self, name: str) -> str:
        """URI of a destination.

        Raises:
            ConfigurationError: no destination bears this name.
        """
        if name not in self.destinations:
            raise ConfigurationError(
                "This destination is not configured.",
                way_out=f"choose one of {', '.join(sorted(self.destinations))}, or set {_DESTINATION}<NAME>.",
            )
        return self.destinations[name]
