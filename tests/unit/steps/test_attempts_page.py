"""attempts.md has a row for each attempt that a test makes, and with docs/gates.md each reason."""

from __future__ import annotations

import ast
from pathlib import Path

PAGE = Path(__file__).with_name("attempts.md").read_text(encoding="utf-8")
GATES = (Path(__file__).parents[3] / "docs" / "gates.md").read_text(encoding="utf-8")


def attempts_tested() -> set[str]:
    found = set()
    here = Path(__file__)
    for file in (
        *(
            here.with_name(f"test_{name}.py")
            for name in (
                *("read_back_attempts", "look_up_attempts", "forged_register", "planted_register"),
                "map_findings_gate",
                "second_question",
            )
        ),
        *here.parent.glob("test_bypass_*.py"),
        here.parents[1] / "batch" / "test_batch_attempts.py",
        here.parents[1] / "casework/partial_response/test_missing_supplement.py",
        here.parents[2] / "dags" / "test_bypass.py",
        here.parents[2] / "dags" / "test_pages_inventory_attempts.py",
    ):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (words := ast.get_docstring(node) or ""):
                found |= {words.removeprefix("Attempt: ")} if words.startswith("Attempt: ") else set()
    return found


def test_every_attempt_has_a_row_and_every_row_a_test() -> None:
    rows = [line.split(" | ")[0].removeprefix("| ") for line in PAGE.splitlines() if line.startswith("| ")]

    listed = {row for row in rows if row[:1].isupper()} - {"Attempt"}
    assert listed == attempts_tested()


def test_the_page_knows_every_reason() -> None:
    reasons = {"no_identity", "no_plan", "state_", "marked_success", "marked_skipped"}
    for file in (Path(__file__).parents[3] / "plugins" / "afschrift").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            of_gate = getattr(node.func, "attr", "") == "refusal"
            if of_gate or getattr(node.func, "id", "") == "refusal":
                reason = node.args[0:1] if of_gate else node.args[3:4]
                reasons |= {arg.value for arg in reason if isinstance(arg, ast.Constant)}

    assert {reason for reason in reasons if f"`{reason}" not in PAGE + GATES} == set()
