"""The check of words finds what CONTRIBUTING.md asks not to write, and leaves names of data."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.words import Rule, faults, rules

LISTED = [
    Rule("word", "told", "notified", frozenset({"told_again", "told-by", "plugins/register.py"})),
    Rule("name", "one", "what the item is", frozenset({"plugins/allowed.py"})),
]


def lines(text: str, path: str = "plugins/module.py") -> list[int]:
    return [int(fault.split(":")[1]) for fault in faults(path, text, LISTED)]


@pytest.mark.parametrize(
    "text",
    [
        "# The person was told.\n",
        '"""Who was told."""\n',
        'raise ValueError("the person was told")\n',
        'raise ValueError(f"{name} was Told")\n',
        "def told_rows(): ...\n",
        "def rows(told): ...\n",
        "class Told: ...\n",
        "with suppress(Error) as told: ...\n",
        "for one in rows: ...\n",
        "kept = [one for one in rows]\n",
    ],
)
def test_finds_a_word_and_a_name(text: str) -> None:
    assert lines(text) == [1]


@pytest.mark.parametrize(
    "text",
    [
        'event = "told"\n',  # a string of one word is data
        'state = "told_again"  # becomes told_again\n',
        "told_again = 1\n",
        "# untold, or told-by\n",
        "# The column `told` is of an earlier version.\n",
        "# one of them\n",
        "one_row = 1\n",
        "import told\n",
    ],
)
def test_leaves_data_and_other_words(text: str) -> None:
    assert lines(text) == []


def test_finds_the_name_of_an_error() -> None:
    assert lines("try: ...\nexcept ValueError as one: ...\n") == [2]


def test_leaves_a_name_where_the_list_allows_it() -> None:
    assert lines("for one in rows: ...\n", "plugins/allowed.py") == []


def test_leaves_a_word_where_the_list_allows_it() -> None:
    assert lines("# It was told.\n", "plugins/register.py") == []


def test_names_the_line_within_a_docstring() -> None:
    assert lines('"""First.\n\nWho was told.\n"""\n') == [3]


def test_reads_pages_without_their_code() -> None:
    page = "# Head\n\nWas told.\n\n```\nwas told\n```\n\nThe event `told` of [a page](told.md).\n"
    assert lines(page, "docs/page.md") == [3]
    assert lines("{# was told #}{{ told }}\n<p>told</p>\n", "include/pages/page.html.j2") == [1, 2]


def test_the_list_says_what_to_write_instead(project_root: Path) -> None:
    listed = rules(project_root / "tools" / "words.tsv")
    assert {rule.kind for rule in listed} == {"word", "name"}
    assert all(rule.say for rule in listed)
