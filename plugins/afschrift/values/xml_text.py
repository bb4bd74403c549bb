"""Value forms inside XML 1.0: what is escaped, and what no XML file can hold."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.values.buffers import has_controls, text_bytes

REPLACEMENT = "\ufffd"
_FORBIDDEN = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x{FFFE}\x{FFFF}]"  # Char, XML 1.0 section 2.2
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())
# A bare carriage return would reach readers as a line feed (section 2.11).
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def replaced(texts: pa.Array) -> tuple[pa.Array, int]:
    """Texts with U+FFFD for each character that XML 1.0 forbids, and how many were replaced."""
    data = bytes(text_bytes(texts))
    if not (has_controls(data) or any(code in data for code in _NONCHARACTERS)):
        return texts, 0
    count = pc.sum(pc.count_substring_regex(texts, _FORBIDDEN)).as_py()
    return (pc.replace_substring_regex(texts, _FORBIDDEN, REPLACEMENT) if count else texts), count


def escape(texts: pa.Array) -> pa.Array:
    """Texts as they stand between two tags; they hold nothing that XML forbids."""
    data = bytes(text_bytes(texts))
    for character, escaped in _ESCAPES.items():
        if character.encode() in data:
            texts = pc.replace_substring(texts, character, escaped)
    return texts


def unescape(texts: pa.Array) -> pa.Array:
    """The inverse of `escape`."""
    if b"&" not in bytes(text_bytes(texts)):
        return texts
    for character, escaped in reversed(_ESCAPES.items()):
        texts = pc.replace_substring(texts, escaped, character)
    return texts


def attribute(text: str) -> str:
    """A text as the value of an attribute, with its quotes."""
    plain = replaced(pa.array([text]))[0][0].as_py()
    return quoteattr(plain, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
