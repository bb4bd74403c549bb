"""Print the page *Findings of the check* of the site: every code with its severity and meaning.

python tools/findings_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

from afschrift.datamap.check import finding

HEAD = """# Findings of the check

What [`afschrift inventory check`](check.md) may find. An *error* stops requests or makes an answer wrong. A
*warning* may. A *note* needs nothing if it is meant.

"""


def page() -> str:
    """Return the page."""
    return f"{HEAD}{finding.table()}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
