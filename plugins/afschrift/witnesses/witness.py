"""What a witness place does: it takes files for good, and gives back what it holds where it can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from afschrift.domain.errors import ConfigurationError

Files = Mapping[str, bytes]
"""Name -> content: a checkpoint, and time stamps of it."""


class Witness(Protocol):
    """A place that keeps checkpoints."""

    name: str
    readable: bool
    """Whether `read` can look into it from here."""

    def send(self, files: Files) -> None:
        """Leave files there for good; the same ones again change nothing.

        Raises:
            ConfigurationError: settings are wrong, or another content bears one of the names.
            RetriableError: the place is out of reach.
        """

    def read(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of every checkpoint and time stamp there; errors as for `send`."""


def setting(options: Mapping[str, object], witness_name: str, name: str) -> str:
    """A text among the options of a place.

    Raises:
        ConfigurationError: it is missing or no text.
    """
    value = options.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"The options of the witness place '{witness_name}' lack '{name}'.",
            remedy="docs/trail.md lists the options of each kind of place.",
        )
    return value
