"""Looks for a printed sentence whose claim is false, in states of fact drawn by a seed."""

import os
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from testbed.claims import judge
from testbed.claims.case import Case
from testbed.claims.printed import places, printed
from testbed.claims.world import World
from tests.support.claim_states import State, states
from tests.support.days import local_today


def look_for_lies(seed: int, number: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Judge what so many states print. AFSCHRIFT_SEED and AFSCHRIFT_STATES go before seed and number."""
    seed = int(os.environ.get("AFSCHRIFT_SEED", seed))
    number = int(os.environ.get("AFSCHRIFT_STATES", number))
    false: dict[str, str] = {}
    met_claims, judged = Counter[str](), judge.judged()
    for state in states(seed, number, folder, patch):
        before = content(state)
        for document, text in state.read.items():
            case, found = Case(World(state, document)), list(printed(text, state.language, places(document)))
            met_claims.update(
                mark.claim for sentence in found for mark in sentence.marks if mark.claim in judged
            )
            for fault in (*judge.lies(case, found), *judge.silences(case, found)):
                false.setdefault(fault, str(state))
        assert content(state) == before
    print(
        f"seed {seed}, {number} states, {met_claims.total()} sentences, {len(met_claims)} of {len(judged)} claims met"
    )
    assert not false, f"AFSCHRIFT_SEED={seed} draws them again:\n" + "\n".join(
        f"{fault}\n    {state}" for fault, state in false.items()
    )


def look_tonight(part: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """The thousand states of one of ten parts of a night; each night draws others, so that nights add up."""
    look_for_lies(local_today().toordinal() * 10 + part, 1_000, folder, patch)


def content(state: State) -> list[str]:
    """All rows of the sources: `nothing_changed`."""
    found = []
    for file in (state.shop, state.club):
        with sqlite3.connect(file) as connection:
            found += list(connection.iterdump())
    return found
