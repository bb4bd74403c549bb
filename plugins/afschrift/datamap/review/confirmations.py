"""Answers about the data map on the page: the role they need, their event, and taking them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from afschrift.casework.officer import Officer
from afschrift.datamap.check.map_findings import checked_map
from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.map_files import takes_files
from afschrift.datamap.review.offered import decided_words
from afschrift.datamap.review.review_session import Review, Step, WouldBreakError
from afschrift.datamap.review.written_files import Answer
from afschrift.domain.errors import ConfigurationError, RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.domain.language import gettext, joined
from afschrift.law.roles import Act
from afschrift.register.register import Register

CONFIRMED, TAKEN_BACK = "map_confirmed", "map_confirmation_taken_back"
KIND = "map"
"""Kind of an attempt without the role, in the trail."""


@dataclass(frozen=True)
class Decided:
    """Answers that were not taken back.

    Attributes:
        before, after: digests of all files of the inventory.
        inventory: digests of the map before and after, as in plans.
        decisions: for each question its name, the number of its columns, and the answer.
        lines: written or changed.
    """

    before: str
    after: str
    inventory: tuple[str, str]
    decisions: tuple[Mapping[str, Any], ...]
    lines: int

    @property
    def columns(self) -> int:
        """How many columns they are about."""
        return sum(decision.get("columns", 0) for decision in self.decisions)


def must_review(officer: Officer) -> dict[str, str]:
    """Return the role in which an officer confirms the map, as `held`.

    Raises:
        NotAllowedError: they have none; the attempt is an event `answer_refused`.
    """
    with officer.refusals(None, KIND, act=Act.MAP.value):
        return officer.authority(officer.roles.require(officer.by, Act.MAP))


def must_see_values(officer: Officer) -> None:
    """Require a role that reviews the map and may see values of persons.

    Raises:
        NotAllowedError: they have none; the attempt is an event `answer_refused`.
    """
    must_review(officer)
    with officer.refusals(None, KIND, act=Act.VALUES.value):
        officer.roles.require(officer.by, Act.VALUES)


def write(
    officer: Officer, review: Review, answered: Sequence[tuple[Group, Answer]], on: date, shown: str
) -> Step:
    """Write answers into the files and the trail: both, or neither.

    Args:
        officer: who answers.
        review: of the current files.
        answered: questions with their answers.
        on: the day of the answers.
        shown: digest of the files that the officer saw.

    Raises:
        NotAllowedError: they have no role that may.
        TooLateError: the files changed meanwhile; nothing was written.
        WouldBreakError: as `Review.confirm_all`; its other errors become RefusedError here.
    """
    held = must_review(officer)
    before, plans_before = review.digest, review.inventory.digest
    if before != shown:
        raise TooLateError(
            "The data map was changed since this page was shown: by another person, in version control, or "
            "by these same answers, sent before. Nothing was written.",
            remedy="look at the current questions, and send again what still applies.",
        )
    with errors_as_refused():
        step = review.confirm_all(answered)
    payload = {
        "held": held,
        "on": on.isoformat(),
        "decisions": [_decision(group, answer) for group, answer in answered],
        "lines": step.lines,
        "before": before,
        "after": review.digest,
        "inventory": [plans_before, review.inventory.digest],
    }
    _record(officer, CONFIRMED, payload, or_else=review.undo)
    return step


def take_back(officer: Officer, review: Review, files: Mapping[str, bytes]) -> Decided:
    """Restore the files from before the last answers of an officer.

    Args:
        officer: who gave them.
        review: of the current files.
        files: name -> bytes before the answers; trusted only if the trail has their digest.

    Raises:
        NotAllowedError: they have no role that may.
        RefusedError: their last answers did not lead from these files to the current ones; or a file was
            changed meanwhile, or cannot be written.
    """
    held = must_review(officer)
    last = answers_in_force(officer)[-1:]
    before = {review.named(name): read for name, read in files.items()}
    now, plans_now = review.digest, review.inventory.digest
    if not last or last[0].after != now or last[0].before != review.digest_with(before):
        raise RefusedError(
            "These are not the last answers to the data map that you gave, or it was changed since. Nothing "
            "was written.",
            remedy="take them back in version control, or by hand.",
        )
    after = {path: path.read_bytes() for path in before}
    with errors_as_refused():
        review.put_back(before)
    payload = {
        "held": held,
        "decisions": len(last[0].decisions),
        "before": now,
        "after": review.digest,
        "inventory": [plans_now, review.inventory.digest],
    }
    _record(officer, TAKEN_BACK, payload, or_else=lambda: review.put_back(after))
    return last[0]


def _record(officer: Officer, event: str, payload: dict[str, Any], or_else: Callable[[], object]) -> None:
    """Record what was written; if that fails, restore the files."""
    try:
        officer.register.trail.record(None, NewEvent(event, officer.by, payload))
    except BaseException:
        or_else()
        raise


def answers_in_force(officer: Officer, on: date | None = None) -> list[Decided]:
    """Return the answers of an officer that were not taken back, in order; of one day, or of all."""
    found: list[tuple[Decided, str]] = []
    for header, payload in officer.register.evidence.of_types(None, CONFIRMED, TAKEN_BACK):
        if header.actor != officer.by or payload is None:
            continue
        if header.type == CONFIRMED:
            found.append((_decided(payload), str(payload["on"])))
        elif found and found[-1][0].after == payload["before"]:
            found.pop()
    return [decided for decided, day in found if on is None or day == on.isoformat()]


@contextmanager
def errors_as_refused() -> Iterator[None]:
    """Turn faults of the files into RefusedError: the page shows these, and the server does not log them."""
    try:
        yield
    except WouldBreakError:
        raise
    except ConfigurationError as error:
        raise RefusedError(str(error.args[0]), remedy=error.remedy) from None


def _decided(payload: Mapping[str, Any]) -> Decided:
    before, after = payload["inventory"]
    return Decided(
        payload["before"], payload["after"], (before, after), tuple(payload["decisions"]), payload["lines"]
    )


def _decision(group: Group, answer: Answer) -> dict[str, Any]:
    number = {} if group.is_table else {"columns": len(group.places)}
    return {"of": group.name, **number, **decided_words(group, answer.words)}


_MOUNTS = Path("/proc/self/mountinfo")


def read_only(folder: Path) -> str:
    """Return why nothing can be written from here; empty: it can."""
    if takes_files(folder):
        return ""
    return joined(gettext("The files of the data map are read-only for this server."), _elsewhere())


def _elsewhere() -> str:
    return gettext(
        "Answer where the files can be changed: with `afschrift inventory review` at a terminal, or in "
        "version control as docs/datamap/review.md says, and bring them here as you bring every change of "
        "the map."
    )


def remarks(folder: Path, register: Register, digest: str) -> Iterator[str]:
    """Yield what an officer should know about these files before they answer.

    Args:
        folder: of the inventory.
        register: of the installation.
        digest: of the shown map, as in plans.
    """
    if in_image(folder):
        lost = gettext(
            "The files are in the container of this server itself. Changes there are lost when the container "
            "is replaced."
        )
        yield joined(lost, _elsewhere())
    checked = checked_map(register)
    if checked and checked not in _grown_from(register, digest):
        yield gettext(
            "The last daily check of the data map read another version than this. Either it was changed "
            "since, or the workers have their own files: then what is written here must be copied to them."
        )


def in_image(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether a folder is in the writable layer of a container, and on no volume."""
    if not mounts.exists():
        return False
    found = (line.partition(" - ") for line in mounts.read_text(encoding="utf-8").splitlines())
    kinds = {mount.split()[4]: rest.split()[0] for mount, _, rest in found}
    above = next(
        (str(parent) for parent in (folder.resolve(), *folder.resolve().parents) if str(parent) in kinds), ""
    )
    return kinds.get(above) == "overlay"


def _grown_from(register: Register, digest: str) -> set[str]:
    """Return the digests of the maps from which this one resulted by answers alone, and its own."""
    events = register.evidence.of_types(None, CONFIRMED, TAKEN_BACK)
    from_ = {after: before for _, payload in events if payload for before, after in [payload["inventory"]]}
    grown = {digest}
    while (earlier := from_.get(digest)) is not None and earlier not in grown:
        grown.add(earlier)
        digest = earlier
    return grown
