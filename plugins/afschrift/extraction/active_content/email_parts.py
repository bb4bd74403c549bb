"""E-mail (RFC 5322, RFC 2045) and mailboxes (RFC 4155): each attachment is a file of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from afschrift.extraction.active_content.part import Budget, ClosedError, Found, Part, extension_of

_ENDINGS = ("eml", "mht", "mhtml", "mbox", "mbx")
_FIELD = re.compile(
    rb"(?:From |(?:Return-Path|Received|Delivered-To|MIME-Version|Message-ID|From|To|Subject|Date|"
    rb"Content-Type|X-[\w-]{1,60}|DKIM-Signature|ARC-[\w-]{1,60}|Reply-To|Sender|Cc):)",
    re.IGNORECASE,
)
_MIME = re.compile(rb"^(?:MIME-Version|Content-Type|Message-ID|Received):", re.IGNORECASE | re.MULTILINE)
_MAILBOX = re.compile(rb"^From [^\r\n]*\r?\n", re.MULTILINE)
_MOST_MAIL = 48_000_000
_MOST_BOUNDARIES = 20_000


def is_email(part: Part) -> bool:
    """Whether a file is an e-mail, by what is declared or by how it begins."""
    beginning = part.content[:16_384]
    declared = part.media_type == "message/rfc822" or part.ending in _ENDINGS
    return declared or (_FIELD.match(beginning) is not None and _MIME.search(beginning) is not None)


def look(part: Part, budget: Budget) -> Found:
    """The texts and attachments of an e-mail, or the messages of a mailbox."""
    if part.content.startswith(b"From ") and part.ending != "eml":
        heads = [*_MAILBOX.finditer(part.content)]
        ends = [*(head.start() for head in heads[1:]), len(part.content)]
        for number, (head, end) in enumerate(zip(heads, ends, strict=True), 1):
            yield part.inner(part.content[head.end() : end], "eml", word="message", number=number)
        return
    if len(part.content) > _MOST_MAIL or part.content.count(b"\n--") > _MOST_BOUNDARIES:
        raise ClosedError
    yield from _of(BytesParser(policy=compat32).parsebytes(part.content), part, budget)


def _of(message: Message, part: Part, budget: Budget) -> Found:
    texts = attachments = 0
    for leaf in _leaves(message):
        kind, name, payload = leaf.get_content_type(), _name(leaf), leaf.get_payload(decode=True)
        if kind == "message/rfc822":
            attachments += 1
            inner = part.inner(b"", "eml", word="attachment", number=attachments)
            budget.enter(inner)
            for nested in leaf.get_payload():
                if isinstance(nested, Message):
                    yield from _of(nested, inner, budget)
            continue
        content = payload if isinstance(payload, bytes) else b""
        budget.take(len(content))
        if (
            kind in ("text/plain", "text/html")
            and not name
            and leaf.get_content_disposition() != "attachment"
        ):
            texts += 1
            ending = "html" if kind == "text/html" else "txt"
            yield part.inner(content, ending, kind, word="text", number=texts)
        else:
            attachments += 1
            declared = "" if kind == "application/octet-stream" else kind
            yield part.inner(content, extension_of(name), declared, word="attachment", number=attachments)


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that are no frame around others, in their order; nested messages are not entered."""
    waiting = [message]
    while waiting:
        next_part = waiting.pop()
        payload = next_part.get_payload()
        if next_part.get_content_type() != "message/rfc822" and isinstance(payload, list):
            waiting += [inner for inner in reversed(payload) if isinstance(inner, Message)]
        else:
            yield next_part


def _name(leaf: Message) -> str:
    """The name of an attachment, for its ending alone."""
    try:
        return leaf.get_filename() or ""
    except (LookupError, ValueError, TypeError):  # in an encoding that is not known
        return ""
