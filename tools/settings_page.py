"""Write docs/settings.md: every setting, from the table that the code reads its defaults from.

`python tools/settings_page.py` writes it; with `--check` nothing is written, and the exit status is 1 where
the page differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from afschrift.app.settings_table import SETTINGS, ProcessKind, Setting  # noqa: E402

PAGE = ROOT / "docs" / "settings.md"
HEAD = """# Settings

Made by `python tools/settings_page.py` from `afschrift/app/settings_table.py`, where the code takes its
defaults from; a test holds the two together, and shows that no other setting is read.

A setting is an environment variable. Give one to every process that reads it, with one value everywhere but
for `AFSCHRIFT_REGISTER`, which holds a log-in of its own for each kind of process
([roles of the database](operations.md#roles-of-the-database)). A path is one on the machine of the process.
Airflow's own settings, each with its reason, stand in `config/airflow.env`.
[deployment.md](deployment.md) says which process gets what.

- **Read by**: {readers}.
  The workers of LocalExecutor are the scheduler's own processes: it needs what a worker reads.
- **Secret**: whether the value is to be kept from others. A file that such a setting names is the service's
  alone: mode 0600, or 0440 and of a group of its account, as Kubernetes mounts secrets.

| Setting | What | Default | Unit | Read by | Secret |
|---|---|---|---|---|---|
"""


def row(one: Setting) -> str:
    """One setting."""
    default = one.default if isinstance(one.default, str) else f"{one.default:,}"
    readers = "all" if set(one.read_by) == set(ProcessKind) else ", ".join(one.read_by)
    return f"| `{one.name}` | {one.meaning} | {default} | {one.unit} | {readers} | {one.secret} |"


def page() -> Iterator[str]:
    """The page, in parts."""
    yield HEAD.format(readers=", ".join(ProcessKind))
    for one in SETTINGS:
        yield row(one) + "\n"


def main() -> int:
    """Write the page, or compare it."""
    made = "".join(page())
    if "--check" in sys.argv:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
