"""Find words and names that CONTRIBUTING.md asks not to use, in code, tests and documentation.

    python tools/words.py [FILE ...]

tools/words.tsv is the list. A `word` is looked for in comments, docstrings, texts of more than one word,
names and pages; a `name` is refused where it is the whole name of a variable, parameter, function or class.
The last column names what may have it, a token or the path of a file: data of a register, a command or a form
keep the name that they got.
Dutch texts, code in pages and comments, texts of bundles and letters, databases classified by hand in
tests/truth, and data of earlier versions are left out.
"""

from __future__ import annotations

import ast
import csv
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tools" / "words.tsv"
PAGES = ("*.md", "*.sql", "*.toml", "*.yml", "*.j2", "Makefile")
LEFT_OUT = re.compile(
    r"(^|/)nl[/.]|^include/(letters|law|grounds)/|^tests/(golden|truth/\w+\.yml|unit/register/data)"
    r"|^tools/words\.|^tests/unit/tooling/test_(words|commit_message)\."
)
_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`|\{\{.*?\}\}|\{%.*?%\}", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\([^()\s]*\)")


@dataclass(frozen=True)
class Rule:
    """A line of the list: what is refused, what to say, and the names that may have it."""

    kind: str
    word: str
    say: str
    allowed: frozenset[str]

    def finds(self, text: str) -> Iterator[int]:
        """Offsets in a text at which the word is, outside the names that may have it."""
        for found in re.finditer(rf"\b{self.word}\b", text, re.IGNORECASE):
            before = re.search(r"[\w.-]*$", text[: found.start()])
            after = re.match(r"[\w-]*", text[found.end() :])
            if f"{before[0] if before else ''}{found[0]}{after[0] if after else ''}" not in self.allowed:
                yield found.start()

    def is_in(self, text: str) -> bool:
        """Whether it is found at all."""
        return next(self.finds(text), None) is not None


def rules(table: Path = TABLE) -> list[Rule]:
    """The list."""
    with table.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file, delimiter="\t")
        return [Rule(**line | {"allowed": frozenset(line["allowed"].split())}) for line in lines]


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Names that a module gives, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.ExceptHandler(name=str(name)):
                yield node.lineno, name


def prose(text: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Comments, and strings of more than one word, of a module, with their first lines."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield node.lineno, node.value


def faults(path: str, text: str, listed: Sequence[Rule]) -> Iterator[str]:
    """What of a file is on the list: a line each, with the place and what to say."""
    words = [rule for rule in listed if rule.kind == "word" and path not in rule.allowed]
    whole = {rule.word: rule for rule in listed if rule.kind == "name"}
    if not path.endswith(".py"):
        blank = _LINK.sub("]", _without_code(text))
        yield from (f"{path}:{line}: {fault}" for line, fault in _in_text(1, blank, words))
        return
    if not re.search("|".join(rule.word for rule in listed), text, re.IGNORECASE):
        return
    tree = ast.parse(text)
    for line, name in names(tree):
        if (rule := whole.get(name)) and path not in rule.allowed:
            yield f"{path}:{line}: the name {name!r}: {rule.say}"
        apart = re.sub(r"_|(?<=[a-z0-9])(?=[A-Z])", " ", name)
        for rule in words:
            if name not in rule.allowed and rule.is_in(apart):
                yield f"{path}:{line}: the name {name!r}: {rule.say}"
    for start, part in prose(text, tree):
        yield from (f"{path}:{line}: {fault}" for line, fault in _in_text(start, _without_code(part), words))


def _without_code(text: str) -> str:
    """The text with its code blanked; lines remain."""
    return _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)


def _in_text(start: int, text: str, words: Sequence[Rule]) -> Iterator[tuple[int, str]]:
    for rule in words:
        for offset in rule.finds(text):
            yield start + text.count("\n", 0, offset), f"{rule.word!r}: {rule.say}"


def tracked() -> list[str]:
    """Files of the project that are looked at, by their paths in it."""
    command = ["git", "ls-files", "*.py", *PAGES]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    files = (name for name in done.stdout.splitlines() if not LEFT_OUT.search(name))
    return [name for name in files if (ROOT / name).is_file() and not (ROOT / name).is_symlink()]


def main(files: Sequence[str]) -> int:
    """Write the faults, and return the exit code."""
    listed = rules()
    found = [fault for name in files for fault in faults(name, (ROOT / name).read_text("utf-8"), listed)]
    sys.stdout.write("".join(f"{fault}\n" for fault in found))
    if found:
        sys.stdout.write(
            f"{len(found)} words to replace; tools/words.tsv is the list, CONTRIBUTING.md says why.\n"
        )
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or tracked()))
