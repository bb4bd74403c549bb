"""The tag files of a bag (BagIt 1.0, RFC 8493), as bytes and back, and the signature over them.

Ed25519 signs the tag manifest. The signature file holds the raw 64 bytes, so that OpenSSL checks it:

`openssl pkeyutl -verify -rawin -pubin -inkey public.pem -in tagmanifest-sha256.txt
-sigfile tagmanifest-sha256.txt.sig`
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from afschrift.bundle.container import layout
from afschrift.bundle.container.container import Container, RefusedContainerError, UnpackLimits
from afschrift.bundle.container.report import BundleProblem, Flaw, problem
from afschrift.bundle.contents import Contents
from afschrift.domain.notation import key_id

T = TypeVar("T")

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
# RFC 8493, 2.1.3: only these three are encoded in a manifest's paths.
_ENCODED = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_DECODED = {code: char for char, code in _ENCODED.items()}


@dataclass(frozen=True)
class Sealed:
    """The content of the tag files.

    Attributes:
        tags, payload: path -> SHA-256 from the two manifests.
        info: `bag-info.txt` by label.
        signer: id of the key with which the signature is valid, or None.
        trusted: that key is in the trust store.
    """

    tags: Mapping[str, str]
    payload: Mapping[str, str]
    info: Mapping[str, str]
    signer: str | None
    trusted: bool

    def problems(self) -> Iterator[BundleProblem]:
        """Problems of the tag files themselves."""
        if self.signer is None:
            yield problem(Flaw.SIGNATURE_INVALID, layout.SIGNATURE)
        if not layout.is_known(self.info.get("Afschrift-Bundle-Version")):
            yield problem(Flaw.UNKNOWN_VERSION, layout.BAG_INFO)


def read_document(container: Container, path: str, limits: UnpackLimits, parse: Callable[[bytes], T]) -> T:
    """Read a small file of the bundle into memory and parse it.

    Raises:
        RefusedContainerError: it is too large for that, damaged or malformed.
    """
    if container.members[path] > limits.document:
        raise RefusedContainerError(problem(Flaw.UNREADABLE, path))
    content = b"".join(container.read(path))
    try:
        return parse(content)
    except ValueError:
        raise RefusedContainerError(problem(Flaw.UNREADABLE, path)) from None


def read_seal(container: Container, trusted: Mapping[str, bytes], limits: UnpackLimits) -> Sealed:
    """Read the tag files and check the signature.

    If the key is not trusted, the one in the bundle is used: the signature then only proves that nothing was
    changed since signing, and the report says so.

    Raises:
        RefusedContainerError: a file is malformed; it is named.
    """
    read_document(container, layout.BAGIT, limits, _check_bagit)
    info, enclosed = read_document(container, layout.BAG_INFO, limits, _signed_info)
    tag_manifest, tags = read_document(
        container, layout.TAG_MANIFEST, limits, lambda content: (content, read_manifest(content))
    )
    signature = read_document(container, layout.SIGNATURE, limits, bytes)
    payload = read_document(container, layout.MANIFEST, limits, read_manifest)
    claimed = info.get("Afschrift-Signing-Key", "")
    known = {key_id(key): key for key in trusted.values()}
    public_key = known.get(claimed, enclosed)
    signed = key_id(public_key) == claimed and _holds(public_key, tag_manifest, signature)
    return Sealed(
        tags=tags,
        payload=payload,
        info=info,
        signer=claimed if signed else None,
        trusted=signed and claimed in known,
    )


def _check_bagit(content: bytes) -> None:
    if content != BAGIT:
        raise ValueError("this is no bag of BagIt 1.0 in UTF-8")


def _signed_info(content: bytes) -> tuple[dict[str, str], bytes]:
    """`bag-info.txt` by label, and the public key in it."""
    info = read_bag_info(content)
    if not re.fullmatch("[0-9]{1,18}", info.get("Afschrift-Trail-Seq", "0")):
        raise ValueError("the trail's sequence number is no number")
    return info, base64.b64decode(info.get("Afschrift-Public-Key", ""), validate=True)


class Ed25519Signer:
    """Signs with a private key in memory."""

    def __init__(self, private_key: bytes) -> None:
        """Take the raw 32 bytes of the private key."""
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the raw 64-byte signature."""
        return self._key.sign(message)


def _holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is valid; False also if anything is malformed."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def bag_info(contents: Contents, sizes: Mapping[str, int], public_key: bytes) -> bytes:
    """Write `bag-info.txt`.

    Args:
        contents: what is packed.
        sizes: payload path -> bytes.
        public_key: raw public key of the signer, so that a reader without it can distinguish a damaged bundle
            from one by an unknown signer.
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
        "Afschrift-Trail-Head": seal.trail_head,
        "Afschrift-Signing-Key": key_id(public_key),
        "Afschrift-Public-Key": base64.b64encode(public_key).decode(),
    }
    # Without `split`, a line break in a name or address would end the value.
    return "".join(f"{label}: {' '.join(value.split())}\n" for label, value in lines.items()).encode()


def write_manifest(digests: Mapping[str, str]) -> bytes:
    """Write a manifest from path -> SHA-256 (hex), sorted by path."""
    return "".join(f"{digests[path]}  {_encode(path)}\n" for path in sorted(digests)).encode()


def read_manifest(content: bytes) -> dict[str, str]:
    """Read the paths and digests of a manifest.

    Raises:
        ValueError: a line is malformed, or a path occurs twice.
    """
    digests: dict[str, str] = {}
    for line in content.decode().removesuffix("\n").split("\n"):
        match = _LINE.fullmatch(line)
        if not match:
            raise ValueError("a line of the manifest is malformed")
        path = re.sub("%25|%0D|%0A", lambda code: _DECODED[code[0]], match[2])
        if path in digests:
            raise ValueError("a path occurs twice in the manifest")
        digests[path] = match[1]
    return digests


def read_bag_info(content: bytes) -> dict[str, str]:
    """Read the values of `bag-info.txt` by label.

    Raises:
        ValueError: a line has no label, or a label occurs twice.
    """
    values: dict[str, str] = {}
    for line in content.decode().removesuffix("\n").split("\n"):
        label, colon, value = line.partition(": ")
        # Control characters in an untrusted file could reach a terminal.
        if not colon or label in values or not line.isprintable():
            raise ValueError("a line of bag-info.txt is malformed")
        values[label] = value
    return values


def _encode(path: str) -> str:
    return "".join(_ENCODED.get(char, char) for char in path)
