"""Of thousands of variants of a bundle's ZIP file those that are accepted are unpacked alike by all programs."""

from pathlib import Path

import pytest
from hypothesis import settings
from tests.support.zips.mutants import mutant
from tests.support.zips.small import BUNDLE, TREE, TRUSTED
from tests.support.zips.unzippers import REQUIRED, Outcome

from afschrift.bundle.container.verify import verify

pytestmark = [pytest.mark.hypothesis, pytest.mark.needs_program(*(unzipper.program for unzipper in REQUIRED))]


def test_whatever_is_accepted_no_program_takes_for_something_else(tmp_path: Path) -> None:
    count = 10_000 if settings().max_examples > 100 else 300
    path = tmp_path / "bundle.zip"
    accepted = {}
    for number in range(count):
        path.write_bytes(changed := mutant(number))
        if changed != BUNDLE and verify(path, TRUSTED).exit_code == 0:
            accepted[number] = changed
    outcomes = {
        (number, unzipper.name): unzipper.outcome(changed, TREE)
        for number, changed in accepted.items()
        for unzipper in REQUIRED
    }
    assert {key: outcome for key, outcome in outcomes.items() if outcome != Outcome.SAME} == {}
    assert count // 100 < len(accepted) < count // 10  # another stream of the same content, and nothing else
