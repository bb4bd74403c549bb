"""What a person has to see to today, due first, in groups; and the search, each find of which is an event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import quote

from afschrift.app.jurisdiction import identity_keys
from afschrift.casework.clock import clock_row
from afschrift.casework.desk.desk import DeskRow, read_rows
from afschrift.casework.desk.next_action import WAITS, ActionKind, NextAction
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, FormError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import is_id
from afschrift.law.clock.clock import NOTICEABLE, SOON, Colour
from afschrift.law.roles import Act, Role, Roles

WEEK = 7
"""Days within which a request is of *this week*."""
RECENT = timedelta(days=30)
"""How long after its receipt a request is recent, for an auditor."""
PAGE = 100
"""Requests of a group on one page."""


class TodayGroup(StrEnum):
    """Groups of the page, in order."""

    LATE = "late"
    WEEK = "week"
    MINE = "mine"
    OTHERS = "others"
    RUNS = "runs"


@dataclass(frozen=True)
class Viewer:
    """A person at the desk.

    Attributes:
        account: such as `airflow:anna`.
    """

    roles: Roles
    account: str

    @cached_property
    def held(self) -> frozenset[Role]:
        """Their roles."""
        return self.roles.person(self.account).roles

    @cached_property
    def _acts_for(self) -> dict[str, bool]:
        """Name -> whether they act for this person; kept, as it is asked of every request."""
        return {}

    def does(self, action: NextAction) -> bool:
        """Whether it waits for them: for a role of theirs, and for them or a person whose deputy they are."""
        to = action.person
        if to is not None and to not in self._acts_for:
            self._acts_for[to] = self.roles.acts_for(self.account, to)
        return action.role in self.held and (to is None or self._acts_for[to])

    def path(self, action: NextAction) -> str:
        """Where it is done; for those who may not do it, the page of the request."""
        looks = self.roles.may(self.account, Act.OVERSEE) or self.roles.holds(self.account, action.role)
        asked = action.kind in (ActionKind.QUESTION, ActionKind.CHASE) and looks
        return action.path if asked or self.does(action) else f"/requests/{action.request}"

    def sees(self, row: DeskRow) -> bool:
        """Whether a request is part of their work."""
        held = self.held
        if held & {Role.OFFICER, Role.DPO} or any(map(self.does, row.actions)):
            return True
        if Role.INTAKE in held and row.entered_by in self.roles.person(self.account).accounts:
            return True
        left, recent = row.clock.days_left, row.today - row.clock.received <= RECENT
        return Role.AUDITOR in held and (recent or (left is not None and left < 0))

    def may_act(self) -> bool:
        """Whether they may assign requests."""
        return self.roles.may(self.account, Act.DECIDE)


@dataclass(frozen=True)
class TodayRow:
    """A line of the page.

    Attributes:
        action: the next one: theirs, where one is; None: nothing is left to do.
        more: how many more there are.
        due: last day of the action, or of the answer where that is earlier; None: there is none.
        left: calendar days until then.
        mine: the action waits for the viewer.
    """

    row: DeskRow
    action: NextAction | None
    more: int
    due: date | None
    left: int | None
    colour: Colour
    mine: bool
    viewer: Viewer

    @property
    def path(self) -> str:
        """Of the page for it."""
        return self.viewer.path(self.action) if self.action else f"/requests/{self.row.request}"

    @property
    def group(self) -> TodayGroup:
        """The group that it is in."""
        if self.left is not None and self.left <= WEEK:
            return TodayGroup.LATE if self.left < 0 else TodayGroup.WEEK
        kind = self.action.kind if self.action else ActionKind.LOOK
        later = kind in WAITS or kind is ActionKind.HOLD  # a hold is looked at on its day
        if self.mine and not later:
            return TodayGroup.MINE
        return TodayGroup.RUNS if kind is ActionKind.RUN else TodayGroup.OTHERS

    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        found = {"group": self.group, "due": self.due, "days_left": self.left, "colour": self.colour}
        actions = [asdict(action) for action in self.row.actions]
        names = {name: getattr(self.row, name) for name in ("request", "case", "right", "state", "owner")}
        return {**names, **found, "next": actions, "clock": clock_row(self.row.clock)}


@dataclass(frozen=True)
class Filters:
    """Which requests are shown; an empty text: all. `owner`: a name, or `-` for those without one."""

    right: str = ""
    state: str = ""
    owner: str = ""
    source: str = ""
    kind: str = ""

    def any(self) -> bool:
        """Whether one is set."""
        return any(asdict(self).values())

    def query(self) -> str:
        """Those that are set, as the beginning of a query."""
        return "".join(f"{quote(name)}={quote(value)}&" for name, value in asdict(self).items() if value)

    def fits(self, row: DeskRow) -> bool:
        """Whether a request is shown."""
        return (
            self.right in ("", row.right)
            and self.state in ("", row.state.value)
            and self.owner in ("", row.owner or "-")
            and (not self.source or self.source in row.down)
            and (not self.kind or any(action.kind == self.kind for action in row.actions))
        )


def today_row(row: DeskRow, viewer: Viewer) -> TodayRow:
    """The line of a request for a viewer."""
    mine = next((action for action in row.actions if viewer.does(action)), None)
    action = mine or next(iter(row.actions), None)
    days = [day for day in (row.clock.due if row.state.open else None, action and action.due) if day]
    due = min(days, default=None)
    left = (due - row.today).days if due else None
    colour = row.clock.colour if left is None or due == row.clock.due else _colour(left)
    return TodayRow(row, action, max(0, len(row.actions) - 1), due, left, colour, mine is not None, viewer)


def _colour(left: int) -> Colour:
    if left < 0:
        return Colour.RED
    return Colour.ORANGE if left <= SOON else Colour.YELLOW if left <= NOTICEABLE else Colour.GREEN


def lines_of(rows: Iterable[DeskRow], viewer: Viewer) -> list[TodayRow]:
    """The lines of requests for a viewer, due first and closed ones last."""
    return sorted((today_row(row, viewer) for row in rows), key=_position)


def _position(line: TodayRow) -> tuple[bool, date, str]:
    return not line.row.state.open, line.due or line.row.clock.target, line.row.request


LONGEST = 320
MOST = 100
"""Requests that a search shows."""


def search(officer: Officer, viewer: Viewer, text: str) -> list[DeskRow]:
    """The requests of a viewer that a text finds, open and closed; the event of each holds no value.

    Args:
        officer: who searches.
        viewer: what they see.
        text: id of a request, case or letter, reference of a proof or complaint, or value of an identity key.

    Raises:
        FormError: there is no text, or a very long one.
    """
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise FormError("Nothing was searched.", {"text": f"write up to {LONGEST} characters"})
    register, found = officer.register, dict[str, str]()
    for way, ids in _ways(officer, text):
        found |= {id_: way for id_ in ids if id_ not in found}
    some = sorted(found)[:MOST]
    rows = [row for row, _ in read_rows(officer, some) if viewer.sees(row)]
    role = next(iter(sorted(viewer.held)), "")
    for row in rows:
        payload = {"role": role, "found_by": found[row.request]}
        register.trail.record(row.request, NewEvent("request_viewed", officer.by, payload))
    if not rows:
        register.trail.record(None, NewEvent("request_viewed", officer.by, {"role": role, "found": 0}))
    return rows


def _ways(officer: Officer, text: str) -> Iterator[tuple[str, set[str]]]:
    register = officer.register
    if is_id(text):
        yield "id", {text, *_of_owner(officer, text)}
        return
    if " " not in text:
        yield "reference", register.facts.with_proof(text)
    yield "key", set(register.identities.with_value(text, identity_keys(officer.settings)))


def _of_owner(officer: Officer, id_: str) -> set[str]:
    """The request of a letter, or those of a case."""
    register = officer.register
    try:
        if id_.startswith("let-"):
            return {register.letters.get(id_).request}
        return {timeline.request for timeline in register.facts.of_case(id_)}
    except AfschriftError:  # there is none
        return set()
