"""Packs a bundle into a ZIP file, as a stream in flat memory, with reproducible bytes."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from isal import isal_zlib

from afschrift.bundle.container import layout
from afschrift.bundle.container.seal import BAGIT, Ed25519Signer, bag_info, write_manifest
from afschrift.bundle.container.zip_records import ZipMember, write_zip
from afschrift.bundle.contents import Contents
from afschrift.bundle.description.coverage import coverage_document
from afschrift.bundle.description.description import datapackage
from afschrift.bundle.description.fields import schemas
from afschrift.bundle.description.redactions import redactions_document
from afschrift.bundle.page.page import render_index, render_readme
from afschrift.bundle.page.words import PageWords, SheetWords
from afschrift.bundle.sheet.content import SheetContent
from afschrift.bundle.sheet.document import render_sheet, sheet_document
from afschrift.bundle.sheet.sheet import require_whole
from afschrift.domain.errors import ConfigurationError, ValidationFailedError
from afschrift.domain.extracted import FileEntry
from afschrift.law.partial_response import suffix
from afschrift.values.json_text import indented

OpenPayload = Callable[[str], AbstractContextManager[BinaryIO]]

CHUNK = 1 << 18


@dataclass(frozen=True)
class _Member:
    """A file of the bag: either written here, or staged and already deflated."""

    path: str
    size: int
    sha256: str
    content: bytes | None = None
    staged: FileEntry | None = None


def pack(
    contents: Contents, *, signer: Ed25519Signer, open_payload: OpenPayload, letters: Path
) -> Iterator[bytes]:
    """Write the bundle as chunks of a ZIP file. The same contents and key give the same bytes.

    Args:
        contents: what is packed.
        signer: signs the tag manifest.
        open_payload: opens a staged file, decrypted and deflated, by `FileEntry.path`.
        letters: the folder `include/letters`.

    Raises:
        ConfigurationError: before the first chunk: a text is missing, a file name is not safe, or the
            information sheet of an access answer lacks a field.
        ValidationFailedError: between chunks: a staged file is not what was extracted.
    """
    members = _members(contents, signer, letters)
    root = layout.root(contents.request.id, suffix(contents.plan.part, contents.plan.after))
    return write_zip(_zip_member(f"{root}/{member.path}", member, open_payload) for member in members)


def _members(contents: Contents, signer: Ed25519Signer, letters: Path) -> list[_Member]:
    payload = [_Member(layout.DATA + e.path, e.bytes, e.sha256, staged=e) for e in contents.files()]
    payload += [_member_of(path, content) for path, content in _documents(contents, letters).items()]
    tags = [
        _member_of(layout.BAGIT, BAGIT),
        _member_of(layout.BAG_INFO, bag_info(contents, {m.path: m.size for m in payload}, signer.public_key)),
        _member_of(layout.MANIFEST, write_manifest(_digests(payload))),
        _member_of(layout.INDEX, render_index(contents, letters)),
        _member_of(layout.README, render_readme(contents, letters)),
    ]
    tag_manifest = write_manifest(_digests(tags))
    sealed = [
        _member_of(layout.TAG_MANIFEST, tag_manifest),
        _member_of(layout.SIGNATURE, signer.sign(tag_manifest)),
    ]
    members = sorted([*payload, *tags, *sealed], key=lambda m: m.path)
    _check_names(members)
    return members


def _documents(contents: Contents, letters: Path) -> dict[str, bytes]:
    documents = {
        layout.COVERAGE: indented(coverage_document(contents)),
        layout.REDACTIONS: indented(redactions_document(contents)),
        **(_information(contents, letters) if contents.plan.right.terms.information_sheet else {}),
        **schemas(contents),
    }
    words = PageWords.load(letters, contents.language)
    return documents | {layout.DATAPACKAGE: indented(datapackage(contents, documents, words))}


def _information(contents: Contents, letters: Path) -> dict[str, bytes]:
    require_whole(contents)
    content = SheetContent(contents, SheetWords.of(letters, contents.language))
    return {
        layout.INFORMATION: render_sheet(content, letters),
        layout.INFORMATION_DOCUMENT: indented(sheet_document(content)),
    }


def _member_of(path: str, content: bytes) -> _Member:
    return _Member(path, len(content), hashlib.sha256(content).hexdigest(), content)


def _digests(members: list[_Member]) -> dict[str, str]:
    return {member.path: member.sha256 for member in members}


def _check_names(members: list[_Member]) -> None:
    paths = [member.path for member in members]
    faulty = [path for path in paths if not layout.is_safe(path)] + list(layout.collisions(paths))
    if faulty:
        raise ConfigurationError(
            f"A file cannot be packed under its name everywhere: {faulty[0]!a}.",
            remedy="give the table another file name: no two may differ in case only.",
        )


def _zip_member(path: str, member: _Member, open_payload: OpenPayload) -> ZipMember:
    entry = member.staged
    if entry is not None:
        return ZipMember(path, entry.bytes, entry.crc32, entry.deflated_bytes, _staged(entry, open_payload))
    content = member.content or b""
    deflated = zlib.compress(content, level=1, wbits=-zlib.MAX_WBITS)  # ISA-L: not the same bytes each time
    return ZipMember(path, len(content), isal_zlib.crc32(content), len(deflated), [deflated])


def _staged(entry: FileEntry, open_payload: OpenPayload) -> Iterator[bytes]:
    digest, size = hashlib.sha256(), 0
    with open_payload(entry.path) as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            if size <= entry.deflated_bytes:
                yield chunk
    if (size, digest.hexdigest()) != (entry.deflated_bytes, entry.deflated_sha256):
        raise ValidationFailedError(
            f"The staged file {entry.path} is not what was extracted.",
            remedy="clear its `extract_<source>` and what follows: it is written again.",
        )
