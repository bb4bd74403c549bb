"""Whatever is done to a bundle's ZIP file is refused, and what is accepted all programs unpack alike.

`AFSCHRIFT_DRAW=1 pytest tests/unit/bundle/container/test_zip_matrix.py` writes zip_matrix.md again.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.zips.kinds import FREE, GROUPS, made
from tests.support.zips.page import PAGE, kept, page, rows
from tests.support.zips.parts import taken_apart
from tests.support.zips.small import BUNDLE, TREE, TRUSTED
from tests.support.zips.unzippers import REQUIRED, Outcome, Unzipper

from afschrift.bundle.container.verify import unpack, verify
from afschrift.domain.errors import BundleError

ACCEPTED = "accepted"


@pytest.fixture
def verdict(tmp_path: Path) -> Callable[[bytes], str]:
    def of(bundle: bytes) -> str:
        path = tmp_path / "bundle.zip"
        path.write_bytes(bundle)
        report = verify(path, TRUSTED)
        return ACCEPTED if report.exit_code == 0 else f"`{report.problems[0].code}`"

    return of


def test_each_kind_is_another_file_than_the_genuine_one() -> None:
    assert taken_apart(BUNDLE).write() == BUNDLE
    files = [made(group, kind) for group, kinds in GROUPS.items() for kind in kinds]
    assert len({BUNDLE, *files}) == len(files) + 1
    assert len(files) >= 200


def test_only_another_stream_of_the_same_content_is_accepted(verdict: Callable[[bytes], str]) -> None:
    assert verdict(BUNDLE) == ACCEPTED
    found = rows(verdict)
    assert {kind for kinds in found.values() for kind, result in kinds.items() if result == ACCEPTED} == FREE
    if os.environ.get("AFSCHRIFT_DRAW"):
        PAGE.write_text(page(found), encoding="utf-8")
    assert kept() == found, "draw it anew, see above"


@pytest.mark.parametrize(
    "unzipper", [pytest.param(u, id=u.name, marks=pytest.mark.needs_program(u.program)) for u in REQUIRED]
)
def test_what_is_accepted_unpacks_alike(unzipper: Unzipper) -> None:
    accepted = [BUNDLE, *(made("Their streams", kind) for kind in sorted(FREE))]
    assert [unzipper.outcome(bundle, TREE) for bundle in accepted] == [Outcome.SAME] * 5


def test_nothing_is_unpacked_of_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    for group, kinds in GROUPS.items():
        for kind in kinds.keys() - FREE:
            path.write_bytes(made(group, kind))
            with pytest.raises(BundleError):
                unpack(path, tmp_path / "out", TRUSTED)
    assert list(tmp_path.iterdir()) == [path]
