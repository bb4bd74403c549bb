"""What a check of the canary came to, as the trail keeps it: counts and names of tables, never a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.audit.sentences import ENGLISH, leaks
from afschrift.audit.wording import wording


@dataclass(frozen=True)
class RightOutcome:
    """Of one right, as the event has it.

    Attributes:
        planted, found: values; recall is their quotient.
        rows, others: rows of the bundle, and those of them that nobody planted; precision is 1 less theirs.
        kept_back, given: values that should not leave, and in how many columns or files one was found.
        below: `source.table` -> found and planted, where these differ.
        others_in: `source.table` -> rows that nobody planted.
        stopped: kind of the question that the run ended at; nothing was counted then.
        asked: kind of question -> how many were answered by leaving out.
    """

    right: str
    planted: int
    found: int
    rows: int
    others: int
    kept_back: int
    given: int
    below: Mapping[str, Sequence[int]]
    others_in: Mapping[str, int]
    stopped: str | None
    asked: Mapping[str, int]

    @property
    def whole(self) -> bool:
        """Whether all was found, and nothing else."""
        return self.stopped is None and self.found == self.planted and not self.others and not self.given

    @property
    def words(self) -> str:
        """Of people who read a log or the auditor's evidence."""
        return wording(ENGLISH).phrase("canary_right", vars(self))


@dataclass(frozen=True)
class CanaryCheck:
    """One check.

    Attributes:
        rights: what came of each right.
        leaks: place -> values found there in clear.
        searched: how many values were looked for.
        at: when (RFC 3339, UTC); empty before it is recorded.
    """

    canary: str
    inventory: str
    rights: tuple[RightOutcome, ...]
    leaks: Mapping[str, int]
    searched: int
    at: str = ""

    @property
    def whole(self) -> bool:
        """Whether all was found, nothing else, and no value in clear anywhere."""
        return all(one.whole for one in self.rights) and not self.leaked

    @property
    def leaked(self) -> int:
        """Values found in clear, each place for itself."""
        return sum(self.leaks.values())

    @property
    def recall(self) -> float:
        """The share of planted values that was found, over all rights; 0 where nothing was packed."""
        planted = sum(one.planted for one in self.rights)
        return sum(one.found for one in self.rights) / planted if planted else 0.0

    @property
    def precision(self) -> float:
        """The share of the rows given that were planted; 0 where there are none."""
        rows = sum(one.rows for one in self.rights)
        return 1 - sum(one.others for one in self.rights) / rows if rows else 0.0

    @property
    def fault(self) -> str:
        """What is wrong, the same text for as long as the same is; empty: nothing is."""
        if self.whole:
            return ""
        return "; ".join([*(one.words for one in self.rights if not one.whole), *self.lines[-1:]])

    @property
    def lines(self) -> tuple[str, ...]:
        """What it came to, for people."""
        search = wording(ENGLISH).phrase("canary_search", leaks(vars(self)))
        return (*(one.words for one in self.rights), search)

    def payload(self) -> dict[str, Any]:
        """For the trail."""
        rights = {}
        for one in self.rights:
            told = {name: value for name, value in vars(one).items() if name != "right"}
            told["below"] = {name: list(pair) for name, pair in one.below.items()}
            rights[one.right] = told
        leaks = dict(self.leaks)
        return {
            "canary": self.canary,
            "inventory": self.inventory,
            "rights": rights,
            "leaks": leaks,
            "searched": self.searched,
            "whole": self.whole,
        }


def from_payload(payload: Mapping[str, Any], at: str = "") -> CanaryCheck:
    """A check as the trail has it."""
    rights = tuple(RightOutcome(right=right, **told) for right, told in payload["rights"].items())
    return CanaryCheck(
        payload["canary"], payload["inventory"], rights, payload["leaks"], payload["searched"], at
    )
