"""Value forms inside JSON (RFC 8259): which are numbers, which are strings, and how strings escape."""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.core.kind import Kind
from afschrift.values.buffers import text_bytes
from afschrift.values.faults import FormError

_SAFE = "9007199254740991"  # 2^53 - 1, the largest integer that every reader takes exactly (I-JSON, RFC 7493)
_BARE = (Kind.BOOLEAN, Kind.JSON)
_PLAIN = (Kind.DECIMAL, Kind.DATE, Kind.TIME, Kind.DATETIME, Kind.INSTANT, Kind.BINARY, Kind.UUID)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_CONTROLS = _SHORT | {chr(code): f"\\u{code:04x}" for code in range(0x20) if chr(code) not in _SHORT}
_document = msgspec.json.Decoder(msgspec.Raw)


def fragments(texts: pa.Array, kind: Kind) -> pa.Array:
    """Each value form as a JSON value; NULL becomes `null`.

    Integers up to 2^53-1 and floats are numbers, booleans are booleans, JSON documents stand as they
    are; everything else is a string: decimals, larger integers, NaN, INF and -INF too.
    """
    if kind in _BARE:
        return pc.fill_null(texts, "null")
    if kind is Kind.INTEGER:
        return pc.fill_null(_unless(texts, _beyond_safe(texts)), "null")
    if kind is Kind.NUMBER:
        # most readers take -0 for an integer and lose its sign
        signed = pc.if_else(pc.equal(texts, "-0"), "-0.0", texts)
        special = pc.is_in(texts, pa.array(["NaN", "INF", "-INF"]))
        return pc.fill_null(_unless(signed, special), "null")
    return pc.fill_null(_quoted(texts if kind in _PLAIN else escape(texts)), "null")


def escape(texts: pa.Array) -> pa.Array:
    """Texts as they stand between the quotes of a JSON string; non-ASCII stays."""
    texts = pc.replace_substring(texts, "\\", "\\\\")
    texts = pc.replace_substring(texts, '"', '\\"')
    for character, escaped in _CONTROLS.items():
        if not _has_controls(texts):
            break
        texts = pc.replace_substring(texts, character, escaped)
    return texts


def documents(texts: pa.Array) -> pa.Array:
    """JSON documents on one line: exact but for white space around them and line breaks between tokens.

    The document `null` becomes NULL: a JSON file knows one null.

    Raises:
        FormError: a text is no JSON document.
    """
    found = [None if text is None else _one_document(text) for text in texts.to_pylist()]
    return pa.array(found, pa.string())


def is_document(text: str) -> bool:
    """Whether a text is one JSON document."""
    try:
        _document.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _one_document(text: str) -> str | None:
    if not is_document(text):
        raise FormError(
            "holds text that is no JSON document",
            way_out="write `kind: text` at the column in the inventory, or mend the data.",
        )
    line = text.strip(" \t\r\n").replace("\r", " ").replace("\n", " ")
    return None if line == "null" else line


def _beyond_safe(texts: pa.Array) -> pa.Array:
    digits = pc.ascii_ltrim(texts, characters="-")
    length = pc.binary_length(digits)
    as_long = pc.and_(pc.equal(length, len(_SAFE)), pc.greater(digits, _SAFE))
    return pc.or_(pc.greater(length, len(_SAFE)), as_long)


def _unless(texts: pa.Array, quote: pa.Array) -> pa.Array:
    return pc.if_else(quote, _quoted(texts), texts) if pc.any(quote).as_py() else texts


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', texts, '"', "")


def _has_controls(texts: pa.Array) -> bool:
    data = pa.py_buffer(text_bytes(texts))
    codes = pa.Array.from_buffers(pa.uint8(), data.size, [None, data])
    return data.size > 0 and bool(pc.min(codes).as_py() < 0x20)
