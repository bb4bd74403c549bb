"""The signed part of a bundle: tag manifest, bag info, payload manifest and who signed them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from afschrift.bundle.container import bag, layout
from afschrift.bundle.container.container import Container, UnpackLimits
from afschrift.bundle.container.report import BundleProblem, Flaw, problem
from afschrift.bundle.container.signature import holds
from afschrift.domain.signing import key_id


class UnreadableTagFileError(Exception):
    """A file that must be understood cannot be."""

    def __init__(self, path: str) -> None:
        super().__init__("a file of the bundle has another form")
        self.path = path


@dataclass(frozen=True)
class Sealed:
    """What the tag files say.

    Attributes:
        tags, payload: path -> SHA-256 as the two manifests say.
        info: `bag-info.txt` by label.
        signer: id of the key by which the signature holds, or None.
        trusted: that key is in the trust store.
    """

    tags: Mapping[str, str]
    payload: Mapping[str, str]
    info: Mapping[str, str]
    signer: str | None
    trusted: bool

    def problems(self) -> Iterator[BundleProblem]:
        """What is wrong with the seal itself."""
        if self.signer is None:
            yield problem(Flaw.SIGNATURE_INVALID, layout.SIGNATURE)
        if not layout.is_known(self.info.get("Afschrift-Bundle-Version")):
            yield problem(Flaw.UNKNOWN_VERSION, layout.BAG_INFO)


def content(container: Container, path: str, limits: UnpackLimits) -> bytes:
    """A small file of the bundle, whole.

    Raises:
        UnreadableTagFileError: it is too large for one.
        RefusedContainerError: it is damaged.
    """
    if container.members[path] > limits.document:
        raise UnreadableTagFileError(path)
    return b"".join(container.read(path))


def read_seal(container: Container, trusted: Mapping[str, bytes], limits: UnpackLimits) -> Sealed:
    """Read the tag files and check the signature.

    A key that is not trusted is taken from the bundle: the signature then proves only that nothing was
    changed since, and the report says so.

    Raises:
        UnreadableTagFileError: names the file that has another form.
    """
    if content(container, layout.BAGIT, limits) != bag.BAGIT:
        raise UnreadableTagFileError(layout.BAGIT)
    try:
        info = bag.read_bag_info(content(container, layout.BAG_INFO, limits))
        claimed = info.get("Afschrift-Signing-Key", "")
        enclosed = base64.b64decode(info.get("Afschrift-Public-Key", ""), validate=True)
        if not re.fullmatch("[0-9]{1,18}", info.get("Afschrift-Trail-Seq", "")):
            raise ValueError("the trail's sequence number is no number")
    except ValueError as error:
        raise UnreadableTagFileError(layout.BAG_INFO) from error
    tag_manifest = content(container, layout.TAG_MANIFEST, limits)
    known = {key_id(key): key for key in trusted.values()}
    public_key = known.get(claimed, enclosed)
    signed = key_id(public_key) == claimed and holds(
        public_key, tag_manifest, content(container, layout.SIGNATURE, limits)
    )
    return Sealed(
        tags=_manifest(tag_manifest, layout.TAG_MANIFEST),
        payload=_manifest(content(container, layout.MANIFEST, limits), layout.MANIFEST),
        info=info,
        signer=claimed if signed else None,
        trusted=signed and claimed in known,
    )


def _manifest(lines: bytes, path: str) -> dict[str, str]:
    try:
        return bag.read_manifest(lines)
    except ValueError as error:
        raise UnreadableTagFileError(path) from error
