"""Commands that pages name exist, with the options that they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.main import get_command

from afschrift.cli.main import app

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*.md")]
CODE = re.compile(r"^```\w*\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[$(|] ?|&& )afschrift ([a-z][^\n#|&;>]*)", re.MULTILINE)


def named(page: Path) -> Iterator[list[str]]:
    """The words after `afschrift` of each command in a page's code."""
    for block, span in CODE.findall(page.read_text(encoding="utf-8")):
        for words in COMMAND.findall(block or span):
            yield words.replace('"$', "$").split() if words.count('"') % 2 else shlex.split(words)


def fault(words: list[str]) -> str:
    """What of a command there is not; empty where it is right."""
    command = get_command(app)
    context = typer.Context(command)
    rest = list(words)
    while hasattr(command, "get_command") and rest:
        found = command.get_command(context, rest[0])
        if found is None:
            break
        command = found
        rest.pop(0)
    options = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    unknown = [
        word for word in rest if word.startswith("--") and word.split("=")[0] not in {*options, "--help"}
    ]
    if len(rest) == len(words) or unknown:
        return f"afschrift {' '.join(words)}: {unknown or 'no such command'}"
    return ""


def test_each_command_that_pages_name_exists() -> None:
    commands = [words for page in PAGES for words in named(page)]
    assert len(commands) > 200
    assert {found for words in commands if (found := fault(words))} == set()


def test_a_command_or_option_that_does_not_exist_is_found() -> None:
    assert fault(["inventory", "check", "--live"]) == ""
    assert "--lively" in fault(["inventory", "check", "--lively"])
    assert "no such command" in fault(["answers"])
