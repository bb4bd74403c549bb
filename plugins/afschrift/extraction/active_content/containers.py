"""Files in files: archives, compressed files, e-mails (RFC 5322, RFC 2045) and mailboxes (RFC 4155).

Declared sizes are not trusted: each member is unpacked and its bytes are counted.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from copy import copy
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Any

from afschrift.extraction.active_content.office import office_part
from afschrift.extraction.active_content.part import (
    MOST_BYTES,
    Budget,
    ClosedError,
    Found,
    Part,
    extension_of,
)
from afschrift.extraction.active_content.signatures import ZIPS

_MOST_MEMBERS = 20_000
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_COMPRESSED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
_EMAILS = ("eml", "mht", "mhtml", "mbox", "mbx")
_FIELD = re.compile(
    rb"(?:From |(?:Return-Path|Received|Delivered-To|MIME-Version|Message-ID|From|To|Subject|Date|"
    rb"Content-Type|X-[\w-]{1,60}|DKIM-Signature|ARC-[\w-]{1,60}|Reply-To|Sender|Cc):)",
    re.IGNORECASE,
)
_MIME = re.compile(rb"^(?:MIME-Version|Content-Type|Message-ID|Received):", re.IGNORECASE | re.MULTILINE)
_MAILBOX = re.compile(rb"^From [^\r\n]*\r?\n", re.MULTILINE)
_MOST_MAIL = 48_000_000
MOST_BOUNDARIES = 20_000


def is_compressed(part: Part) -> bool:
    """Whether `decompress` reads a file."""
    return part.content.startswith(tuple(_COMPRESSED))


def decompress(part: Part, budget: Budget) -> Found:
    """The one file in a compressed file."""
    unpack = next(unpack for sign, unpack in _COMPRESSED.items() if part.content.startswith(sign))
    with unpack(io.BytesIO(part.content)) as stream:
        content = budget.read_stream(stream)
    yield part.inner(content, "svg" if part.ending == "svgz" else "", word="archived", number=1)


def is_zip(part: Part) -> bool:
    """Whether `unzip` reads a file; other bytes may come before the archive."""
    return part.content.startswith(ZIPS) or zipfile.is_zipfile(io.BytesIO(part.content))


def unzip(part: Part, budget: Budget) -> Found:
    """The members of a ZIP file; those of an office file are its parts and not files of their own."""
    with zipfile.ZipFile(io.BytesIO(part.content)) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > _MOST_MEMBERS or any(member.flag_bits & 1 for member in members):
            raise ClosedError
        office = _is_office(archive)
        for number, member in enumerate(members, 1):
            unlimited = copy(member)
            # zipfile stops at the declared size. Raise it, so that a member with more bytes is noticed.
            unlimited.file_size = MOST_BYTES + 1
            with archive.open(unlimited) as stream:
                content = budget.read_stream(stream, min(member.file_size, MOST_BYTES))
            if office:
                yield from office_part(part, member.filename, content)
            else:
                yield part.inner(content, extension_of(member.filename), word="archived", number=number)


def _is_office(archive: zipfile.ZipFile) -> bool:
    names = set(archive.namelist())
    if "[Content_Types].xml" in names:
        return True
    if "mimetype" not in names:
        return False
    with archive.open("mimetype") as stream:
        return stream.read(200).startswith(_OPEN_DOCUMENT)


def untar(part: Part, budget: Budget) -> Found:
    """The files of a tar archive; links are not followed."""
    with tarfile.open(fileobj=io.BytesIO(part.content), mode="r:") as archive:
        for number, member in enumerate(archive, 1):
            if number > _MOST_MEMBERS:
                raise ClosedError
            stream = archive.extractfile(member) if member.isfile() else None
            if stream:
                content = budget.read_stream(stream)
                yield part.inner(content, extension_of(member.name), word="archived", number=number)


def is_email(part: Part) -> bool:
    """Whether a file is an e-mail, by its declared type or by its beginning."""
    beginning = part.content[:16_384]
    declared = part.media_type == "message/rfc822" or part.ending in _EMAILS
    return declared or (_FIELD.match(beginning) is not None and _MIME.search(beginning) is not None)


def open_email(part: Part, budget: Budget) -> Found:
    """The texts and attachments of an e-mail, or the messages of a mailbox."""
    if part.content.startswith(b"From ") and part.ending != "eml":
        heads = [*_MAILBOX.finditer(part.content)]
        ends = [*(head.start() for head in heads[1:]), len(part.content)]
        for number, (head, end) in enumerate(zip(heads, ends, strict=True), 1):
            yield part.inner(part.content[head.end() : end], "eml", word="message", number=number)
        return
    if len(part.content) > _MOST_MAIL or part.content.count(b"\n--") > MOST_BOUNDARIES:
        raise ClosedError
    yield from _parts_of(BytesParser(policy=compat32).parsebytes(part.content), part, budget)


def _parts_of(message: Message, part: Part, budget: Budget) -> Found:
    """Yield the parts of a message.

    A message inside a message is already parsed with it, and is not written out to be parsed again: it may be
    as large as the outer message.
    """
    texts = attachments = 0
    for leaf in leaves(message):
        kind, name, payload = leaf.get_content_type(), _name(leaf), leaf.get_payload(decode=True)
        if kind == "message/rfc822":
            attachments += 1
            inner = part.inner(b"", "eml", word="attachment", number=attachments)
            budget.enter(inner)
            for nested in leaf.get_payload():
                if isinstance(nested, Message):
                    yield from _parts_of(nested, inner, budget)
            continue
        content = payload if isinstance(payload, bytes) else b""
        budget.take(len(content))
        attached = name or leaf.get_content_disposition() == "attachment"
        if kind in ("text/plain", "text/html") and not attached:
            texts += 1
            ending = "html" if kind == "text/html" else "txt"
            yield part.inner(content, ending, kind, word="text", number=texts)
        else:
            attachments += 1
            declared = "" if kind == "application/octet-stream" else kind
            yield part.inner(content, extension_of(name), declared, word="attachment", number=attachments)


def leaves(message: Message) -> Iterator[Message]:
    """The parts that hold no other parts, in their order; nested messages are not entered."""
    payload = message.get_payload()
    if message.get_content_type() != "message/rfc822" and isinstance(payload, list):
        for inner in payload:
            yield from leaves(inner)  # type: ignore[arg-type]
    else:
        yield message


def _name(leaf: Message) -> str:
    """The name of an attachment; only its ending is used."""
    try:
        return leaf.get_filename() or ""
    except (LookupError, ValueError, TypeError):  # an unknown encoding
        return ""
