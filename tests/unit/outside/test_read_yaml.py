"""YAML means what ruamel.yaml says it means; what goes beyond a limit is refused with its line."""

import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from afschrift.inventory.document import Document
from afschrift.outside import read_yaml as module
from afschrift.outside.limits import DEPTH, UnreadableError
from afschrift.outside.read_yaml import read_yaml

PIECES = [
    *("a", "b", "é", "yes", "no", "on", "012", "0o17", "1.10", "12:30", "2026-01-01", "~", "null", "true", "1e3"),
    *("0x1F", "-", "- ", "? ", ": ", ":", ",", ", ", "[", "]", "{", "}", "#", " #", " ", "  ", "    ", "\n"),
    *("\n  ", "\n    ", "\n- ", "\n  - ", "'", '"', "\\n", "|", "|\n", "|-\n ", ">\n ", ">+\n ", "<<: ", "!!str "),
    *("%", "\t", "\u2028", "\u00a0", "\ufeff", "---\n", "...\n", "\r\n", "=", "+1", "-0", "0.", "-.5", "1_000", ".inf"),
    *("a: ", "b: ", "a:b", "{a: ", "[a, ", "key: value\n", "\x85", "1.0.0.1", "5 jaar", ">-\n  b\n\n  c\n", "-1"),
    *("&x b", "*x", "&x", "k: &x\n  ", "&y {a: b}", "*y", "[&z q, *z]", "- &x\n", "&n 1", "*n", "😀"),
]  # fmt: skip


def same(mine: Any, other: Any) -> bool:
    """Equal in values and types; numbers of the other reader may remember how they were written."""
    if isinstance(mine, dict):
        return (
            isinstance(other, dict)
            and mine.keys() == other.keys()
            and all(same(mine[k], other[k]) for k in mine)
        )
    if isinstance(mine, list):
        return isinstance(other, list) and len(mine) == len(other) and all(map(same, mine, other))
    if mine is None or isinstance(mine, bool):
        return mine == other
    return str(mine) == str(other) or (isinstance(mine, int | float) and mine == other)


def project_files() -> list[Path]:
    root = Path(__file__).parents[3]
    return sorted(file for part in ("include", "examples") for file in (root / part).rglob("*.y*ml"))


@pytest.mark.parametrize("file", project_files(), ids=lambda file: "/".join(file.parts[-3:]))
def test_the_projects_own_files_mean_the_same_to_another_reader(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert same(read_yaml(text), YAML(typ="rt").load(text))


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("country: NO\nanswer: no\nswitch: on", {"country": "NO", "answer": "no", "switch": "on"}),
        ("version: 1.10", {"version": 1.1}),
        ("day: 2026-01-15", {"day": date(2026, 1, 15)}),
        ("at: 2026-01-15T12:00:00+01:00", {"at": "2026-01-15T12:00:00+01:00"}),
        ("[012, 0o17, 0x1F, 1_000, +1, 1e3, -.5]", [12, 15, 31, 1000, 1, 1000.0, -0.5]),
        ("[12:30, 2026-02-30, 1.0.0.1, -, =]", ["12:30", "2026-02-30", "1.0.0.1", "-", "="]),
        ("a: &x {b: c}\nd: *x", {"a": {"b": "c"}, "d": {"b": "c"}}),
        ("b: &b {x: 1, y: 1}\nc: {<<: *b, y: 2}", {"b": {"x": 1, "y": 1}, "c": {"x": 1, "y": 2}}),
        ("b: &b {x: 1}\nc: {<<: [*b, {x: 2, z: 3}]}", {"b": {"x": 1}, "c": {"x": 1, "z": 3}}),
        ("a: !!str 1", {"a": "1"}),
        ("1: a\n~: b\nfalse: c", {1: "a", None: "b", False: "c"}),
        ('{"a": "b", "c": [1.10, null, {"d": true}]}', {"a": "b", "c": [1.1, None, {"d": True}]}),
        ("a: b\r\nc: d\r\n", {"a": "b", "c": "d"}),
        ("text: >-\n  one\n  two", {"text": "one two"}),
        ("nothing:\nyes: 5 jaar", {"nothing": None, "yes": "5 jaar"}),
        ("# nothing", None),
    ],
)
def test_what_is_read(text: str, content: Any) -> None:
    assert read_yaml(text) == content
    assert read_yaml(text.encode()) == content


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=10).map("".join))
def test_another_reader_says_the_same_where_both_take_a_text(text: str) -> None:
    try:
        content = read_yaml(text)
    except UnreadableError:
        return
    try:
        other = YAML(typ="rt").load(text)
    except (NotImplementedError, YAMLError):  # it knows no comment at some places, and no tab
        return
    if not any(sign in text for sign in ("|", ">", "&")):  # in blocks and anchors it reads signs as text
        assert same(content, other)


def nested_aliases(levels: int, width: int = 9) -> str:
    lines = [f"a0: &a0 [{','.join('x' * width)}]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels + 1)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (nested_aliases(9), 6, "aliases (`*name`) repeat more than the 100,000 parts that are taken"),
        ("a: 1\nb: " + "[" * 300 + "]" * 300, 2, "its parts lie more than 64 deep in each other"),
        ("[" * 100_000, 1, "its parts lie more than 64 deep in each other"),
        ("\n".join(" " * n + "a:" for n in range(200)), DEPTH + 1, "more than 64 deep"),
        ("- " * 50_000, 1, "more than 64 deep"),
        ("a: b\nc: d\na: e", 3, "duplicate key"),
        ("a: b\nc: &x [*x]", 2, "nothing before it is called `&x`"),
        ("a: b\n? [a]\n: b", 2, "is no word or number"),
        ("a: !!python/object/apply:os.system [ls]", 1, "tags (`!name`) are not taken"),
        ("a: b\n---\nc: d", 2, "several documents"),
        ("a: b\nc: \x1b[2J", 2, "the character U+001B"),
        ("a: b\u2028c: d", 1, "the character U+2028"),
        ("a: \ud800", 1, "the character U+D800"),
        ("a: [", 1, "not readable as YAML"),
        ("a: {<<: b}", 1, "the value of `<<` is no mapping"),
    ],
)
def test_what_is_refused_with_file_line_and_remedy(text: str, line: int, words: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        read_yaml(text, "some.yml")
    assert words in refused.value.problem
    assert refused.value.line in (line, line + 1)
    assert str(refused.value).startswith(f"some.yml:{refused.value.line}: ")
    assert refused.value.remedy


def test_bytes_that_are_no_text_and_texts_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableError, match=r"some.yml:2: it is not UTF-8"):
        read_yaml(b"a: b\nc: \xff", "some.yml")
    monkeypatch.setattr(module, "BYTES", 10)
    with pytest.raises(UnreadableError, match="longer than the 10 bytes that are read"):
        read_yaml("a: b\nc: dddd", "some.yml")
    monkeypatch.undo()
    monkeypatch.setattr(module, "PARTS", 10)
    with pytest.raises(UnreadableError, match=r":2: it has more than"):
        read_yaml("[1,2,3,4,5,\n6,7,8,9,10]", "some.yml")


def test_a_fault_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "some.yml"
    file.write_text("# first\na:\n  - b: 1\n  - c: &x {d: 2}\ne: *x\n", encoding="utf-8")
    document = Document(file)
    assert str(document.fault(("a", 1, "c"), "wrong")) == "some.yml:4: a.1.c: wrong"
    assert str(document.fault(("e",), "wrong")) == "some.yml:5: e: wrong"
    assert str(document.fault(("e", "gone"), "wrong")) == "some.yml:5: e: wrong"


def test_a_file_beyond_a_limit_is_a_fault_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "deep.yml"
    file.write_text("a: b\nc: " + "[" * 500, encoding="utf-8")
    document = Document(file)
    assert str(document.faults[0]) == (
        "deep.yml:2: its parts lie more than 64 deep in each other; write it flatter"
    )
    assert document.fault(("a",), "wrong").line == 1


def test_aliases_take_no_memory_before_they_are_refused() -> None:
    tracemalloc.start()
    with pytest.raises(UnreadableError):
        read_yaml(nested_aliases(20, 50))
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
