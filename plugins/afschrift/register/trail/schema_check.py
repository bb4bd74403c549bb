"""Checks that nothing was planted in the register's schema, so that its tables show what they hold."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from afschrift.register.database.objects import differing
from afschrift.register.trail.differences import Difference


def schema_changed(tx: Connection) -> tuple[Difference, ...]:
    """A difference for each object of the schema that differs from what the migrations make, by its name.

    Raises:
        ConfigurationError: the register is at the revision of another version of the software.
    """
    names = differing(tx)
    if names:
        from afschrift.register.schema import must_be_current  # heavy, and nothing else here needs it

        must_be_current(tx)
    # An attacker chooses the name of what he plants: only what an identifier could hold reaches the message.
    return tuple(Difference("schema_changed", 0, re.sub(r"\W", "_", name)[:63]) for name in names)
