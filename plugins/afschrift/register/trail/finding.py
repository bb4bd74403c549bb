"""A finding of the trail's verification."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something wrong with the trail or with what was compared with it; `docs/trail.md` lists the codes.

    Attributes:
        code: for example `gap`, `broken_link`, `payload_altered`, `head_differs` or `checkpoint_missing`.
        seq: the event it was found at; 0 where it belongs to none.
    """

    code: str
    seq: int
    text: str
