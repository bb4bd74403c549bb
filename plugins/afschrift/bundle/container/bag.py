"""The tag files of BagIt 1.0 (RFC 8493), as bytes and back."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from afschrift.bundle.container import layout
from afschrift.bundle.contents import Contents
from afschrift.domain.signing import key_id

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
# RFC 8493, 2.1.3: only these three are encoded in a manifest's paths.
_ENCODED = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_DECODED = {code: char for char, code in _ENCODED.items()}


def bag_info(contents: Contents, sizes: Mapping[str, int], public_key: bytes) -> bytes:
    """`bag-info.txt`.

    Args:
        contents: what is packed.
        sizes: payload path -> bytes.
        public_key: raw public key of the signer; lets a reader without it tell damage from a stranger.
    """
    plan, seal = contents.plan, contents.seal
    controller = contents.inventory.controller
    lines = {
        "Source-Organization": controller.name,
        "Organization-Address": controller.address,
        "External-Identifier": contents.request.id,
        "Bagging-Date": seal.sealed_at[:10],
        "Bag-Software-Agent": f"Afschrift {plan.package}",
        "Payload-Oxum": f"{sum(sizes.values())}.{len(sizes)}",
        "Afschrift-Bundle-Version": layout.FORMAT_VERSION,
        "Afschrift-Right": plan.right.value,
        "Afschrift-Plan-SHA256": plan.digest(),
        "Afschrift-Sealed-At": seal.sealed_at,
        "Afschrift-Trail-Seq": str(seal.trail_seq),
        "Afschrift-Trail-Head": seal.trail_head,
        "Afschrift-Signing-Key": key_id(public_key),
        "Afschrift-Public-Key": base64.b64encode(public_key).decode(),
    }
    # A line break in a name or address would end the value.
    return "".join(f"{label}: {' '.join(value.split())}\n" for label, value in lines.items()).encode()


def manifest(digests: Mapping[str, str]) -> bytes:
    """A manifest: path -> SHA-256 (hex), sorted by path."""
    return "".join(f"{digests[path]}  {_encode(path)}\n" for path in sorted(digests)).encode()


def read_manifest(content: bytes) -> dict[str, str]:
    """The paths and digests of a manifest.

    Raises:
        ValueError: a line has another form, or a path stands twice.
    """
    digests: dict[str, str] = {}
    for line in content.decode().removesuffix("\n").split("\n"):
        match = _LINE.fullmatch(line)
        if not match:
            raise ValueError("a line of the manifest has another form")
        path = re.sub("%25|%0D|%0A", lambda code: _DECODED[code[0]], match[2])
        if path in digests:
            raise ValueError("a path stands twice in the manifest")
        digests[path] = match[1]
    return digests


def read_bag_info(content: bytes) -> dict[str, str]:
    """The values of `bag-info.txt` by label.

    Raises:
        ValueError: a line has no label, or a label stands twice.
    """
    values: dict[str, str] = {}
    for line in content.decode().removesuffix("\n").split("\n"):
        label, colon, value = line.partition(": ")
        # Control characters of a stranger's file would reach a terminal.
        if not colon or label in values or not line.isprintable():
            raise ValueError("a line of bag-info.txt has another form")
        values[label] = value
    return values


def _encode(path: str) -> str:
    return "".join(_ENCODED.get(char, char) for char in path)
