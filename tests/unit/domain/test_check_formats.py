"""Which formats a request may be answered in, whatever the registry of formats holds (R57)."""

from __future__ import annotations

import pytest

from afschrift.domain.errors import RefusedError
from afschrift.domain.request import NOT_PORTABLE_FORMATS, check_formats
from afschrift.domain.right import Right

KNOWN = ("csv", "json", *NOT_PORTABLE_FORMATS)


@pytest.mark.parametrize("name", NOT_PORTABLE_FORMATS)
def test_a_page_to_look_at_is_no_portable_format_and_does_for_access(name: str) -> None:
    with pytest.raises(RefusedError, match=r"R57.*choose"):
        check_formats(Right.PORTABILITY, ("csv", name), KNOWN)
    check_formats(Right.ACCESS, ("csv", name), KNOWN)


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("formats", [(), ("csv", "csv"), ("xls",)])
def test_missing_repeated_and_unknown_formats_are_refused(right: Right, formats: tuple[str, ...]) -> None:
    with pytest.raises(RefusedError, match=r"choose|name each"):
        check_formats(right, formats, KNOWN)
