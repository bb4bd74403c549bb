"""Resolve what Afschrift requires beside a constraints file of somebody else's, such as Airflow's own.

`python tools/constraints_check.py FILE` says whether all requirements, extras included, have versions
that the file allows, for the Python that runs this; else it names what conflicts. Airflow publishes a file
for each version of itself and of Python; nothing is fetched here but the metadata of packages.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from locked import ROOT
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name


def constrained(text: str) -> dict[str, Requirement]:
    """Name -> what the file says of it.

    Raises:
        InvalidRequirement: a line is none; its number is in front.
    """
    found = {}
    for number, line in enumerate(re.sub(r"\s*\\\n\s*", " ", text).splitlines(), 1):
        words = line.split(" #")[0].split(" --hash")[0].strip()
        if not words or words.startswith(("#", "--")):
            continue
        try:
            one = Requirement(words)
        except InvalidRequirement as error:
            raise InvalidRequirement(f"line {number} is no requirement: {error}") from None
        found[canonicalize_name(one.name)] = one
    return found


def conflicts(file: Path, python: str = sys.executable) -> Iterator[str]:
    """What stands in the way, in lines; nothing where all fits."""
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", "-q", "--all-extras", "--python", python, "--no-header", "--no-annotate"]
    done = subprocess.run(
        [*command, "-c", str(file), "pyproject.toml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        yield from (line for line in done.stderr.splitlines() if line.strip())


def main() -> int:
    """Check, and end with 1 where something conflicts or the file cannot be read."""
    if len(sys.argv) != 2:
        sys.stderr.write("Name the file: make constraints-check FILE=constraints-3.12.txt\n")
        return 2
    file = Path(sys.argv[1]).absolute()
    try:
        allowed = constrained(file.read_text(encoding="utf-8"))
    except (OSError, InvalidRequirement) as error:
        sys.stderr.write(f"{file} cannot be used: {error}\n")
        return 1
    python = ".".join(map(str, sys.version_info[:2]))
    if found := list(conflicts(file)):
        sys.stdout.write(
            f"Conflicts with the {len(allowed)} constraints of {file.name} on Python {python}:\n"
        )
        sys.stdout.write("".join(f"  {line}\n" for line in found))
        return 1
    sys.stdout.write(
        f"All requirements of Afschrift, extras included, fit the {len(allowed)} constraints of {file.name} "
        f"on Python {python}.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
