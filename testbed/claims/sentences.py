"""Every sentence of letters, page, sheet and README, by the place where it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml

LETTERS = Path(__file__).parents[2] / "include" / "letters"
LANGUAGES = ("nl", "en")

_BLOCK = re.compile(
    r"</?(?:p|div|li|ul|h[1-6]|dt|dd|dl|td|th|tr|caption|summary|title|br|blockquote|header|footer)\b[^>]*>"
)
_SENTENCE = re.compile(r"(?<=[.?!])([’”'\")\]]*)\s+(?=[A-ZÀ-Ý‘“'({\[0-9])")


def split(text: str) -> list[str]:
    """Sentences of a paragraph; a placeholder may begin a sentence and never ends one."""
    found = _SENTENCE.sub(r"\1\n", " ".join(text.split())).split("\n")
    return [
        sentence.strip() for sentence in found if re.search(r"[^\W\d_]", re.sub(r"\{[^}]*\}", "", sentence))
    ]


@cache
def sentences(language: str, folder: Path = LETTERS) -> dict[str, tuple[str, ...]]:
    """Place, the same in every language -> its sentences, with `{names}` for what is filled in."""
    return {
        place: tuple(found) for place, text in _texts(folder, language) if (found := _paragraphs(place, text))
    }


def _paragraphs(place: str, text: str) -> list[str]:
    found: dict[str, None] = {}
    for variant in _variants(text) if "{%" in text else (text,):
        blocks = _readme(variant) if place.endswith("README") else _BLOCK.split(variant)
        found |= dict.fromkeys(s for block in blocks for s in split(re.sub(r"<[^>]+>", "", block)))
    return list(found)


def _texts(folder: Path, language: str) -> Iterator[tuple[str, str]]:
    for file in sorted((folder / language).glob("*.html.j2")):
        yield file.name.partition(".")[0], _template(file)
    yield "README", _template(folder / language / "bundle" / "README.txt.j2")
    for file in (folder / "letter.html.j2", *sorted((folder / "bundle").glob("*.html.j2"))):
        yield f"shared {file.name.partition('.')[0]}", re.sub(r"(?s)<style>.*?</style>", "", _template(file))
    for name in ("texts.yml", "bundle/texts.yml", "bundle/sheet.yml"):
        read = yaml.safe_load((folder / language / name).read_text(encoding="utf-8"))
        for path, text in _leaves(read):
            yield f"{name.removesuffix('.yml')} {path}", text


def _template(file: Path) -> str:
    text = re.sub(r"(?s)\{#.*?#\}", "", file.read_text(encoding="utf-8"))
    text = re.sub(r'\{% set more = "(.*?)" %\}', r"<p>\1</p>", text)
    text = re.sub(r"\{\{ e\.(\w+) \}\}", r"{\1}", text)
    text = re.sub(r'\{\{ you\("(\w+)"\) \}\}', r"{\1}", text)
    return re.sub(r"(?s)\{\{(?!\}).*?\}\}", "{…}", text)


BEGINS = re.compile(r"\n\s*\n|\n(?=- |\d+\. |(?:index|data)[/.\w]* {2,}|\{…\})")
"""Where a paragraph of a plain text begins: at an empty line, a dash, a number or the name of a file."""
_IF = re.compile(r"(?s)\{% if [^%]*%\}((?:(?!\{% if ).)*?)\{% endif %\}")


def _variants(text: str) -> Iterator[str]:
    """The text with the first branch of each condition, and with the others."""
    for number in range(3):
        chosen, left = text, 1
        while left:
            chosen, left = _IF.subn(partial(_branch, number), chosen)
        yield re.sub(r"\{%.*?%\}", "", chosen)


def _branch(number: int, found: re.Match[str]) -> str:
    text = found[1]
    branches = [*re.split(r"\{% el(?:se|if [^%]*) %\}", text), *([] if "{% else %}" in text else [""])]
    return branches[min(number, len(branches) - 1)]


def _readme(text: str) -> Iterator[str]:
    return iter(BEGINS.split(text))


def _leaves(read: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(read, Mapping):
        for key, value in read.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(read, str):
        yield path, read
