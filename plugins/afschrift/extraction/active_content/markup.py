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
_MEDIA_TYPES = ("text/html", "image/svg+xml", "application/xhtml+xml")
_BEGINS = re.compile(
    r"\s*(?:<!--|<!doctype\b|<\?xml\b|<(?:[\w-]+:)?(?:html|head|body|svg|script|table|div|meta|title|style|iframe)\b)",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:[\w-]+:)?([A-Za-z][\w-]*)")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"'][^\s>]*)))?")
_COMMENT_END = re.compile(r"--!?>")
_HANDLER = re.compile(r"(?:[\w-]+:)?on[a-z]{3,}", re.IGNORECASE)
_SCRIPT_URL = re.compile(
    r"(?:java|vb|j)script:|data:(?:text/html|image/svg|application/xhtml)", re.IGNORECASE
)
_BLANKS = re.compile(r"[\x00-\x20]")
_ADDRESSES = ("href", "src", "action", "formaction", "data", "to", "from", "values", "by", "content")
_FRAMES = ("iframe", "frame", "object", "embed", "applet")
_OLD_XML = re.compile(r"<\?mso-application\b")
_OLD_MACRO = re.compile(r"macrosPresent\s*=\s*[\"']yes|<\w+:docSuppData\b|vbaProject", re.IGNORECASE)


def is_markup(part: Part) -> bool:
    """Whether a browser takes a file for a page or a drawing."""
    declared = part.media_type in _MEDIA_TYPES or part.ending in _ENDINGS
    return declared or _BEGINS.match(text_of(part.content[:1024]).lstrip("\ufeff")) is not None


def look(part: Part, _: Budget) -> Found:
    """What of a page or drawing runs."""
    text = text_of(part.content)
    if _OLD_XML.search(text) and _OLD_MACRO.search(text):
        yield ActiveKind.MACRO
    for name, attributes in _tags(text):
        if name == "script" or any(_runs(*attribute) for attribute in attributes):
            yield ActiveKind.SCRIPT
        if name in _FRAMES:
            yield ActiveKind.OBJECT


def text_of(content: bytes) -> str:
    """A text in the encoding that its beginning shows; signs that fit none are replaced."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    for sign, encoding in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if content.startswith(sign):
            return content.decode(encoding, "replace")
    return content.decode("utf-8", "replace")


def _runs(attribute: str, value: str) -> bool:
    """Whether a browser runs a value, or what it leads to; an animation sets another attribute."""
    if attribute.rpartition(":")[2] in _ADDRESSES:
        return _SCRIPT_URL.search(_BLANKS.sub("", html.unescape(value))) is not None
    return _HANDLER.fullmatch(attribute) is not None


def _tags(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Opening tags with their attributes, in small letters but for values."""
    end = 0
    while (at := text.find("<", end)) >= 0:
        end = at + 1
        if text.startswith("<!--", at):
            closed = _COMMENT_END.search(text, at + 2)
            end = closed.end() if closed else len(text)
        elif name := _NAME.match(text, end):
            end, attributes = name.end(), []
            while found := _ATTRIBUTE.match(text, end):
                attributes.append((found[1].lower(), found[2] or found[3] or found[4] or ""))
                end = found.end()
            yield name[1].lower(), attributes
