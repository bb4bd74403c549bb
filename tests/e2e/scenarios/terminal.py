"""Scenarios carried out for a person, with a transcript."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from tests.e2e.scenarios.scenario import Scenario, ScenarioError

One = TypeVar("One", bound=Scenario)


def write(line: str) -> None:
    """A line of the transcript."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def carry_out(scenarios: Mapping[str, Callable[[One], None]], on: One, only: Collection[str] | None) -> None:
    """Scenarios by their number, or some of them; ends with 1 at the first that goes otherwise than it must."""
    on.aim_mail()
    try:
        for number, scenario in scenarios.items():
            if only is None or number in only:
                scenario(on)
    except ScenarioError as error:
        sys.exit(f"\nNOT AS IT MUST BE. {error}")
    write("\nEverything was as it must be.")
