"""Where keys are kept: what a key store needs of such a place, and one that can only be read."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from afschrift.domain.errors import ConfigurationError
from afschrift.register.keys.document import KeyDocument, decode

FRESH_SECONDS = 60
"""So long a process goes by what it read, where reading means asking another service."""


class Storage(Protocol):
    """A place that holds the keys.

    Attributes:
        location: what messages call it, to follow "the".
        settling_seconds: so long after a change another process may still go by the keys before it.
        file: where they lie in a file; what belongs beside them lies there too.
    """

    location: str
    settling_seconds: int = 0
    file: Path | None = None

    def load(self, *, anew: bool = False) -> KeyDocument:
        """The keys; `anew`: do not go by what was read before."""
        ...

    def change(self, change: Callable[[KeyDocument], KeyDocument]) -> None:
        """Replace the keys by what `change` makes of them; one writer at a time."""
        ...


class ReadOnly(Storage):
    """Keys that somebody else keeps, such as a secrets backend, and that a callable fetches.

    Raises in use:
        ConfigurationError: from `load`, what was fetched is no key document; from `change`, always.
    """

    settling_seconds = 15 * FRESH_SECONDS

    def __init__(
        self, read: Callable[[], str], location: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; nothing is fetched yet.

        Args:
            read: fetches the document, JSON.
            location: what messages call it, for example `Variable keys of the secrets backend`.
            clock: seconds that only grow.
        """
        self._read = read
        self._clock = clock
        self._known: tuple[float, KeyDocument] | None = None
        self.location = location

    def load(self, *, anew: bool = False) -> KeyDocument:
        """The keys, not older than a minute."""
        now = self._clock()
        if self._known is None or anew or now - self._known[0] >= FRESH_SECONDS:
            self._known = now, decode(self._read(), self.location)
        return self._known[1]

    def change(self, change: Callable[[KeyDocument], KeyDocument]) -> None:  # noqa: ARG002
        """Refuse."""
        raise ConfigurationError(
            f"The {self.location} can be read but not written from here.",
            remedy="run the command with `--print` and store what it prints there. Where the blind-index "
            "key of a new year is missing, `afschrift key rotate --print` prints keys for years ahead.",
        )


class KeyDraft(Storage):
    """A copy in memory of what a place holds, to be changed at will and then stored there by a person."""

    def __init__(self, origin: Storage) -> None:
        self._keys = origin.load(anew=True)
        self.location = origin.location
        self.settling_seconds = origin.settling_seconds

    def load(self, *, anew: bool = False) -> KeyDocument:  # noqa: ARG002  (there is one copy)
        """The keys as changed so far."""
        return self._keys

    def change(self, change: Callable[[KeyDocument], KeyDocument]) -> None:
        """Change the copy."""
        self._keys = change(self._keys)
