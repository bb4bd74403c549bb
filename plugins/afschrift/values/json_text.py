"""Value forms inside JSON (RFC 8259): which are numbers, which are strings, and how strings escape.

`indented` writes JSON that people read too.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.value_kind import ValueKind
from afschrift.values.buffers import has_controls, text_bytes
from afschrift.values.written import ValueFormError

_SAFE = "9007199254740991"  # 2^53 - 1, the largest integer that every reader reads exactly (I-JSON, RFC 7493)
_BARE = (ValueKind.BOOLEAN, ValueKind.JSON)
_NOT_STRINGS = (*_BARE, ValueKind.INTEGER, ValueKind.NUMBER)
_PLAIN = (
    ValueKind.DECIMAL,
    ValueKind.DATE,
    ValueKind.TIME,
    ValueKind.DATETIME,
    ValueKind.INSTANT,
    ValueKind.BINARY,
    ValueKind.UUID,
)
_ALWAYS = {"\\": "\\\\", '"': '\\"'}  # the backslash first, or it would escape the others' backslashes
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_CONTROLS = _SHORT | {chr(code): f"\\u{code:04x}" for code in range(0x20) if chr(code) not in _SHORT}
_SHALLOW = 800
"""A document of so many bytes is nested at most half as deeply, which every reader here accepts."""
_document = msgspec.json.Decoder(msgspec.Raw)


def fragments(texts: pa.Array, kind: ValueKind) -> pa.Array:
    """Write each value form as a JSON value; NULL becomes `null`.

    Integers up to 2^53-1 and floats are numbers, booleans are booleans, JSON documents are copied unchanged.
    Everything else is a string: also decimals, larger integers, NaN, INF and -INF, because most readers make
    a double of a number and would round or refuse them.
    """
    if kind in _BARE:
        return pc.fill_null(texts, "null")
    if kind is ValueKind.INTEGER:
        return pc.fill_null(_unless(texts, _beyond_safe(texts)), "null")
    if kind is ValueKind.NUMBER:
        # Most readers read -0 as an integer and lose its sign.
        negative_zero = pc.equal(texts, "-0")
        signed = pc.if_else(negative_zero, "-0.0", texts) if pc.any(negative_zero).as_py() else texts
        special = pc.is_in(texts, pa.array(["NaN", "INF", "-INF"]))
        return pc.fill_null(_unless(signed, special), "null")
    return pc.fill_null(_quoted(_escaped(texts, kind)), "null")


def pieces(texts: pa.Array, kind: ValueKind) -> tuple[str, pa.Array, str]:
    """As `fragments`, with the quotes apart if every row has them: opening, texts, closing."""
    if kind in _NOT_STRINGS or texts.null_count:
        return "", fragments(texts, kind), ""
    return '"', _escaped(texts, kind), '"'


def _escaped(texts: pa.Array, kind: ValueKind) -> pa.Array:
    return texts if kind in _PLAIN else escape(texts)


def escape(texts: pa.Array) -> pa.Array:
    """Escape texts for the inside of a JSON string; non-ASCII characters stay."""
    data = bytes(text_bytes(texts))
    for character, escaped in _ALWAYS.items():
        if character.encode() in data:  # searching costs a tenth of replacing
            texts = pc.replace_substring(texts, character, escaped)
    if has_controls(data):
        for character, escaped in _CONTROLS.items():
            if character.encode() in data:
                texts = pc.replace_substring(texts, character, escaped)
    return texts


def documents(texts: pa.Array, *, valid: bool = False) -> pa.Array:
    """Put JSON documents on one line: exact but for white space around them and line breaks between tokens.

    The document `null` becomes NULL, since a JSON file has one null only.

    Args:
        texts: the documents.
        valid: the source guarantees documents, each on one line. Then only long ones are parsed, because
            they may be nested more deeply than readers accept.

    Raises:
        ValueFormError: a text is no JSON document.
    """
    known = valid and (pc.max(pc.binary_length(texts)).as_py() or 0) <= _SHALLOW
    if not known and not are_documents(texts):
        found = [None if text is None else _parse_document(text) for text in texts.to_pylist()]
        texts = pa.array(found, pa.string())
    nothing = pc.equal(texts, "null")
    return pc.if_else(nothing, pa.scalar(None, pa.string()), texts) if pc.any(nothing).as_py() else texts


def are_documents(texts: pa.Array) -> bool:
    """Whether each text is one JSON document on one line with nothing around it; NULLs are ignored."""
    if texts.null_count:
        texts = pc.drop_null(texts)
    data = bytes(text_bytes(texts))
    if not len(texts):
        return True
    if b"\n" in data or b"\r" in data:
        return False
    lines = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts), "\n")
    together = lines[0].as_buffer()
    try:
        found = _document.decode_lines(together)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    # The decoder accepts two documents on one line, and one document on two lines. Joined again, the result
    # equals the input only if each line was exactly one document.
    return len(found) == len(texts) and b"\n".join(found) == together


def _parse_document(text: str) -> str:
    try:
        _document.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ValueFormError(
            "holds text that is no JSON document, or one that spells half a surrogate pair",
            remedy="write `kind: text` at the column in the inventory, or correct the data.",
            damage="no_document",
        ) from None
    return text.strip(" \t\r\n").replace("\r", " ").replace("\n", " ")


def _beyond_safe(texts: pa.Array) -> pa.Array:
    if (pc.max(pc.binary_length(texts)).as_py() or 0) < len(_SAFE):
        return pa.scalar(False)
    digits = pc.ascii_ltrim(texts, characters="-")
    length = pc.binary_length(digits)
    as_long = pc.and_(pc.equal(length, len(_SAFE)), pc.greater(digits, _SAFE))
    return pc.or_(pc.greater(length, len(_SAFE)), as_long)


def _unless(texts: pa.Array, quote: pa.Array) -> pa.Array:
    return pc.if_else(quote, _quoted(texts), texts) if pc.any(quote).as_py() else texts


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', texts, '"', "")


def indented(document: Any) -> bytes:
    """Write a document as UTF-8, indented by two, with a newline at its end.

    `json.dumps(indent=2)` gives the same bytes and takes four times as long.

    Raises:
        msgspec.DecodeError: the document holds NaN or an infinity, which are no JSON.
    """
    return msgspec.json.format(json.dumps(document, ensure_ascii=False).encode(), indent=2) + b"\n"
