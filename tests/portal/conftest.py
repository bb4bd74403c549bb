"""A portal that the tests of a file share."""

from collections.abc import Iterator

import pytest
from tests.support.portal import Portal, running


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(tmp_path_factory.mktemp("portal")) as started:
        yield started
