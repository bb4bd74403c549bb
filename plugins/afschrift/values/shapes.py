"""The shape of each kind's value forms, and whether the texts of a column have it, a whole column at a time.

Numbers, times, NaN and infinities are spelt as in Data Package v2 and RFC 3339. Dates before Christ and
infinite dates have no spelling there: they keep the text of their source.

`PATTERNS` defines the shapes (RE2). Matching every text against a regular expression took a fifth of a
request's time. So common texts are first checked as matrices of bytes, and only columns that this quick check
does not accept are matched against the pattern.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.value_kind import ValueKind
from afschrift.values.buffers import text_bytes

_NUMBER = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$|^(NaN|INF|-INF)$"
_DAY = r"[0-9]{4,}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
_SIX_DIGITS = "|".join(f"0{{{zeros}}}[1-9][0-9]{{{5 - zeros}}}" for zeros in range(6))  # not all zero
_FRACTION = rf"(\.({_SIX_DIGITS}|[0-9]{{6,8}}[1-9]))?"
_INFINITE = r"^-?infinity$"
_BC_DAY = rf"^{_DAY} (BC|\(BC\))$"
_BC_TIME = rf"^{_DAY} \(BC\) {_CLOCK}(\.[0-9]+)?(\+00)?$|^{_DAY} {_CLOCK}(\.[0-9]+)?(\+00)? BC$"

PATTERNS: dict[ValueKind, str] = {
    ValueKind.INTEGER: r"^(-?[1-9][0-9]*|0)$",
    ValueKind.DECIMAL: _NUMBER,
    ValueKind.NUMBER: _NUMBER,
    ValueKind.BOOLEAN: r"^(true|false)$",
    ValueKind.DATE: rf"^{_DAY}$|{_INFINITE}|{_BC_DAY}",
    ValueKind.TIME: rf"^{_CLOCK}{_FRACTION}(Z|[+-][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}})?)?$",
    ValueKind.DATETIME: rf"^{_DAY}T{_CLOCK}{_FRACTION}$|{_INFINITE}|{_BC_TIME}",
    ValueKind.INSTANT: rf"^{_DAY}T{_CLOCK}{_FRACTION}Z$|{_INFINITE}|{_BC_TIME}",
    ValueKind.BINARY: r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    ValueKind.UUID: r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}
"""Kinds that are not here allow any text (`json` is checked by a parser)."""

_Bytes = npt.NDArray[np.uint8]

_MOST_LENGTHS = 3  # with more of them this takes longer than the pattern
_MOMENT = "0000-00-00T00:00:00"
# The most common forms of a kind's texts; 0 means a digit, x a hexadecimal digit.
_TEMPLATES: dict[ValueKind, tuple[str, ...]] = {
    ValueKind.DATE: ("0000-00-00",),
    ValueKind.TIME: ("00:00:00", "00:00:00.000000"),
    ValueKind.DATETIME: (_MOMENT, _MOMENT + ".000000"),
    ValueKind.INSTANT: (_MOMENT + "Z", _MOMENT + ".000000Z"),
    ValueKind.UUID: ("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",),
}


def first_offence(texts: pa.Array, kind: ValueKind) -> int | None:
    """Position of the first text without the shape of its kind; None if all have it or are NULL."""
    if kind not in PATTERNS or _surely_fits(texts, kind):
        return None
    fits = pc.match_substring_regex(texts, PATTERNS[kind])
    if pc.all(fits).as_py() is not False:  # None if all texts are NULL
        return None
    return int(pc.index(fits, False).as_py())


def _surely_fits(texts: pa.Array, kind: ValueKind) -> bool:
    """Whether the quick check accepts all texts; False only means that the pattern must decide."""
    quick_check = _QUICK_CHECKS.get(kind)
    if quick_check is None or not len(texts):
        return False
    return quick_check(pc.drop_null(texts) if texts.null_count else texts, kind)


def _templates_fit(texts: pa.Array, kind: ValueKind) -> bool:
    """Check texts of a few lengths, each with a template."""
    lengths = pc.binary_length(texts)
    found = pc.unique(lengths).to_pylist()
    templates = {len(template): template for template in _TEMPLATES[kind]}
    if len(found) > _MOST_LENGTHS or not set(found) <= set(templates):
        return False
    return all(
        _has_shape(texts if len(found) == 1 else texts.filter(pc.equal(lengths, length)), templates[length])
        for length in found
    )


def _has_shape(texts: pa.Array, template: str) -> bool:
    cells = np.frombuffer(text_bytes(texts), np.uint8).reshape(-1, len(template))
    least = np.array([ord(sign) for sign in template.replace("x", "0")], np.uint8)
    most = np.array([9 if sign in "0x" else 0 for sign in template], np.uint8)
    fits = (cells - least) <= most  # unsigned: a byte below `least` wraps round to a large number
    if "x" in template:
        fits |= ((cells - ord("a")) <= 5) & (np.array([sign == "x" for sign in template]))
    if not fits.all():
        return False
    point = template.find(".")
    return point < 0 or _has_fraction(cells[:, point + 1 : point + 7])


def _has_fraction(digits: _Bytes) -> bool:
    """Whether no row is all zeros: a zero fraction is left out in a value form."""
    doubtful = digits[digits[:, -1] == ord("0")]
    return bool((doubtful != ord("0")).any(axis=1).all())


def _numbers_fit(texts: pa.Array, kind: ValueKind) -> bool:  # noqa: ARG001
    """Check digits with at most one point and a leading minus, without an exponent."""
    data = text_bytes(texts)
    if bytes(data).translate(None, b"0123456789.-"):
        return False
    lengths = pc.binary_length(texts).to_numpy()
    if not lengths.min(initial=1):
        return False
    ends = np.cumsum(lengths)
    starts = ends - lengths
    digits = (np.frombuffer(data, np.uint8) - ord("0")) <= 9
    negative = np.flatnonzero(~digits[starts])
    leading = starts[negative] + 1  # a text that ends with a digit goes on after its minus
    if not digits[ends - 1].all() or not digits[leading].all():
        return False
    try:
        texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    # The cast also accepts a point at the start or the end, which the pattern does not.
    return bool((np.frombuffer(data, np.uint8)[starts[negative]] == ord("-")).all())


def _base64_fits(texts: pa.Array, kind: ValueKind) -> bool:  # noqa: ARG001
    """Check groups of four, padded with `=` at the end."""
    data = bytes(text_bytes(texts))
    lengths = pc.binary_length(texts).to_numpy()
    if (lengths % 4).any() or data.translate(None, _ALPHABET):
        return False
    cells = np.frombuffer(data, np.uint8)
    ends = np.cumsum(lengths)[lengths > 0]
    last, before = cells[ends - 1] == ord("="), cells[ends - 2] == ord("=")
    at_the_end = int(last.sum()) + int(before.sum())
    return not (before & ~last).any() and data.count(b"=") == at_the_end


def _booleans_fit(texts: pa.Array, kind: ValueKind) -> bool:  # noqa: ARG001
    return bool(pc.all(pc.or_(pc.equal(texts, "true"), pc.equal(texts, "false"))).as_py())


_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_QUICK_CHECKS: dict[ValueKind, Callable[[pa.Array, ValueKind], bool]] = {
    **dict.fromkeys(_TEMPLATES, _templates_fit),
    ValueKind.DECIMAL: _numbers_fit,
    ValueKind.NUMBER: _numbers_fit,
    ValueKind.BINARY: _base64_fits,
    ValueKind.BOOLEAN: _booleans_fit,
}
