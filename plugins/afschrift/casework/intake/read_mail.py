"""Read an e-mail that holds a request: `.eml` (RFC 5322), or `.msg` of Outlook (MS-OXMSG).

What it says about itself can be forged. It only fills in a form, whose fields a person confirms.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser

import olefile

from afschrift.domain.errors import RefusedError
from afschrift.extraction.active_content.containers import MOST_BOUNDARIES, leaves
from afschrift.extraction.file_texts import decoded, readable

LONGEST_TEXT, LONGEST_HEAD = 1_000_000, 10_000
MOST_NAMES = 100
"""Attachments that are named; more are only counted."""

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_EARLIEST = datetime(2018, 5, 25, tzinfo=UTC)
"""No request under the GDPR is older."""

_SUBJECT, _SENDER_NAME, _SMTP, _SENDER, _BODY, _HEAD = "0037", "0c1a", "5d01", "0c1f", "1000", "007d"
_DELIVERED, _SUBMITTED = 0x0E060040, 0x00390040


@dataclass(frozen=True)
class Mail:
    """An e-mail as it says itself.

    Attributes:
        senders: name and address of each.
        arrived: when the last server took it, else when it was sent; None: it does not say.
        doubt: why `arrived` cannot be right: `missing`, `future`, `too_old`; empty: no reason is known.
        text: what was written, without marks.
        attachments: names of the first ones, without folders.
        attached: number of all.
        cut: the text is longer than is taken.
    """

    senders: tuple[tuple[str, str], ...] = field(repr=False)
    arrived: datetime | None
    doubt: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    attachments: tuple[str, ...] = field(repr=False)
    attached: int
    cut: bool = False

    @property
    def whole(self) -> str:
        """The message as it is kept: who sent it, its subject, and its text."""
        lines = [f"From: {f'{name} <{address}>' if name else address}" for name, address in self.senders]
        lines += [f"Subject: {self.subject}"] if self.subject else []
        return "\n".join(lines) + f"\n\n{self.text}"


def read_mail(content: bytes, now: datetime) -> Mail:
    """Read an e-mail.

    Raises:
        RefusedError: it is none, or is made to exhaust the reader.
    """
    outlook = content.startswith(_OLE)
    try:
        return _outlook(content, now) if outlook else _internet(content, now)
    except Exception:  # a hostile mail may raise anything in a parser
        raise RefusedError(
            "The file cannot be read as an e-mail.",
            remedy="Save the message as .eml or .msg and choose that file, or type in what it says.",
        ) from None


def _internet(content: bytes, now: datetime) -> Mail:
    if content.count(b"\n--") > MOST_BOUNDARIES or b"\0" in content[:1_000]:
        raise ValueError
    message: Message = BytesParser(policy=compat32).parsebytes(content)
    if not message.keys():
        raise ValueError
    plain, marked, names = list[str](), list[str](), list[str]()
    for leaf in leaves(message):
        kind, name = leaf.get_content_type(), _name(leaf)
        if name or leaf.get_content_disposition() == "attachment" or not kind.startswith("text/"):
            names.append(name or kind)
            continue
        payload = leaf.get_payload(decode=True)
        text = (
            decoded(payload, str(leaf.get_param("charset") or "utf-8")) if isinstance(payload, bytes) else ""
        )
        (marked if kind == "text/html" else plain).append(text or "")
    text = "\n\n".join(part.strip() for part in plain if part.strip())
    return _mail(
        _heads(message, "from"),
        _dates(message),
        _head(message, "subject"),
        text or _unmarked(marked),
        names,
        now,
    )


def _heads(message: Message, name: str) -> list[str]:
    found = [raw for key, raw in message.raw_items() if key.lower() == name]
    return [readable(str(raw)[:LONGEST_HEAD]) for raw in found[:MOST_NAMES]]


def _head(message: Message, name: str) -> str:
    return next(iter(_heads(message, name)), "")


def _dates(message: Message) -> list[str]:
    """The first `Received` is of the server that took it last, which is ours."""
    return [_head(message, "received").rpartition(";")[2], _head(message, "date")]


def _mail(
    senders: Sequence[str], dates: Sequence[str], subject: str, text: str, names: Sequence[str], now: datetime
) -> Mail:
    arrived = next(filter(None, map(_moment, dates)), None)
    doubt = "" if arrived else "missing"
    if arrived and not _EARLIEST <= arrived <= now + timedelta(minutes=5):
        doubt = "future" if arrived > now else "too_old"
    found = dict.fromkeys(
        (name, address) for head in senders for name, address in getaddresses([head]) if address
    )
    return Mail(
        tuple(found),
        arrived,
        doubt,
        subject[:1_000],
        text[:LONGEST_TEXT],
        tuple(name.replace("\\", "/").rpartition("/")[2][:200] for name in names[:MOST_NAMES]),
        len(names),
        len(text) > LONGEST_TEXT,
    )


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text.strip())
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _name(leaf: Message) -> str:
    try:
        return readable((leaf.get_filename() or "")[:LONGEST_HEAD])
    except (LookupError, ValueError, TypeError):  # an unknown encoding
        return leaf.get_content_type()


class _Text(HTMLParser):
    """The text of HTML: a line for each block."""

    _BLOCKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "table", "blockquote"})
    _HIDDEN = frozenset({"script", "style", "title", "template"})

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  (as HTMLParser calls it)
        self._hidden += tag in self._HIDDEN
        self.parts.append("\n" if tag in self._BLOCKS else "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in self._HIDDEN))

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(" ".join(data.split()) + " " if data.strip() else "")


def _unmarked(pages: Sequence[str]) -> str:
    reader = _Text()
    for page in pages:
        reader.feed(page[: 2 * LONGEST_TEXT])
    lines = "".join(reader.parts).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def _outlook(content: bytes, now: datetime) -> Mail:
    with olefile.OleFileIO(io.BytesIO(content)) as ole:
        head = BytesParser(policy=compat32).parsebytes(_property(ole, _HEAD).encode())
        address = next(filter(lambda text: "@" in text, (_property(ole, at) for at in (_SMTP, _SENDER))), "")
        senders = _heads(head, "from") or [f'"{_property(ole, _SENDER_NAME)}" <{address}>' if address else ""]
        folders = sorted({path[0] for path in ole.listdir() if path[0].startswith("__attach_version1.0_#")})
        names = [_property(ole, "3707", at) or _property(ole, "3704", at) or "?" for at in folders]
        dates = [*_dates(head), *_times(ole)]
        if not ole.exists("__properties_version1.0"):
            raise ValueError
        return _mail(senders, dates, _property(ole, _SUBJECT), _property(ole, _BODY), names, now)


def _property(ole: olefile.OleFileIO, code: str, folder: str = "") -> str:
    """A text of a message or of an attachment (MS-OXPROPS); empty where there is none."""
    for kind, encoding in (("001f", "utf-16-le"), ("001e", "cp1252")):
        at = [*([folder] if folder else []), f"__substg1.0_{code}{kind}"]
        if ole.exists(at):
            return str(ole.openstream(at).read().decode(encoding, "replace")).rstrip("\0")
    return ""


def _times(ole: olefile.OleFileIO) -> Iterator[str]:
    """Delivery and sending: fixed properties, in tenths of microseconds since 1601 (MS-OXCMSG)."""
    stream = ole.openstream("__properties_version1.0").read()
    for tag in (_DELIVERED, _SUBMITTED):
        for at in range(32, len(stream) - 15, 16):
            if int.from_bytes(stream[at : at + 4], "little") == tag:
                ticks = int.from_bytes(stream[at + 8 : at + 16], "little")
                moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)
                yield moment.strftime("%a, %d %b %Y %H:%M:%S +0000")
