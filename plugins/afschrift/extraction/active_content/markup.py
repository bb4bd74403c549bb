"""HTML, SVG and XML of an old Office: scripts, handlers of events and frames, by tags and not by text.

One pass over the text, whose time grows with its length alone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from afschrift.domain.files import ActiveKind
from afschrift.extraction.active_content.part import Budget, Found, Part

_ENDINGS = ("html", "htm", "xhtml", "xht", "shtml", "svg", "xml", "mht", "mhtml", "xsl", "xslt")
_BEGINS = re.compile(
    rb"\s*(?:<!--|<!doctype\b|<\?xml\b|<(?:[\w-]+:)?(?:html|head|body|svg|script|table|div|meta|title|style|iframe)\b)",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:[\w-]+:)?([A-Za-z][\w-]*)")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"'][^\s>]*)))?")
_HANDLER = re.compile(r"(?:[\w-]+:)?on[a-z]{3,}", re.IGNORECASE)
_SCRIPT_URL = re.compile(
    r"(?:java|vb|j)script:|data:(?:text/html|image/svg|application/xhtml)", re.IGNORECASE
)
_COMMENT_END = re.compile(r"--!?>")
_BLANKS = re.compile(r"[\x00-\x20]")
_ADDRESSES = ("href", "src", "action", "formaction", "data", "to", "from", "values", "by", "content")
_FRAMES = ("iframe", "frame", "object", "embed", "applet")
_OLD_XML = re.compile(r"<\?mso-application\b")
_OLD_MACRO = re.compile(r"macrosPresent\s*=\s*[\"']yes|<\w+:docSuppData\b|vbaProject", re.IGNORECASE)


def is_markup(part: Part) -> bool:
    """Whether a browser takes a file for a page or a drawing."""
    if part.media_type in ("text/html", "image/svg+xml", "application/xhtml+xml") or part.ending in _ENDINGS:
        return True
    return _BEGINS.match(text_of(part.content[:1024]).lstrip("\ufeff").encode()) is not None


def look(part: Part, _: Budget) -> Found:
    """What of a page or drawing runs."""
    text = text_of(part.content)
    if _OLD_XML.search(text) and _OLD_MACRO.search(text):
        yield ActiveKind.MACRO
    for name, attributes in _tags(text):
        if name == "script":
            yield ActiveKind.SCRIPT
        elif name in _FRAMES:
            yield ActiveKind.OBJECT
        for attribute, value in attributes:
            if _HANDLER.fullmatch(attribute) or _runs(attribute, value):
                yield ActiveKind.SCRIPT


def text_of(content: bytes) -> str:
    """A text in the encoding that its beginning shows; signs that fit none are replaced."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    for sign, encoding in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if content.startswith(sign):
            return content.decode(encoding, "replace")
    return content.decode("utf-8", "replace")


def _runs(attribute: str, value: str) -> bool:
    """Whether a browser follows what stands in an attribute, and runs it; an animation sets another one."""
    name = attribute.rpartition(":")[2]
    return name in _ADDRESSES and bool(_SCRIPT_URL.search(_BLANKS.sub("", html.unescape(value))))


def _tags(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Opening tags with their attributes, in small letters but for values."""
    at = text.find("<")
    while at >= 0:
        if text.startswith("<!--", at):
            closed = _COMMENT_END.search(text, at + 2)
            if closed is None:
                return
            at = text.find("<", closed.end())
            continue
        name = _NAME.match(text, at + 1)
        if name is None:
            at = text.find("<", at + 1)
            continue
        attributes, end = _attributes(text, name.end())
        yield name[1].lower(), attributes
        at = text.find("<", end)


def _attributes(text: str, at: int) -> tuple[list[tuple[str, str]], int]:
    found = []
    while (one := _ATTRIBUTE.match(text, at)) is not None:
        found.append((one[1].lower(), one[2] or one[3] or one[4] or ""))
        at = one.end()
    return found, at
