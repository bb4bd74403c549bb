"""The shape of each kind's text, as regular expressions (RE2).

Numbers, times and specials are spelt as in Data Package v2 and RFC 3339. Dates before Christ and
infinite dates have no spelling there: they keep the words of their source.
"""

from __future__ import annotations

from afschrift.domain.value_kind import ValueKind

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
"""Kinds that are not here take any text (`json` is checked by a parser)."""
