"""Packs a bundle into one ZIP file, as a stream and in flat memory, reproducible to the byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from isal import isal_zlib
from stream_zip import ZIP_32, ZIP_64, stream_zip

from afschrift.bundle import bag, layout
from afschrift.bundle.contents import Contents
from afschrift.bundle.coverage import coverage_document
from afschrift.bundle.description import datapackage
from afschrift.bundle.page import render_index, render_readme
from afschrift.bundle.redactions import redactions_document
from afschrift.bundle.signature import Signer
from afschrift.core.errors import ConfigurationError, ValidationFailedError

OpenPayload = Callable[[str], AbstractContextManager[BinaryIO]]

CHUNK = 1 << 16
_DOS_EPOCH = datetime(1980, 1, 1)  # noqa: DTZ001  the ZIP format has no zones
_MODE = 0o100644
# Below this, no offset can pass 4 GiB, and readers that do not know ZIP64 in streamed members open it too.
_ZIP_32_TOTAL = 3_500_000_000
_ZIP_32_MEMBERS = 60_000


@dataclass(frozen=True)
class _Member:
    """One file of the bag; `content` is None where it is staged."""

    path: str
    size: int
    sha256: str
    content: bytes | None = None


def pack(contents: Contents, *, signer: Signer, open_payload: OpenPayload, letters: Path) -> Iterator[bytes]:
    """Write the bundle as chunks of a ZIP file. The same contents and key give the same bytes.

    Args:
        contents: what is packed.
        signer: signs the tag manifest.
        open_payload: opens a staged file, decrypted, by `FileEntry.path`.
        letters: the folder `include/letters`.

    Raises:
        ConfigurationError: before the first chunk: a text is missing, or a file name is not safe.
        ValidationFailedError: between chunks: a staged file is not what was extracted.
    """
    members = _members(contents, signer, letters)
    small = sum(m.size for m in members) < _ZIP_32_TOTAL and len(members) < _ZIP_32_MEMBERS
    method = ZIP_32 if small else ZIP_64
    root = layout.root(contents.request.id)
    files = (
        (f"{root}/{member.path}", _DOS_EPOCH, _MODE, method, _content(member, open_payload))
        for member in members
    )
    chunks: Iterator[bytes] = iter(
        stream_zip(files, chunk_size=CHUNK, get_compressobj=_deflate, extended_timestamps=False)
    )
    return chunks


def _deflate() -> Any:
    return isal_zlib.compressobj(level=1, wbits=-isal_zlib.MAX_WBITS)


def _members(contents: Contents, signer: Signer, letters: Path) -> list[_Member]:
    payload = [_Member(layout.DATA + e.path, e.bytes, e.sha256) for e in contents.files()]
    payload += [_written(path, content) for path, content in _documents(contents).items()]
    tags = [
        _written(layout.BAGIT, bag.BAGIT),
        _written(
            layout.BAG_INFO, bag.bag_info(contents, {m.path: m.size for m in payload}, signer.public_key)
        ),
        _written(layout.MANIFEST, bag.manifest(_digests(payload))),
        _written(layout.INDEX, render_index(contents, letters)),
        _written(layout.README, render_readme(contents, letters)),
    ]
    tag_manifest = bag.manifest(_digests(tags))
    sealed = [
        _written(layout.TAG_MANIFEST, tag_manifest),
        _written(layout.SIGNATURE, signer.sign(tag_manifest)),
    ]
    members = sorted([*payload, *tags, *sealed], key=lambda m: m.path)
    _check_names(members)
    return members


def _documents(contents: Contents) -> dict[str, bytes]:
    documents = {
        layout.COVERAGE: _json(coverage_document(contents)),
        layout.REDACTIONS: _json(redactions_document(contents)),
    }
    return documents | {layout.DATAPACKAGE: _json(datapackage(contents, documents))}


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _written(path: str, content: bytes) -> _Member:
    return _Member(path, len(content), hashlib.sha256(content).hexdigest(), content)


def _digests(members: list[_Member]) -> dict[str, str]:
    return {member.path: member.sha256 for member in members}


def _check_names(members: list[_Member]) -> None:
    paths = [member.path for member in members]
    faulty = [path for path in paths if not layout.is_safe(path)] + list(layout.collisions(paths))
    if faulty:
        raise ConfigurationError(
            f"A file cannot be packed under its name everywhere: {faulty[0]!a}.",
            way_out="give the table another file name: no two may differ by case alone.",
        )


def _content(member: _Member, open_payload: OpenPayload) -> Iterator[bytes]:
    if member.content is not None:
        yield member.content
        return
    digest, size = hashlib.sha256(), 0
    with open_payload(member.path.removeprefix(layout.DATA)) as stream:
        for chunk in _even(stream):
            digest.update(chunk)
            size += len(chunk)
            yield chunk
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise ValidationFailedError(
            f"The staged file {member.path} is not what was extracted.",
            way_out="clear the extract of its source, so that it is written again.",
        )


def _even(stream: BinaryIO) -> Iterator[bytes]:
    """Chunks of one size whatever the stream gives at once: how input is cut can change deflate's output."""
    rest = b""
    while chunk := stream.read(CHUNK):
        rest += chunk
        while len(rest) >= CHUNK:
            yield rest[:CHUNK]
            rest = rest[CHUNK:]
    if rest:
        yield rest
