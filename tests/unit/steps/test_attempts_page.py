"""attempts.md has a row for each attempt that a test makes, and with docs/gates.md each reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

HERE = Path(__file__)
PAGE = HERE.with_name("attempts.md").read_text(encoding="utf-8")
GATES = (HERE.parents[3] / "docs" / "gates.md").read_text(encoding="utf-8")


def attempts_tested() -> Iterator[str]:
    """What docstrings say behind `Attempt: `, the rows of data, and the texts of ATTEMPTS."""
    for file in HERE.with_name("data").glob("*.yml"):
        cases = yaml.safe_load(file.read_text(encoding="utf-8"))
        yield from (case["attempt"] for case in cases if case.get("attempt"))
    for file in HERE.parents[2].rglob("test_*.py"):
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text if "Attempt: " in text or "ATTEMPTS" in text else "")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and (words := ast.get_docstring(node) or ""):
                yield from [words.removeprefix("Attempt: ")] if words.startswith("Attempt: ") else []
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ATTEMPTS":
                texts = [part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant)]
                yield from (
                    text for text in texts if isinstance(text, str) and text[:1].isupper() and " " in text
                )


def test_every_attempt_has_a_row_and_every_row_a_test() -> None:
    rows = [line.split(" | ")[0].removeprefix("| ") for line in PAGE.splitlines() if line.startswith("| ")]

    listed = {row for row in rows if row[:1].isupper()} - {"Attempt"}
    assert listed == set(attempts_tested())


def test_the_page_knows_every_reason() -> None:
    reasons = {"no_identity", "no_plan", "state_", "marked_success", "marked_skipped"}
    for file in (HERE.parents[3] / "plugins" / "afschrift").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "refusal(" in text else ():
            if not isinstance(node, ast.Call):
                continue
            of_gate = getattr(node.func, "attr", "") == "refusal"
            if of_gate or getattr(node.func, "id", "") == "refusal":
                reason = node.args[0:1] if of_gate else node.args[3:4]
                reasons |= {arg.value for arg in reason if isinstance(arg, ast.Constant)}

    assert {reason for reason in reasons if f"`{reason}" not in PAGE + GATES} == set()
