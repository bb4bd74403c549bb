"""A table is written in threads, or without them where it is little: the same either way."""

from collections.abc import Iterator

import pytest

from afschrift.extraction import followed_file, write


@pytest.fixture(scope="module", params=["in threads", "by itself"])
def writing_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Everything in threads, or as ever: little by itself."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "in threads":
            patch.setattr(write, "LITTLE", -1)
            patch.setattr(followed_file, "LITTLE", -1)
        yield
