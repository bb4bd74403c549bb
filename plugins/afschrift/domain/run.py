"""A run of a request, and the name under which register and trail know it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_TIME = r"manual__\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)"
_OURS = re.compile(rf"req-[0-9a-z]{{12}}\.\d{{1,6}}|{_TIME}", re.ASCII)
_WITH_TAIL = re.compile(rf"({_TIME})_(.+)", re.ASCII)


@dataclass(frozen=True)
class Run:
    """A run as the register knows it.

    Attributes:
        id: its name, see `run_name`.
        seen_at: when one of its steps last began or gave a sign of life.
        ended_at: None while it goes.
        outcome: state of the request at its end, or `lost`.
    """

    request: str
    id: str
    started_at: str
    seen_at: str
    ended_at: str | None
    outcome: str | None


def run_name(run_id: str) -> str:
    """The name of an Airflow run in the register: the same for the same run, and without personal data.

    `<request>.<attempt>` and `manual__<time>` stay as they are. Airflow's form lets people type an id, so
    anything else, and what follows the time, is kept as the beginning of its SHA-256.
    """
    if _OURS.fullmatch(run_id):
        return run_id
    if found := _WITH_TAIL.fullmatch(run_id):
        return f"{found[1]}_{_digest(found[2])[:12]}"
    return f"sha256:{_digest(run_id)[:32]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
