"""Write the list of what a register has, by which a planted table, view or trigger shows.

`python tools/register_objects.py`, after each new migration; a test holds the two together. It starts a
PostgreSQL server of the tests.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]

from sqlalchemy import inspect  # noqa: E402
from testbed import postgres  # noqa: E402

from afschrift.register import schema  # noqa: E402
from afschrift.register.database import made_objects  # noqa: E402
from afschrift.register.database.database import Database  # noqa: E402
from afschrift.register.database.objects import digests  # noqa: E402

FILE = Path(made_objects.__file__)
HEAD = '''"""What the migrations make. `python tools/register_objects.py` writes it, and a test compares."""

from __future__ import annotations

'''


def main() -> None:
    """Make a register on each database and write what it has."""
    made: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder, postgres.running(durable=False) as server:
        addresses = {"sqlite": f"sqlite:///{folder}/register.db", "postgresql": server.create().url}
        for kind, url in addresses.items():
            schema.upgrade(url)
            with Database(url).read() as tx:
                made_objects.TABLES[:] = sorted(inspect(tx).get_table_names())
                made[kind] = dict(sorted(digests(tx).items()))
    lines = ["TABLES = [", *(f'    "{name}",' for name in made_objects.TABLES), "]", "MADE = {"]
    for kind, objects in made.items():
        lines += [
            f'    "{kind}": {{',
            *(f'        "{name}": "{digest}",' for name, digest in objects.items()),
            "    },",
        ]
    lines += ["}", '"""Database -> name of an object -> digest of what it is (`objects.digests`)."""', ""]
    FILE.write_text(HEAD + "\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
