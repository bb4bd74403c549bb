"""Texts in a file that a person found, which a reviewer reads and masks: text files and e-mails.

A part without a text that can be read is given whole or left out whole.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.header import Header, decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from afschrift.domain.redaction import MASK, WHOLE
from afschrift.extraction.active_content.containers import is_email, leaves
from afschrift.extraction.active_content.part import MOST_DEPTH, Part

_HEAD, _BETWEEN = "head", "between."

MOST_BYTES = 48_000_000
"""Bytes of a file that is looked into; it is kept in memory."""

_MOST_TEXT, _MOST_PARTS = 16_000_000, 2_000
_TEXTS = ("txt", "csv", "tsv", "md", "log", "json", "xml", "ics", "vcf", "html", "htm")
_SLOW = ("punycode", "idna", "unicode_escape", "raw_unicode_escape")
_MACHINES = re.compile(
    r"content-(?!type$|disposition$|description$)|mime-|message-id$|references$|in-reply-to$|dkim-|arc-|"
    r"authentication-",
    re.IGNORECASE,
)
"""Fields of a head that are for programs. They go with the first redaction in their head."""

Texts = dict[str, str | None]
"""Column -> text; None where no text can be read."""


def texts_of(content: bytes, ending: str, media_type: str) -> Texts:
    """The texts of a file with this kind of content; of more than `MOST_BYTES` none is read."""
    if len(content) > MOST_BYTES:
        return {WHOLE: None}
    if is_email(Part(content, ending, media_type)):
        try:
            return {at: text for at, (_, text) in _opened(content)[1].items()}
        except Exception:  # a hostile mail may raise anything in the parser: a person judges it as a whole
            return {WHOLE: None}
    return {WHOLE: decoded(content, "utf-8") if ending in _TEXTS else None}


def with_texts(content: bytes, ending: str, media_type: str, new: Mapping[str, str]) -> bytes:
    """The file with other texts in some places; a part without a text becomes the text."""
    if not is_email(Part(content, ending, media_type)):
        return new[WHOLE].encode()
    message, places = _opened(content)
    for at, text in sorted(new.items(), key=lambda item: not item[0].endswith(_HEAD)):
        part, before = places[at]
        if at.endswith(_HEAD):
            _put_head(part, text)
            continue
        if at.rpartition("/")[2].startswith(_BETWEEN):
            _put_between(part, text, of_message=at.endswith(f"{_BETWEEN}1"))
            continue
        names = ("type", "disposition", "transfer-encoding") if before is None else ("transfer-encoding",)
        for name in names:
            del part[f"Content-{name}"]
        if before is None:
            part["Content-Disposition"] = "attachment"  # so that the parts keep their numbers
        part.set_payload(text, "utf-8")
    return message.as_bytes()


Places = dict[str, tuple[Message, str | None]]


def _opened(content: bytes) -> tuple[Message, Places]:
    if content.startswith(b"From "):  # a mailbox, whose messages the parser would take for one text
        raise ValueError
    message: Message = BytesParser(policy=compat32).parsebytes(content)
    places: Places = {}
    for at, part, text in _walk(message, "", 0):
        if len(places) >= _MOST_PARTS:
            raise ValueError
        places[at] = part, text
    return message, places


def _walk(message: Message, at: str, depth: int) -> Iterator[tuple[str, Message, str | None]]:
    """Parts are numbered as `active_content.containers` does."""
    yield f"{at}{_HEAD}", message, _head(message)
    for number, part in enumerate(_multiparts(message), 1):
        around = [_head(part) if part is not message else "", part.preamble or "", part.epilogue or ""]
        if between := "\n".join(text.strip() for text in around if text.strip()):
            yield f"{at}{_BETWEEN}{number}", part, readable(between)
    texts = attachments = 0
    for leaf in leaves(message):
        kind, named = leaf.get_content_type(), _named(leaf)
        attached = named or leaf.get_content_disposition() == "attachment"
        is_text = kind in ("text/plain", "text/html") and not attached
        texts, attachments = texts + is_text, attachments + (not is_text)
        here = f"{at}text.{texts}" if is_text else f"{at}attachment.{attachments}"
        if leaf is not message and (head := _head(leaf)):
            yield f"{here}/{_HEAD}", leaf, head
        inner = leaf.get_payload()
        plain = leaf.get("Content-Transfer-Encoding", "8bit").strip().lower() in ("7bit", "8bit", "binary")
        if kind == "message/rfc822" and isinstance(inner, list) and plain and depth < MOST_DEPTH:
            for nested in inner:
                assert isinstance(nested, Message)
                yield from _walk(nested, f"{here}/", depth + 1)
        else:
            payload = leaf.get_payload(decode=True) if kind.startswith("text/") else None
            charset = leaf.get_param("charset") or "utf-8"
            yield here, leaf, decoded(payload, str(charset)) if isinstance(payload, bytes) else None


def _multiparts(message: Message) -> Iterator[Message]:
    """The message and the groups of parts in it, which have heads and texts that no program shows."""
    yield message
    inner = message.get_payload() if message.get_content_maintype() == "multipart" else None
    for part in inner if isinstance(inner, list) else ():
        if isinstance(part, Message) and part.get_content_maintype() == "multipart":
            yield from _multiparts(part)


def decoded(content: bytes, charset: str) -> str | None:
    """The text: in UTF-8 where it can be, else as declared, else as old programs wrote it."""
    if len(content) > _MOST_TEXT:
        return None
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16" if marked else "utf-8" if max(content, default=0) > 127 else charset, charset):
        with suppress(LookupError, ValueError):
            if codecs.lookup(encoding).name not in _SLOW:
                return _plain(content.decode(encoding))
    return _plain(content.decode("cp1252", "replace"))


def _plain(text: str) -> str | None:
    return None if "\0" in text else text.encode("utf-8", "replace").decode()


def _named(part: Message) -> bool:
    with suppress(LookupError, ValueError, TypeError):  # an unknown encoding
        return bool(part.get_filename())
    return True


def _fields(part: Message) -> Iterator[tuple[str, str]]:
    """The fields of a head that people read; kind and disposition only where they name a file."""
    for name, raw in part.raw_items():
        kind = name.lower() in ("content-type", "content-disposition")
        if not _MACHINES.match(name) and not (kind and (part.is_multipart() or not _named(part))):
            yield name, raw


def _head(part: Message) -> str:
    return "\n".join(f"{name}: {readable(raw)}" for name, raw in _fields(part))


def readable(raw: object) -> str:
    text = decoded(str(raw).encode("utf-8", "surrogateescape"), "utf-8") or ""
    with suppress(Exception):  # no encoded words, or damaged ones
        text = str(make_header(decode_header(text)))
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _put_between(part: Message, text: str, *, of_message: bool) -> None:
    for name in () if of_message else [name for name, _ in _fields(part)]:
        del part[name]
    part.preamble, part.epilogue = text.encode("ascii", "backslashreplace").decode(), None


def _put_head(part: Message, text: str) -> None:
    kind, fields = part.get_content_type(), {name.lower() for name, _ in _fields(part)}
    attached = _named(part) or part.get_content_disposition() == "attachment"
    for name in part.keys():  # noqa: SIM118
        if name.lower() in fields or not name.lower().startswith(("content-", "mime-")):
            del part[name]
    for line in text.split("\n"):
        name, colon, value = line.partition(": ")
        if colon and re.fullmatch(r"[\w-]+", name, re.ASCII):
            part[name] = value if value.isascii() else Header(value, "utf-8").encode()
        else:
            part["X-Masked"] = MASK
    if "content-type" not in part:
        part["Content-Type"] = kind
    if attached and "content-disposition" not in part:
        part["Content-Disposition"] = "attachment"  # so that the parts keep their numbers
