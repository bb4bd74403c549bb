"""A value as the page shows it: inert, masks in the person's language, codes and times in words."""

from __future__ import annotations

import re

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.words import PageWords
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.redaction import A_MASK
from afschrift.domain.redaction import MASK as WHOLE_MASK
from afschrift.domain.value_kind import ValueKind

MASK = re.compile(A_MASK)
"""How a masked value begins; where a mask goes by row, other values of the column stay whole."""

# Direction overrides and isolates could reorder the text around a cell.
_REORDER = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"} | {0x7F: 0x2421}


def readable(text: str) -> str:
    """Text that cannot disturb the page: controls become visible, line ends become one sign."""
    if text.isprintable():  # most are: no controls, no overrides, no surrogates
        return text
    text = text.replace("\r\n", "\n").translate(_CONTROL)
    # A lone surrogate cannot be written as UTF-8.
    return _REORDER.sub("\ufffd", text).encode("utf-8", "replace").decode("utf-8")


def in_language(value: str, words: PageWords) -> str:
    """A value of a column with masks, as the person reads it: `[masked 3f9a2c41]` in their language."""
    return MASK.sub(lambda found: found[0].replace(WHOLE_MASK[1:-1], words.say("mask"), 1), value)


def local_time(contents: Contents, field: FieldPlan, value: str, words: PageWords) -> str | None:
    """An instant where the organisation is; None where the value is none."""
    if field.kind is not ValueKind.INSTANT:
        return None
    return words.local_time(value, contents.inventory.controller.zone)


def in_words(contents: Contents, extract: ExtractPlan, field: FieldPlan, value: str, words: PageWords) -> str:
    """A value as it reads within a line: the meaning of a code, a time where the organisation is."""
    codes = contents.column(extract.source, extract.table, field.name).codes or {}
    if value in codes:
        return codes[value].get(contents.language)
    return local_time(contents, field, value, words) or value
