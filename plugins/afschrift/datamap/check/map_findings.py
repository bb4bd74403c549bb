"""Findings of the daily check of the data map: kept in the trail, sent once, and again when corrected.

The last event `inventory_checked` has the open findings; the last event `inventory_told` of a notifier has
those that it sent. A finding is identified by code and place, so a changed count sends no new notice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from afschrift.casework.notices.reminder import Message, Reminder, as_message
from afschrift.datamap.check.finding import RULES, Code
from afschrift.domain.event import digest
from afschrift.law.roles import Role
from afschrift.register.register import Register

CHECKED, NOTIFIED = "inventory_checked", "inventory_told"
OWNERS = (Role.SOURCE_OWNER, Role.OFFICER, Role.MAP_OWNER)
"""Roles whose notifiers get findings; notifiers without roles get them too."""

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
"""Codes that, as errors, make a plan drift that was frozen before: the request waits for a person."""
LOSES_ROWS = frozenset({Code.JOIN_FINDS_NOTHING, Code.TABLE_NOT_REACHED})
"""Codes at which no statement fails: rows would be missing from an answer without notice."""

_MEANS = {code.value: rule.means for code, rule in RULES.items()}
_COLUMNS = ("Place", "Found", "Severity", "Status")


@dataclass(frozen=True, order=True)
class MapFinding:
    """A finding in the trail: `source.table.column` as far as known, code and severity.

    The severity is not compared: it may change with how much was read.
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
        """A line for the log and for messages."""
        return f"{self.place}: {self.code}, {_MEANS.get(self.code, 'found by another version')}"


def checked_map(register: Register) -> str:
    """Return the digest of the map in the last check, which ran on a worker; empty: there was none yet."""
    return str((register.oversight.last_of_system(CHECKED) or {}).get("inventory", ""))


@dataclass(frozen=True)
class CheckOutcome:
    """The outcome of a check.

    Attributes:
        findings: all open ones.
        new, mended: since the check before.
    """

    findings: frozenset[MapFinding]
    new: frozenset[MapFinding]
    mended: frozenset[MapFinding]


def open_findings(register: Register) -> frozenset[MapFinding]:
    """Return the findings of the last check; empty: none, or there was no check yet."""
    return _read(register.oversight.last_of_system(CHECKED))


def stopping_findings(register: Register) -> list[str]:
    """Return place and code of the findings that make requests wait, in order."""
    return [f"{found.place} {found.code}" for found in sorted(open_findings(register)) if found.stops]


def status(register: Register) -> str | None:
    """Return a digest of the open findings; None: there was no check yet."""
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
    settled: Collection[tuple[str, str]] = (),
) -> CheckOutcome:
    """Record a check in one event. Earlier findings remain open where the check could not look.

    Args:
        register: of the installation.
        found: errors and warnings.
        not_reached: names of sources.
        by: account that checked.
        undecided: places and codes that may apply there or below, as not all of it was checked.
        inventory: digest of the map that was checked.
        settled: places and codes of findings that the map settles; one of them may still be open.
    """
    seen, before = frozenset(found), frozenset[MapFinding]()

    def make(last: dict[str, Any] | None) -> dict[str, Any]:
        nonlocal seen, before
        before = _read(last)
        kept = {found for found in before if found.place.partition(".")[0] in not_reached}
        kept |= {found for found in before if _is_undecided(found, undecided)}
        seen = frozenset(kept) | seen  # `kept` first: its severity stays, as a partial check may not lower it
        return {
            "findings": [[found.place, found.code, found.severity] for found in sorted(seen)],
            "new": len(seen - before),
            "mended": len(before - seen),
            "not_reached": sorted(not_reached),
            "inventory": inventory,
            "settled": sorted(map(list, settled)),
        }

    register.oversight.append_after_last(CHECKED, make, by)
    return CheckOutcome(seen, seen - before, before - seen)


def _is_undecided(found: MapFinding, undecided: Collection[tuple[str, str]]) -> bool:
    return any(code == found.code and f"{found.place}.".startswith(f"{place}.") for place, code in undecided)


@dataclass(frozen=True)
class MapNews:
    """A finding that is open, or one that was sent and is not open any more: mended or settled."""

    finding: MapFinding
    status: str = "new"

    @property
    def is_new(self) -> bool:
        """Whether it is open."""
        return self.status == "new"


def map_reminder(register: Register, by: str) -> Reminder[MapNews]:
    """Return the reminder that sends each finding to the owners of the map, and again once corrected."""

    @cache
    def sent(notifier: str) -> frozenset[MapFinding]:
        for _, payload in reversed(register.evidence.of_types(None, NOTIFIED)):
            if payload is not None and payload["notifier"] == notifier:
                return _read(payload)
        return frozenset()

    def due(roles: Collection[str]) -> Iterator[MapNews]:
        if roles and not set(roles) & {role.value for role in OWNERS}:
            return
        now = open_findings(register)
        yield from (MapNews(found) for found in sorted(now))
        known = (_read(payload) for _, payload in register.evidence.of_types(None, NOTIFIED))
        gone = frozenset[MapFinding]().union(*known) - now
        settled = (register.oversight.last_of_system(CHECKED) or {}).get("settled", ())
        for found in sorted(gone):
            yield MapNews(found, "settled" if [found.place, found.code] in settled else "mended")

    def was_notified(news: MapNews, notifier: str) -> bool:
        return (news.finding in sent(notifier)) is news.is_new

    def note(delivered: Sequence[MapNews], notifier: str) -> None:
        new = {news.finding for news in delivered if news.is_new}
        gone = {news.finding for news in delivered if not news.is_new}
        rows = [[found.place, found.code, found.severity] for found in sorted((sent(notifier) | new) - gone)]
        payload = {"notifier": notifier, "new": len(new), "mended": len(gone), "findings": rows}
        register.oversight.append_after_last(NOTIFIED, lambda _: payload, by)

    return Reminder(due, was_notified, _message, note)


def _message(due: Sequence[MapNews]) -> Message:
    statuses = Counter(news.status for news in due)
    parts = [f"{statuses[status]} {status}" for status in ("new", "mended", "settled") if statuses[status]]
    subject = f"Afschrift: the data map and its sources: {', '.join(parts)}"
    cells = [(news.finding.place, news.finding.code, news.finding.severity, news.status) for news in due]
    lines = [f"{news.finding.severity if news.is_new else news.status}  {news.finding.words}" for news in due]
    what = "Counts and remedies: afschrift inventory check --live. Requests that are affected wait."
    return as_message(subject, _COLUMNS, cells, lines, what)


def _read(payload: dict[str, Any] | None) -> frozenset[MapFinding]:
    return frozenset(MapFinding(*row) for row in (payload or {}).get("findings", ()))
