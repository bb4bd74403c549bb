"""Resolve what Afschrift requires beside the packages that are there already.

`python tools/constraints_check.py` takes the dated list of Airflow's official image (deploy/airflow-*.txt):
what it has keeps its version, what it lacks has that of constraints.txt, as deploy/install.sh installs it; on
each Python, without extras and with each of them. `python tools/constraints_check.py FILE` takes someone
else's constraints, such as Airflow's own, for the Python that runs this; what they do not name is free.
Nothing is fetched but the metadata of packages.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from locked import PYTHONS, ROOT
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

IMAGES = sorted((ROOT / "deploy").glob("airflow-*.txt"))


def constrained(text: str) -> dict[str, list[Requirement]]:
    """Name -> what the file says of it, which may differ by Python.

    Raises:
        InvalidRequirement: a line is none; its number is in front.
    """
    found: dict[str, list[Requirement]] = {}
    for number, line in enumerate(re.sub(r"\s*\\\n\s*", " ", text).splitlines(), 1):
        words = line.split(" #")[0].split(" --hash")[0].strip()
        if not words or words.startswith(("#", "--")):
            continue
        try:
            requirement = Requirement(words)
        except InvalidRequirement as error:
            raise InvalidRequirement(f"line {number} is no requirement: {error}") from None
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def extras() -> list[str]:
    """The extras of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return sorted(project["optional-dependencies"])


def conflicts(allowed: dict[str, list[Requirement]], python: str, *extras: str) -> list[str]:
    """What prevents an installation within some constraints, in lines; empty where all fits."""
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", "-q", "--no-config", "--no-header", "--no-annotate"]
    command += ["--python-version", python, *(f"--extra={extra}" for extra in extras)]
    with TemporaryDirectory() as folder:
        file = Path(folder, "constraints.txt")
        file.write_text(
            "".join(f"{requirement}\n" for few in allowed.values() for requirement in few), encoding="utf-8"
        )
        done = subprocess.run(
            [*command, "-c", str(file), "pyproject.toml"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    return [line for line in done.stderr.splitlines() if line.strip()] if done.returncode else []


def report(name: str, allowed: dict[str, list[Requirement]], pythons: tuple[str, ...]) -> Iterator[str]:
    """Lines of each conflict. What fits with all extras fits with each, which is tried where all do not."""
    for python in pythons:
        if together := conflicts(allowed, python, *extras()):
            yield f"Python {python}, all extras, beside {name}:"
            yield from (f"  {line}" for line in together)
            for few in ((), *((extra,) for extra in extras())):
                fits = "fits" if not conflicts(allowed, python, *few) else "does not fit"
                yield f"  {f'The extra {few[0]}' if few else 'Without extras it'} {fits}."


def main() -> int:
    """Check, and end with 1 where something conflicts or a file cannot be read."""
    given = [Path(word).absolute() for word in sys.argv[1:]]
    pythons = (".".join(map(str, sys.version_info[:2])),) if given else PYTHONS
    for file in given or IMAGES:
        try:
            allowed = constrained(file.read_text(encoding="utf-8"))
        except (OSError, InvalidRequirement) as error:
            sys.stderr.write(f"{file} cannot be used: {error}\n")
            return 1
        names = len(allowed)
        if not given:
            allowed = constrained((ROOT / "constraints.txt").read_text(encoding="utf-8")) | allowed
        if found := list(report(file.name, allowed, pythons)):
            sys.stdout.write("".join(f"{line}\n" for line in found))
            return 1
        sys.stdout.write(
            f"Afschrift, without extras and with each of {', '.join(extras())}, fits the {names} packages of "
            f"{file.name} on Python {', '.join(pythons)}.\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
