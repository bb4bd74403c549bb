"""Where the files of the data map lie for whoever answers on a page, and whether workers read the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from afschrift.datamap.check.map_findings import checked_map
from afschrift.datamap.review.confirmations import CONFIRMED, TAKEN_BACK
from afschrift.datamap.review.map_files import takes_files
from afschrift.register.register import Register

ELSEWHERE = (
    "Answer where the files can be changed: with `afschrift inventory review` at a terminal, or in version "
    "control as docs/review.md says, and bring them here as you bring every change of the map."
)
_MOUNTS = Path("/proc/self/mountinfo")


def read_only(folder: Path) -> str:
    """Why nothing can be written from here; empty: it can."""
    if takes_files(folder):
        return ""
    return f"The files of the data map are read-only for this server. {ELSEWHERE}"


def remarks(folder: Path, register: Register, digest: str) -> Iterator[str]:
    """What somebody should know of these files before they answer.

    Args:
        folder: of the inventory.
        register: of the installation.
        digest: of the map that is shown, as plans name it.
    """
    if in_image(folder):
        yield (
            "The files lie in the container of this server itself. What is written there is gone when the "
            f"container is made anew. {ELSEWHERE}"
        )
    checked = checked_map(register)
    if checked and checked not in _grown_from(register, digest):
        yield (
            "The last daily check of the data map read another one than this. Either it was changed since, "
            "or the workers have files of their own: then what is written here must be brought to them."
        )


def in_image(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether a folder lies in the writable layer of a container, and on no volume."""
    if not mounts.exists():
        return False
    found = (line.partition(" - ") for line in mounts.read_text(encoding="utf-8").splitlines())
    kinds = {mount.split()[4]: rest.split()[0] for mount, _, rest in found}
    above = next((str(one) for one in (folder.resolve(), *folder.resolve().parents) if str(one) in kinds), "")
    return kinds.get(above) == "overlay"


def _grown_from(register: Register, digest: str) -> set[str]:
    """Digests of the map from which this one came about by answers alone, itself included."""
    events = register.trail.of_types(None, CONFIRMED, TAKEN_BACK)
    from_ = {after: before for _, payload in events if payload for before, after in [payload["inventory"]]}
    grown = {digest}
    while (earlier := from_.get(digest)) is not None and earlier not in grown:
        grown.add(earlier)
        digest = earlier
    return grown
