"""Codes in words, in the language of the terminal."""

from __future__ import annotations

from collections.abc import Mapping


def said(code: object) -> str:
    """A code as words: `call_back` is `Call back`."""
    if isinstance(code, bool):
        return "Yes" if code else "No"
    text = str(code)
    if text in _CODES:
        return _CODES[text]
    plain = text.replace("_", " ")
    return plain[:1].upper() + plain[1:]


def plain(text: str, name: str) -> str:
    """A text of a question's detail: a code as words, but names of columns, tables and keys as they are."""
    is_code = text.isascii() and text.replace("_", "").isalpha() and text.islower()
    return said(text) if is_code and name not in _NAMES else text


def inline(value: object, name: str = "") -> str:
    """A part of a question's detail, or a field of a form, in one line."""
    if isinstance(value, Mapping):
        return "; ".join(f"{said(key)}: {inline(part, str(key))}" for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(inline(part, name) for part in value) or "none"
    return plain(value, name) if isinstance(value, str) else "none" if value is None else said(value)


_NAMES = frozenset(
    {"column", "columns", "field", "fields", "key", "keys", "source", "system", "systems", "table", "tables"}
)
"""Parts of a detail that hold names of the inventory."""

_CODES = {
    "dde": "DDE link",
    "xfa": "XFA form",
    "old_office": "Old office file",
    "other_kind": "Another kind than its name says",
    "remote_content": "Content from elsewhere",
    "eid": "eID",
    "dpo_advice": "Advice of the data protection officer",
    "refuse_part": "Refuse in part",
    "specify": "Ask to specify",
    "charge": "Charge a fee",
    "extend": "Extend the period",
    "restrict": "Restrict by law",
    "merge": "Merge with the earlier request",
    "given": "Files were found",
    "made_by_another": "Made by somebody else",
    "many_kinds_of_processing": "Many kinds of processing",
    "contact_changed": "Another address or device than before",
    "case_column": "A column that is decided in each case",
    "restricted_before": "Something was restricted before",
    "asked_by_officer": "An officer asked for it",
    "id_copy": "ID copy",
    "pointed_out": "Places that the finder pointed out",
    "in_files": "Of these in files, by row",
    "retention_over": "Purposes whose period is over, and whose rows are still held",
    "names_unread": "Names that could not be read, and so were not looked for in free text",
    "part_left_out": "A decision leaves a part out",
    "answered": "Something leaves that a person decided on",
    "redact": "Redact, then ask again",
    "approved": "It may go",
    "hold_back": "Hold it back",
    "partial": "Give the rest now",
}
