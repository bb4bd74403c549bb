"""The quick reader says what the reader that remembers lines says, or leaves it to that one."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from afschrift.inventory.document import Document
from afschrift.inventory.quick_yaml import Unsure, quick

PIECES = [
    *("a", "b", "é", "yes", "no", "on", "012", "0o17", "1.10", "12:30", "2026-01-01", "~", "null", "true", "1e3"),
    *("0x1F", "-", "- ", "? ", ": ", ":", ",", ", ", "[", "]", "{", "}", "#", " #", " ", "  ", "    ", "\n"),
    *("\n  ", "\n    ", "\n- ", "\n  - ", "'", '"', "\\n", "|", "|\n", "|-\n ", ">\n ", ">+\n ", "<<: ", "!!str "),
    *("%", "\t", "\u2028", "\u00a0", "\ufeff", "---\n", "...\n", "\r\n", "=", "+1", "-0", "0.", "-.5", "1_000", ".inf"),
    *("a: ", "b: ", "a:b", "{a: ", "[a, ", "key: value\n", "\x85", "1.0.0.1", "5 jaar", ">-\n  b\n\n  c\n", "-1"),
    *("&x b", "*x", "&x", "k: &x\n  ", "&y {a: b}", "*y", "[&z q, *z]", "- &x\n", "&n 1", "*n", "😀"),
]  # fmt: skip


def same(one: Any, other: Any) -> bool:
    """Equal in values, types and order; numbers of the other reader may remember how they were written."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict) and list(one) == list(other) and all(same(one[k], other[k]) for k in one)
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if one is None or isinstance(one, bool):
        return one is other
    return isinstance(other, type(one)) and not isinstance(other, bool) and str(one) == str(other)


def project_files() -> list[Path]:
    root = Path(__file__).parents[3]
    return sorted(file for part in ("include", "examples") for file in (root / part).rglob("*.y*ml"))


@pytest.mark.parametrize("file", project_files(), ids=lambda file: "/".join(file.parts[-3:]))
def test_the_projects_own_files_are_read_quickly_and_alike(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert same(quick(text), YAML(typ="rt").load(text))


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("country: NO\nanswer: no\nswitch: on", {"country": "NO", "answer": "no", "switch": "on"}),
        ("version: 1.10", {"version": 1.1}),
        ("day: 2026-01-15", {"day": date(2026, 1, 15)}),
        ("a: &x {b: c}\nd: *x", {"a": {"b": "c"}, "d": {"b": "c"}}),
        ("text: >-\n  one\n  two", {"text": "one two"}),
        ("nothing:\nyes: 5 jaar", {"nothing": None, "yes": "5 jaar"}),
    ],
)
def test_what_is_clear_is_read(text: str, content: Any) -> None:
    assert quick(text) == content
    assert same(quick(text), YAML(typ="rt").load(text))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a: 012",
            "a: 0o17",
            "a: 0x1F",
            "a: 12:30",
            "a: 1e3",
            "a: .inf",
            "a: 1_000",
            "a: +1",
            "a: 2026-02-30",
            "a: 1.0.0.1",
        ),
        *("a: 2026-01-15T12:00:00Z", "a: !!str 1", "a: =", "a: &n 1\nb: *n", "a: *unknown", "a: &x [*x]"),
        *(
            "base: &b {x: y}\na: {<<: *b}",
            "a: b\na: c",
            "{a: b, a: c}",
            "1: a",
            "~: a",
            "[a]: b",
            "a: [",
            "a:\tb",
        ),
        *(
            "\ufeffa: b",
            "a: b\r\nc: d",
            "a: b\u2028c",
            "%YAML 1.1\n---\na: yes",
            "a: b\n---\nc: d",
            "--- a\n...\nb",
        ),
        *(
            "a: |\n \n  b",
            "|\n#a",
            "k: &x:a",
            'k: ["a":b]',
            "[" * 100_000 + "]" * 100_000,
            "a:" + "\n :" * 5_000,
        ),
    ],
)
def test_what_may_be_read_in_two_ways_is_left_to_the_other_reader(text: str) -> None:
    with pytest.raises(Unsure):
        quick(text)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=10).map("".join))
@example("k: |-\n \n    ")
@example("|\n#a")
@example("k: &x12:30")
@example('k: ["a":trueno]')
def test_both_readers_say_the_same_or_the_quick_one_does_not_say(text: str) -> None:
    try:
        content = quick(text)
    except Unsure:
        return
    try:
        slow = YAML(typ="rt").load(text)
    except NotImplementedError:  # it cannot keep each comment; what the text says, is clear
        return
    except YAMLError as error:
        raise AssertionError(f"the quick reader took {text!r}, which the other refuses") from error
    assert same(content, slow)


def test_a_fault_of_what_was_read_quickly_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "some.yml"
    file.write_text("# first\na:\n  - b: 1\n  - c: &x {d: 2}\ne: *x\n", encoding="utf-8")
    document = Document(file)
    assert type(document.data) is dict  # the quick one's
    assert str(document.fault(("a", 1, "c"), "wrong")) == "some.yml:4: a.1.c: wrong"
    assert str(document.fault(("e",), "wrong")) == "some.yml:5: e: wrong"


def test_a_name_that_stands_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "some.yml"
    file.write_text("a: b\nc: d\na: e\n", encoding="utf-8")
    [fault] = Document(file).faults
    assert (fault.line, "duplicate key" in fault.message) == (3, True)


@pytest.mark.parametrize("text", ["[" * 50_000 + "]" * 50_000, "[" * 50_000])
def test_a_file_whose_parts_lie_too_deep_is_a_fault(tmp_path: Path, text: str) -> None:
    file = tmp_path / "deep.yml"
    file.write_text(text, encoding="utf-8")
    assert [one.message for one in Document(file).faults] == [
        "its parts lie too deep in each other to be read"
    ]
