"""Words and commit messages are checked by CONTRIBUTING.md; names of data are left."""

import pytest
from tools.commit_message import faults as message_faults
from tools.words import Rule, faults

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


def test_lists_the_line_and_leaves_what_the_list_allows() -> None:
    assert lines("try: ...\nexcept ValueError as one: ...\n") == [2]
    assert lines('"""First.\n\nWho was told.\n"""\n') == [3]
    assert lines("for one in rows: ...\n", "plugins/allowed.py") == []
    assert lines("# It was told.\n", "plugins/register.py") == []


def test_reads_pages_without_their_code() -> None:
    page = "# Head\n\nWas told.\n\n```\nwas told\n```\n\nThe event `told` of [a page](told.md).\n"
    assert lines(page, "docs/page.md") == [3]
    assert lines("{# was told #}{{ told }}\n<p>told</p>\n", "include/pages/page.html.j2") == [1, 2]


BODY = "\n\nDates became local to the controller, and a flag would have lost its decision.\n"


@pytest.mark.parametrize(
    "message",
    [
        "Keep flag decisions when dates become controller-local" + BODY,
        "Embed the font of the page" + BODY + "\n# Please enter the commit message\n",
        "Merge branch 'main' of somewhere",
        'Revert "Add a source"\n\nThis reverts a commit.\n',
    ],
)
def test_accepts_a_plain_commit_message(message: str) -> None:
    assert list(message_faults(message)) == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("Keep " + "x" * 70 + BODY, "75 characters"),
        ("Keep flag decisions." + BODY, "full stop"),
        ("keep flag decisions" + BODY, "capital"),
        ("Added a source" + BODY, "imperative"),
        ("Adding a source" + BODY, "imperative"),
        ("Keep flag decisions", "body is missing"),
        ("Keep flag decisions\nwithout an empty line", "body is missing"),
        ("Keep flag decisions\n\n# a comment", "body is missing"),
        ("Keep what stands after FROM" + BODY, "'stands'"),
    ],
)
def test_names_what_to_change_in_a_commit_message(message: str, expected: str) -> None:
    assert [fault for fault in message_faults(message) if expected in fault]
