"""Steps 2 to 7 of *How to verify* in docs/bundle.md."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from afschrift_bundles.archive import CHUNK, Archive
from afschrift_bundles.errors import UnusableBundleError, damaged

_KNOWN = re.compile(r"1\.[0-9]+")
_BAGIT = b"BagIt-Version: 1.0 Tag-File-Character-Encoding: UTF-8"
_MANIFEST, _TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"
_SIGNATURE = f"{_TAGS}.sig"
_PACKAGE, _COVERAGE = "data/datapackage.json", "data/coverage.json"
_LARGEST_TEXT = 1 << 28
"""Bytes of a manifest or description, which are read whole."""

Json = dict[str, Any]
Key = str | Path
_RAW_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")


@dataclass(frozen=True)
class Verified:
    """What a bundle says of itself, after it was found whole.

    Attributes:
        labels: of `bag-info.txt`.
        signer: id of the key that signed it, or empty where no key was given to compare.
    """

    labels: dict[str, str]
    package: Json
    coverage: Json
    signer: str


def verify(archive: Archive, key: Key | None) -> Verified:
    """Hold a bundle against its signature, manifests and descriptions.

    Raises:
        UnusableBundleError: it is damaged, of another signer, or of a newer version.
    """
    try:
        return _Verifier(archive).run(key)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise damaged("one of its descriptions is not as in every bundle") from error


class _Verifier:
    def __init__(self, archive: Archive) -> None:
        self._archive, self._sizes = archive, archive.sizes()
        self._payload = {path for path in self._sizes if path.startswith("data/")}

    def run(self, key: Key | None) -> Verified:
        tags, labels = self._text(_TAGS), _labels(self._text("bag-info.txt").decode())
        signer = self._check_signature(tags, labels, key)
        self._check_files(_manifest(tags), self._sizes.keys() - self._payload - {_TAGS, _SIGNATURE})
        if self._text("bagit.txt").split() != _BAGIT.split() or "fetch.txt" in self._sizes:
            raise damaged("bagit.txt says another form, or files are elsewhere (fetch.txt)")
        if not _KNOWN.fullmatch(labels["Afschrift-Bundle-Version"]):
            message = "This bundle has a version that is not known here. Install a newer afschrift-bundles."
            raise UnusableBundleError("newer", message)
        listed = _manifest(self._text(_MANIFEST))
        lines = self._check_files(listed, self._payload)
        size = sum(self._sizes[path] for path in self._payload)
        if labels["Payload-Oxum"] != f"{size}.{len(self._payload)}":
            raise damaged("its size is not the one that it says (Payload-Oxum)")
        package, coverage = json.loads(self._text(_PACKAGE)), json.loads(self._text(_COVERAGE))
        if self._archive.name not in ("", package["name"]):
            raise damaged("its folder has another name than it says")
        self._check_resources(package["resources"], listed)
        _check_rows(package["resources"], coverage, lines)
        return Verified(labels, package, coverage, signer)

    def _text(self, path: str) -> bytes:
        if path not in self._sizes:
            raise damaged(f"{path} is missing")
        if self._sizes[path] > _LARGEST_TEXT:
            raise damaged(f"{path} is too large")
        with self._archive.open(path) as stream:
            return stream.read()

    def _check_signature(self, tags: bytes, labels: dict[str, str], key: Key | None) -> str:
        """Id of the key that was given, or nothing."""
        own = Ed25519PublicKey.from_public_bytes(b64decode(labels["Afschrift-Public-Key"], validate=True))
        given = _public_key(key) if key else None
        try:
            (given or own).verify(self._text(_SIGNATURE), tags)
        except InvalidSignature:
            if given and _key_id(given) != labels["Afschrift-Signing-Key"]:
                raise UnusableBundleError(
                    "other_signer",
                    "This bundle was not signed with the key that you gave. Compare the key with the "
                    "one that the organisation published, or open it without a key, as of an unknown signer.",
                ) from None
            raise damaged("its signature does not fit") from None
        return _key_id(given) if given else ""

    def _check_files(self, listed: dict[str, str], there: set[str]) -> dict[str, int]:
        """Digest files; of each the lines that end outside quotes, if it is a CSV."""
        if missing := sorted(listed.keys() - there):
            raise damaged(f"{missing[0]} is missing")
        if others := sorted(there - listed.keys()):
            raise damaged(f"{others[0]} does not belong to it", "Take it out, or ask for the bundle again.")
        lines = {}
        for path, digest in listed.items():
            found, lines[path] = self._read(path)
            if found != digest:
                raise damaged(f"{path} was changed")
        return lines

    def _read(self, path: str) -> tuple[str, int]:
        """SHA-256 of a file; of a CSV also the number of lines that end outside quotes."""
        digest, lines, inside = hashlib.sha256(), 0, False
        with self._archive.open(path) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                if path.endswith(".csv"):
                    pieces = chunk.split(b'"') if inside or b'"' in chunk else [chunk]
                    lines += sum(piece.count(b"\n") for piece in pieces[inside::2])
                    inside ^= len(pieces) % 2 == 0
        return digest.hexdigest(), lines

    def _check_resources(self, resources: list[Json], listed: dict[str, str]) -> None:
        paths = Counter(f"data/{resource['path']}" for resource in resources)
        if paths != Counter(self._payload - {_PACKAGE}):
            raise damaged("its description names other files than it has")
        for resource in resources:
            path = f"data/{resource['path']}"
            stated = resource.get("bytes", resource.get("afschrift:bytes"))
            if stated != self._sizes[path] or resource["hash"] != f"sha256:{listed[path]}":
                raise damaged(f"{path} is described with another size or digest")


def _check_rows(resources: list[Json], coverage: Json, lines: dict[str, int]) -> None:
    rows: Counter[tuple[str, str, str]] = Counter()
    files: Counter[tuple[str, str]] = Counter()
    found: Counter[str] = Counter()
    for resource in resources:
        if "afschrift:rows" in resource:
            count = resource["afschrift:rows"]
            rows[resource["afschrift:source"], resource["afschrift:table"], resource["format"]] += count
            if resource["format"] == "csv" and lines[f"data/{resource['path']}"] != count + 1:
                raise damaged(f"data/{resource['path']} has another number of rows than stated")
        elif "afschrift:file" in resource:
            files[resource["afschrift:source"], resource["afschrift:table"]] += 1
        elif "afschrift:given" in resource:
            found[resource["afschrift:source"]] += 1
    stated = {
        (t["source"], t["table"]): (t.get("rows", 0), t.get("files", {}).get("held", 0))
        for t in coverage["tables"]
        if t["status"] == "rows"
    }
    tables = {(source, table) for source, table, _ in rows}
    wrong = [key for key, (count, _) in stated.items() if count and key not in tables]
    wrong += [key[:2] for key, count in rows.items() if stated.get(key[:2], (0, 0))[0] != count]
    wrong += [key for key in files.keys() | stated.keys() if stated.get(key, (0, 0))[1] != files[key]]
    if wrong:
        raise damaged(f"{'.'.join(wrong[0])} has other rows or files than coverage.json says")
    systems = {s["source"]: s.get("files", 0) for s in coverage.get("searched", [])}
    if +Counter(systems) != found:
        raise damaged("it has other files of systems that people searched than coverage.json says")


def _labels(text: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    for line in re.sub(r"\n[ \t]+", " ", text).splitlines():
        label, colon, value = line.partition(":")
        if not colon or label in labels or not value.isprintable():
            raise damaged("bag-info.txt has a line that is doubled or broken")
        labels[label] = value.strip()
    return labels


def _manifest(text: bytes) -> dict[str, str]:
    """Digest by path; RFC 8493 encodes line ends and percent signs of a path."""
    listed: dict[str, str] = {}
    for line in text.decode().splitlines():
        digest, _, path = line.partition("  ")
        path = path.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        if not path or path in listed:
            raise damaged("a manifest has a line that is doubled or broken")
        listed[path] = digest
    return listed


def _key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:32]


def _public_key(key: Key) -> Ed25519PublicKey:
    """The key in a PEM file, or as the text of one, or as the raw key in base64."""
    text = key if isinstance(key, str) else ""
    try:
        if not text.startswith("-----BEGIN") and not _RAW_KEY.fullmatch(text):
            text = Path(key).read_text(encoding="ascii").strip()
        if _RAW_KEY.fullmatch(text):
            return Ed25519PublicKey.from_public_bytes(b64decode(text))
        found = load_pem_public_key(text.encode())
    except OSError:
        raise _bad_key("The file of the key cannot be read.") from None
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise _bad_key("This is no public key of this kind.")
    return found


def _bad_key(what: str) -> UnusableBundleError:
    message = f"{what} Give the path of the PEM file that the organisation published."
    return UnusableBundleError("bad_key", message)
