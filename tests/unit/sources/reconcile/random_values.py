"""Random values that databases hold: any text, any bits of a float, any time that they have."""

from __future__ import annotations

import json
import struct

from hypothesis import strategies as st

SIGNS = "\x1d\x1e\x1f\\\"'{}[](),=> \t\r\n\u0085\u2028%é😀aN0"
"""What separates or escapes somewhere, beside any other character."""


def texts(*, nul: bool = True) -> st.SearchStrategy[str]:
    """Any text; some of signs that databases escape."""
    never = "" if nul else "\0"
    any_sign = st.characters(exclude_categories=["Cs"], exclude_characters=never)
    known = st.sampled_from(["", "null", "NULL", "a ", " a", "{}", "[]", "\x1e", "\\N", "infinity", "1.10"])
    return st.text(st.one_of(st.sampled_from(SIGNS), any_sign), max_size=12) | known


def doubles() -> st.SearchStrategy[float]:
    """Any bits: subnormal ones, both zeros, NaN of any payload."""
    bits = st.integers(0, 2**64 - 1).map(lambda n: struct.unpack("<d", struct.pack("<Q", n))[0])
    near = st.sampled_from(
        [0.0, -0.0, 5e-324, -1e-310, 1e15, 1e16, 1e17, 123456789012345678.0, 1e-4, 1e-5, 0.1]
    )
    return bits | st.floats() | near


def singles() -> st.SearchStrategy[float]:
    return st.integers(0, 2**32 - 1).map(lambda n: struct.unpack("<f", struct.pack("<I", n))[0])


def documents(*, nul: bool = True) -> st.SearchStrategy[str]:
    """JSON with space between its tokens, keys twice, escapes and numbers that no float holds."""
    strings = texts(nul=nul).map(json.dumps)
    if not nul:
        strings |= texts(nul=nul).map(lambda text: json.dumps(text, ensure_ascii=False))
    numbers = st.sampled_from(["0", "-0", "1.10", "1e400", "-1E-7", "12345678901234567890123", "0.1"])
    space = st.sampled_from(["", " ", "\n", " \t", "\r\n"])
    leaves = st.one_of(strings, numbers, st.sampled_from(["true", "false", "null"]))

    def more(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        lists = st.tuples(space, st.lists(inside, max_size=3)).map(
            lambda p: f"[{p[0]}{f',{p[0]}'.join(p[1])}]"
        )
        pairs = st.lists(st.tuples(st.sampled_from(['"a"', '"a"', '""', '"b c"']), space, inside), max_size=3)
        return lists | pairs.map(lambda found: "{" + ", ".join(f"{k}{s}:{v}" for k, s, v in found) + "}")

    return st.tuples(space, st.recursive(leaves, more, max_leaves=6), space).map("".join)
