"""Pages that code, tools and other pages refer to exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = (
    "plugins", "include", "dags", "config", "tools", "deploy", "examples",
    "bench", "demo", "testbed", "native", "tests",
)  # fmt: skip
ENDINGS = {
    ".py",
    ".yml",
    ".yaml",
    ".md",
    ".sql",
    ".sh",
    ".conf",
    ".env",
    ".html",
    ".txt",
    ".c",
    ".h",
    ".toml",
}
PAGE = re.compile(r"(?<![\w/:.-])docs/([\w/-]+\.md|adr/\d{4})\b")
LINK = re.compile(r"\]\(([^()\s:#]+)(?:#[^()\s]*)?\)")


def texts(folder: Path) -> Iterator[tuple[Path, str]]:
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(ROOT).parts
        if file.suffix in ENDINGS and file.is_file() and not {"dbt_project", "tooling"} & {*inside}:
            yield file, file.read_text(encoding="utf-8")


def exists(page: str) -> bool:
    return (
        bool(list((ROOT / "docs").glob(f"{page}*")))
        if page.startswith("adr/")
        else (ROOT / "docs" / page).exists()
    )


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_page_that_code_names_exists(folder: str) -> None:
    missing = {
        (str(file.relative_to(ROOT)), page)
        for file, text in texts(ROOT / folder)
        for page in PAGE.findall(text)
        if not exists(page)
    }
    assert missing == set()


def test_each_link_of_the_documentation_leads_to_a_file() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "deploy").glob("*.md")]
    missing = {
        (str(page.relative_to(ROOT)), target)
        for page in pages
        for target in LINK.findall(
            re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        )
        if not (page.parent / target).exists()
    }
    assert missing == set()
