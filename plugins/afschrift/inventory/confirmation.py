"""Columns that people named: what stands of them counts, also where a default gives it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from afschrift.inventory.base import Part
from afschrift.inventory.column import ClassifiedBy, Column


class Session(Part):
    """An occasion on which people confirmed columns; `confirmed: {in: NAME}` names it.

    Attributes:
        by: who confirmed.
        on: the day.
        why: the reason, for all that was confirmed there.
        review: the day to look again.
    """

    by: str
    on: date
    why: str | None = None
    review: date | None = None


class Confirmation(Part):
    """Columns of a table that were confirmed, and by whom.

    Attributes:
        columns: names of columns of the table.
        by: who confirmed, where no session is named.
        on: the day, where no session is named.
        review: the day to look again, instead of the session's.
        within: name of a session, instead of `by` and `on` (`in` in the file).
        why: instead of the session's.
    """

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    within: str | None = Field(None, alias="in")
    by: str | None = None
    on: date | None = None
    why: str | None = None
    review: date | None = None

    def decided(self, sessions: dict[str, Session], why: str | None) -> ClassifiedBy | None:
        """Who classified a column that is named here; `why`: the column's own reason."""
        session = sessions.get(self.within or "")
        by, on = (session.by, session.on) if session else (self.by, self.on)
        reason = why or self.why or (session.why if session else None)
        if by is None or on is None or reason is None:
            return None
        return ClassifiedBy(by=by, on=on, why=reason, review=self.review or (session and session.review))


Confirmed = list[str] | Confirmation | list[Confirmation]
"""As it may be written."""


def confirmations(value: Any) -> Any:
    """A list of names, or one confirmation, stands for a list of one."""
    if isinstance(value, dict | Confirmation):
        return [value]
    if not isinstance(value, list | tuple) or all(isinstance(one, dict | Confirmation) for one in value):
        return value
    if not all(isinstance(one, str) for one in value):
        raise ValueError("a list of names is expected, or {by, on, why, columns}, or a list of these")
    return [{"columns": value}]


class Defaults(Part):
    """What columns of a source are taken for where they say nothing else.

    Attributes:
        columns: pattern of a name (`*_at`), whatever its case; the first that matches counts, alone.
        categories: Fides category, for those below it too; the nearest counts, alone.
        references: column -> `table.column` that it points to, in tables that have no `references`.
        purposes: of tables with rows of people that name none.
    """

    columns: dict[str, Column] = {}
    categories: dict[str, Column] = {}
    references: dict[str, str] = {}
    purposes: tuple[str, ...] = ()
