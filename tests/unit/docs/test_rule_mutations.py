"""The conditions that `make test-rules` takes out are in the code still, in modules that tests/rules.tsv names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = [sys.executable, str(ROOT / "tools" / "mutate_rules.py"), "--check"]


def test_each_mutation_fits_the_code_and_the_table() -> None:
    """Where this fails: bring tools/rule_mutations.py up to date, then `make test-rules`."""
    done = subprocess.run(SCRIPT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mutation_without_its_text_names_the_remedy(tmp_path: Path) -> None:
    for name in ("tools", "tests"):
        (tmp_path / name).mkdir()
    for name in ("tools/mutate_rules.py", "tools/rule_mutations.py", "tests/rules.tsv"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    code = tmp_path / "plugins" / "afschrift" / "domain" / "decision.py"
    code.parent.mkdir(parents=True)
    whole = (ROOT / "plugins" / "afschrift" / "domain" / "decision.py").read_text()
    code.write_text(whole.replace("if not facts.automated:", "if facts.by_hand:"))
    script = [sys.executable, str(tmp_path / "tools" / "mutate_rules.py"), "--check", "R23"]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 1
    assert "R23: “if not facts.automated:” is 0 times in domain/decision.py, not once: bring" in done.stdout
