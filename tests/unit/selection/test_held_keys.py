"""The keys of a person, as a row of theirs may spell them."""

from __future__ import annotations

import pytest

from afschrift.domain.keys import Key
from afschrift.selection.held_keys import HeldKeys, alike

LONG = "123456789012345678901234567890"


def held(*values: str) -> HeldKeys:
    return HeldKeys([Key("id", value) for value in values], [("id", None)])


@pytest.mark.parametrize(
    ("key", "row", "theirs"),
    [
        ("7", "7.00", True),
        ("7", "007", True),
        ("7", "8", False),
        (LONG, LONG[:-1] + "1", False),
        (LONG, f"{LONG}.0", True),
        ("5312e84701936240", "5312e84701936240", True),  # looks like a number beyond all numbers
        ("1e9999999", "2e9999999", False),
    ],
)
def test_key_in_a_row_is_compared_with_the_persons(key: str, row: str, theirs: bool) -> None:
    assert held(key)(row) is theirs


def test_number_that_is_too_large_is_compared_as_text() -> None:
    assert not alike([Key("id", "5312e84701936240"), Key("id", "5312e84701936241")])
    assert alike([Key("id", "1"), Key("id", "01")])


def test_key_bound_in_two_forms_is_read_alone() -> None:
    assert alike([Key("id", "t\u00e9l 123")])
    assert not alike([Key("id", "t\u00e9l"), Key("id", "tel 123")])
