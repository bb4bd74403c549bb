"""The first half of the states of a night, of which two workers take a file each."""

from pathlib import Path

import pytest
from tests.support.claim_lies import look_tonight


@pytest.mark.nightly
@pytest.mark.timeout(6 * 3600)
@pytest.mark.parametrize("part", range(5))
def test_no_sentence_of_the_first_half_is_false(
    part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_tonight(part, tmp_path, monkeypatch)
