"""JSON from outside: what goes beyond a limit is refused, and nothing of it is quoted."""

from pathlib import Path

import pytest

from afschrift.outside.limits import UnreadableError, read_file
from afschrift.outside.read_json import read_json


def test_what_is_read() -> None:
    assert read_json(b'{"a": [1, 2.5, null, "\xc3\xa9"]}') == {"a": [1, 2.5, None, "é"]}
    assert read_json("[" * 64 + "]" * 64)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1,\n"b": secret}', ":2: not readable as JSON"),
        ("[" * 65 + "]" * 65, "its parts lie more than 64 deep in each other"),
        ("[" * 200_000, "its parts lie more than 64 deep in each other"),
        ('{"a":' * 100_000, "more than 64 deep"),
        ("1" * 5_000, "a number has too many digits"),
        (b'"\xff"', ":1: not readable as JSON"),
        ('"\\ud800"', ":1: not readable as JSON"),
        ('"' + "x" * 100 + '"', "longer than the 100 bytes"),
    ],
)
def test_what_is_refused(text: str | bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words) as refused:
        read_json(text, "options.json", most=100 if "x" * 100 in str(text) else 10**9)
    assert str(refused.value).startswith("options.json")
    assert "secret" not in str(refused.value)


def test_of_a_file_no_more_is_read_than_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as stream:
        stream.truncate(10**12)  # of which nothing is on the disk
    with pytest.raises(UnreadableError, match=r"large: it is longer than the 1,000 bytes that are read"):
        read_file(file, 1_000)
