"""What the daily check of the data map found: kept in the trail, sent once, and once more when it is mended.

The last event `inventory_checked` has what is open; what a notifier took is its last event `inventory_told`.
A finding is known by its code and its place, so a count that changes sends no new notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from afschrift.casework.notices.reminder import Message, Reminder, as_message
from afschrift.datamap.check.finding import RULES, Code
from afschrift.domain.event import digest
from afschrift.law.roles import Role
from afschrift.register.register import Register

CHECKED, TOLD = "inventory_checked", "inventory_told"
OWNERS = (Role.SOURCE_OWNER, Role.OFFICER, Role.MAP_OWNER)
"""Whose notifiers get findings; one without roles does too."""

STOPS = frozenset(
    {
        Code.TABLE_NOT_DESCRIBED,
        Code.TABLE_GONE,
        Code.COLUMN_NOT_DESCRIBED,
        Code.COLUMN_GONE,
        Code.TYPE_UNKNOWN,
        Code.READ_TWICE,
        Code.COPY_DIFFERS,
        Code.NO_RIGHT,
        Code.FILES_NOT_READ,
        Code.JOIN_FINDS_NOTHING,
        Code.TABLE_NOT_REACHED,
        Code.STATEMENT_FAILS,
    }
)
"""Of these, as errors: a plan that was frozen before holds no longer, so the request waits for a person."""
LOSES_ROWS = frozenset({Code.JOIN_FINDS_NOTHING, Code.TABLE_NOT_REACHED})
"""Of these no statement of a plan stops by itself: rows would be missing unseen."""

_MEANS = {code.value: rule.means for code, rule in RULES.items()}
_COLUMNS = ("Place", "Found", "Severity", "Status")


@dataclass(frozen=True, order=True)
class MapFinding:
    """A finding as the trail knows it: `source.table.column` as far as it goes, code and severity.

    It is the same one whatever its severity, which may change with how much was looked at.
    """

    place: str
    code: str
    severity: str = field(compare=False)

    @property
    def stops(self) -> bool:
        """Whether requests wait for a person."""
        return self.severity == "error" and self.code in STOPS

    @property
    def words(self) -> str:
        """For the log and messages."""
        return f"{self.place}: {self.code}, {_MEANS.get(self.code, 'found by another version')}"


def checked_map(register: Register) -> str:
    """The digest of the data map that the last check had, on a worker; empty: there was no check yet."""
    return str((register.oversight.last_of_system(CHECKED) or {}).get("inventory", ""))


@dataclass(frozen=True)
class CheckOutcome:
    """What came of a check.

    Attributes:
        standing: all that is so now.
        new, mended: since the check before.
    """

    standing: frozenset[MapFinding]
    new: frozenset[MapFinding]
    mended: frozenset[MapFinding]


def standing(register: Register) -> frozenset[MapFinding]:
    """What the last check found; empty: nothing, or there was no check yet."""
    return _read(register.oversight.last_of_system(CHECKED))


def stopping(register: Register) -> list[str]:
    """Place and code of what makes requests wait, in order."""
    return [f"{found.place} {found.code}" for found in sorted(standing(register)) if found.stops]


def status(register: Register) -> str | None:
    """A digest of the open findings, which changes with them; None: there was no check yet."""
    last = register.oversight.last_of_system(CHECKED)
    return None if last is None else digest(last["findings"])


def record(
    register: Register,
    found: Iterable[MapFinding],
    not_reached: Collection[str],
    by: str,
    *,
    undecided: Collection[tuple[str, str]] = (),
    inventory: str = "",
) -> CheckOutcome:
    """Keep what a check found, in one event; of what it could not look at, earlier findings stay.

    Args:
        register: of the installation.
        found: errors and warnings.
        not_reached: names of sources.
        by: account that checked.
        undecided: places and codes of what may be so there or below it, as not all of it was looked at.
        inventory: digest of the map that was checked.
    """
    seen, before = frozenset(found), frozenset[MapFinding]()

    def make(last: dict[str, Any] | None) -> dict[str, Any]:
        nonlocal seen, before
        before = _read(last)
        kept = {found for found in before if found.place.partition(".")[0] in not_reached}
        kept |= {found for found in before if _is_undecided(found, undecided)}
        seen = frozenset(kept) | seen  # in both: as it was; a part of the rows makes an error no milder
        return {
            "findings": [[found.place, found.code, found.severity] for found in sorted(seen)],
            "new": len(seen - before),
            "mended": len(before - seen),
            "not_reached": sorted(not_reached),
            "inventory": inventory,
        }

    register.oversight.append_after_last(CHECKED, make, by)
    return CheckOutcome(seen, seen - before, before - seen)


def _is_undecided(found: MapFinding, undecided: Collection[tuple[str, str]]) -> bool:
    return any(code == found.code and f"{found.place}.".startswith(f"{place}.") for place, code in undecided)


@dataclass(frozen=True)
class MapNews:
    """A finding that is open, or a mended one that was sent."""

    finding: MapFinding
    mended: bool = False


def map_reminder(register: Register, by: str) -> Reminder[MapNews]:
    """Sends the owners of the map each finding once, and once more when it is mended."""

    @cache
    def sent(notifier: str) -> frozenset[MapFinding]:
        for _, payload in reversed(register.evidence.of_types(None, TOLD)):
            if payload is not None and payload["notifier"] == notifier:
                return _read(payload)
        return frozenset()

    def due(roles: Collection[str]) -> Iterator[MapNews]:
        if roles and not set(roles) & {role.value for role in OWNERS}:
            return
        now = standing(register)
        yield from (MapNews(found) for found in sorted(now))
        known = (_read(payload) for _, payload in register.evidence.of_types(None, TOLD))
        gone = frozenset[MapFinding]().union(*known) - now
        yield from (MapNews(found, mended=True) for found in sorted(gone))

    def has_had(news: MapNews, notifier: str) -> bool:
        return (news.finding in sent(notifier)) is not news.mended

    def note(taken: Sequence[MapNews], notifier: str) -> None:
        new = {news.finding for news in taken if not news.mended}
        gone = {news.finding for news in taken if news.mended}
        rows = [[found.place, found.code, found.severity] for found in sorted((sent(notifier) | new) - gone)]
        payload = {"notifier": notifier, "new": len(new), "mended": len(gone), "findings": rows}
        register.oversight.append_after_last(TOLD, lambda _: payload, by)

    return Reminder(due, has_had, _message, note)


def _message(due: Sequence[MapNews]) -> Message:
    new, mended = (sum(news.mended is gone for news in due) for gone in (False, True))
    parts = [f"{new} new" if new else "", f"{mended} mended" if mended else ""]
    subject = f"Afschrift: the data map and its sources: {', '.join(filter(None, parts))}"
    cells = [
        (news.finding.place, news.finding.code, news.finding.severity, "mended" if news.mended else "new")
        for news in due
    ]
    lines = [f"{'mended' if news.mended else news.finding.severity}  {news.finding.words}" for news in due]
    what = "With counts and what to do: afschrift inventory check --live. Requests that it touches wait."
    return as_message(subject, _COLUMNS, cells, lines, what)


def _read(payload: dict[str, Any] | None) -> frozenset[MapFinding]:
    return frozenset(MapFinding(*row) for row in (payload or {}).get("findings", ()))
