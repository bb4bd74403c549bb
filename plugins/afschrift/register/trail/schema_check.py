"""Whether what the tables show is what stands in them: nothing was planted in the register's schema."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from afschrift.register.database.objects import differing
from afschrift.register.trail.differences import Difference


def schema_changed(tx: Connection) -> tuple[Difference, ...]:
    """A difference for each object of the schema that the migrations do not make so; its name is the place.

    Raises:
        ConfigurationError: the register is at the revision of another version of the software.
    """
    names = differing(tx)
    if names:
        from afschrift.register.schema import must_be_current  # heavy, and nothing else here needs it

        must_be_current(tx)
    # Whoever plants something gives it its name: no more of it is told than an identifier of ours could hold.
    return tuple(Difference("schema_changed", 0, re.sub(r"\W", "_", name)[:63]) for name in names)
