"""Paths in a bundle, and the rules for file names in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

FORMAT_VERSION = "1.0"
"""Version of the bundle format, in `bag-info.txt` and `datapackage.json`; docs/bundle.md describes it."""

DATA = "data/"
INDEX = "index.html"
README = "README.txt"
DATAPACKAGE = "data/datapackage.json"
COVERAGE = "data/coverage.json"
REDACTIONS = "data/redactions.json"
INFORMATION = "data/information.html"
INFORMATION_DOCUMENT = "data/information.json"
BAGIT = "bagit.txt"
BAG_INFO = "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
SIGNATURE = "tagmanifest-sha256.txt.sig"
FETCH = "fetch.txt"

_FORBIDDEN = frozenset('<>:"|?*\\')
_DEVICES = frozenset({"con", "prn", "aux", "nul"} | {f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10)})


def is_known(version: str | None) -> bool:
    """Whether a bundle of this version can be verified: any minor version of the current major version."""
    major, dot, minor = (version or "").partition(".")
    return bool(dot) and major == FORMAT_VERSION.partition(".")[0] and minor.isascii() and minor.isdigit()


def root(request_id: str, suffix: str = "") -> str:
    """The only folder in the ZIP file; a suffix distinguishes the parts of an answer."""
    return f"afschrift-{request_id}{suffix}"


def is_safe(path: str) -> bool:
    """Whether a relative path can be written on every system and stays inside its folder."""
    if not path or len(path) > 1024 or path != unicodedata.normalize("NFC", path):
        return False
    return all(_safe_part(part) for part in path.split("/"))


def _safe_part(part: str) -> bool:
    if not part or part in (".", "..") or part[-1] in ". " or len(part.encode("utf-8", "replace")) > 255:
        return False
    if part.split(".")[0].lower() in _DEVICES:
        return False
    # Categories C*: control characters, direction overrides, lone surrogates, unassigned.
    return not any(char in _FORBIDDEN or unicodedata.category(char)[0] == "C" for char in part)


def collisions(paths: Iterable[str]) -> Iterator[str]:
    """Paths that some file system takes for an earlier one: by case, by Unicode composition, or duplicates.

    A file whose path is also the folder of another one collides with it.
    """
    seen: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        folded = unicodedata.normalize("NFKC", path).casefold()
        parents = {folded[:at] for at, char in enumerate(folded) if char == "/"}
        if folded in seen or folded in folders or parents & seen:
            yield path
        seen.add(folded)
        folders |= parents
