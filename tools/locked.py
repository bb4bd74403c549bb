"""What constraints.txt pins, and what the installed packages say of their licences and of each other."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from license_expression import ExpressionError, get_spdx_licensing
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
SPDX = get_spdx_licensing()
HASH = re.compile(r" --hash=sha256:([0-9a-f]{64})")

READ = {
    "greenback": "MIT OR Apache-2.0",
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "olefile": "BSD-2-Clause AND HPND",
    "pyrage": "MIT",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "python-stdnum": "LGPL-2.1-or-later",
    "s3fs": "BSD-3-Clause",
    "sqlparse": "BSD-3-Clause",
    "text-unidecode": "Artistic-1.0-Perl OR GPL-1.0-or-later",
    "uvloop": "MIT OR Apache-2.0",
}
"""Licences read in the licence files themselves, where the metadata has none or more than one reading."""
OF_ANOTHER_PYTHON = {"pyyaml-ft": "MIT"}
"""Licences of what Afschrift needs on some of its Pythons alone, so that all of them tell the same."""
PYTHONS = ("3.11", "3.12", "3.13")
WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}
"""Words of metadata that have one reading, as SPDX says it."""


@dataclass(frozen=True)
class Pin:
    """One line of the lock: `hashes` are the SHA-256 of every file of that release, in hexadecimal digits."""

    name: str
    version: str
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """A package that runs with Afschrift: one pin or, by version of Python, several.

    `licence` is an SPDX expression, `needs` are names of others.
    """

    name: str
    pins: tuple[Pin, ...]
    licence: str
    needs: frozenset[str]


def pins(text: str) -> list[Pin]:
    """The pins of a requirements file with hashes, by name."""
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    required = ((Requirement(line.split(" --hash")[0]), tuple(HASH.findall(line))) for line in lines if line)
    return [
        Pin(requirement.name, str(requirement.specifier).removeprefix("=="), hashes)
        for requirement, hashes in required
    ]


def direct(root: Path = ROOT) -> list[Requirement]:
    """What pyproject.toml names for running, under the names of the lock."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    found = [
        Requirement(requirement)
        for requirement in (*project["dependencies"], *(requirement for few in extras for requirement in few))
    ]
    for requirement in found:
        requirement.name = str(canonicalize_name(requirement.name))
    return found


def packages(root: Path = ROOT) -> list[Package]:
    """What Afschrift needs to run, by name; what its tests and its development need is not in it.

    Raises:
        LookupError: A package is not in the lock, is not installed, or tells no licence of one reading.
    """
    here = {
        canonicalize_name(distribution.metadata["Name"]): distribution for distribution in distributions()
    }
    locked = pins((root / "constraints.txt").read_text(encoding="utf-8"))
    graph = _graph(direct(root), here)
    found = []
    for name in sorted(graph):
        of_name = tuple(pin for pin in locked if pin.name == name)
        if not of_name:
            raise LookupError(f"constraints.txt has no {name}: make lock")
        licence = _licence(here[name]) if name in here else OF_ANOTHER_PYTHON[name]
        found.append(Package(name, of_name, licence, frozenset(graph[name])))
    return found


def _graph(named: list[Requirement], here: dict[str, Distribution]) -> dict[str, set[str]]:
    """Names reached from some requirements through their extras, each with what it needs."""
    graph: dict[str, set[str]] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    ahead = list(named)
    while ahead:
        need = ahead.pop()
        name, extras = str(canonicalize_name(need.name)), frozenset(need.extras)
        if (name, extras) in seen:
            continue
        if name not in here and name not in OF_ANOTHER_PYTHON:
            raise LookupError(
                f"{name} is not installed. Run `make venv`; where another Python alone needs it, read its "
                "licence and enter it in OF_ANOTHER_PYTHON of tools/locked.py."
            )
        seen.add((name, extras))
        needed = list(_needed(here[name], extras)) if name in here else []
        graph.setdefault(name, set()).update(
            str(canonicalize_name(requirement.name)) for requirement in needed
        )
        ahead += needed
    return graph


def _needed(distribution: Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    """What a package needs on any Python of the lock, on a platform such as this."""
    places = [
        {"extra": extra, "python_version": python, "python_full_version": f"{python}.0"}
        for extra in extras | {""}
        for python in PYTHONS
    ]
    for need in map(Requirement, distribution.requires or ()):
        if need.marker is None or any(need.marker.evaluate(dict(place)) for place in places):
            yield need


def _licence(distribution: Distribution) -> str:
    name = str(canonicalize_name(distribution.metadata["Name"]))
    if name in READ:
        return READ[name]
    licence = distribution.metadata.get("License-Expression") or distribution.metadata.get("License") or ""
    kinds = [
        kind for kind in distribution.metadata.get_all("Classifier") or [] if kind.startswith("License :: ")
    ]
    for words in (licence, WORDS.get(licence), WORDS.get(kinds[0]) if len(kinds) == 1 else None):
        if words and (known := _spdx(words)):
            return known
    raise LookupError(
        f"{name} tells its licence in no words of one reading. Read its licence file, and enter it in READ "
        "of tools/locked.py."
    )


def _spdx(words: str) -> str | None:
    try:
        return str(SPDX.parse(words, validate=True, strict=True))
    except ExpressionError:
        return None
