"""RTF: objects, templates from elsewhere, and fields that start another program."""

from __future__ import annotations

import re

from afschrift.domain.files import ActiveKind
from afschrift.extraction.active_content.part import Budget, ClosedError, Found, Part

# A backslash before a sign that is no letter stands for that sign: "\\objdata" in a text is no object.
_TOKEN = re.compile(
    rb"\\(?:'([0-9a-fA-F]{2})|([a-zA-Z]{1,32})(-?\d{1,10})? ?|[^a-zA-Z])|[{}]|[^\\{}]+", re.DOTALL
)
_OBJECT = re.compile(rb"obj(?:ect|data|ocx|emb|link|autlink|class|html)")
_MOST_TEXT = 4_096
_ELSEWHERE = re.compile(rb"\s*(?:https?|ftp|file|smb|mhtml):|\s*(?:\\\\|//)", re.IGNORECASE)


def look(part: Part, _: Budget) -> Found:
    """What of an RTF file is an object, comes from elsewhere or starts a program."""
    groups: list[tuple[bytes, int, bytearray]] = []  # of a field or a template: word, level and text
    level, skip = 0, 0
    for token in _TOKEN.finditer(part.content):
        sign, word = token.group(), token[2]
        if sign == b"{":
            level += 1
        elif sign == b"}":
            level -= 1
            while groups and level < groups[-1][1]:
                yield from _kind(*groups.pop())
        elif word in (b"fldinst", b"template"):
            groups.append((word, level, bytearray()))
        elif word and _OBJECT.fullmatch(word):
            yield ActiveKind.OBJECT
        elif groups and word in (None, b"u"):
            text = bytes([int(token[3] or 63) & 0xFF]) if word else _plain(token)[skip:]
            skip = 1 if word else 0  # behind a sign by its number follows another for old readers
            groups[-1][2].extend(text[: max(0, _MOST_TEXT - len(groups[-1][2]))])
    for group in groups:  # a file that was cut off is opened all the same
        yield from _kind(*group)


def _kind(word: bytes, _: int, text: bytearray) -> Found:
    if word == b"template" and _ELSEWHERE.match(text):
        yield ActiveKind.REMOTE
    if word == b"fldinst" and starts_a_program(text.decode("latin-1")):
        yield ActiveKind.DDE


def _plain(token: re.Match[bytes]) -> bytes:
    """The signs of a text as a reader takes them: a line's end is none."""
    if token[1] is not None:
        return bytes.fromhex(token[1].decode())
    text = token.group()
    return text[1:] if text.startswith(b"\\") else text.replace(b"\r", b"").replace(b"\n", b"")


_FIELD = re.compile(r"\s*[\"']?\s*DDE(?:AUTO)?\b", re.IGNORECASE)
_QUOTED = re.compile(r"QUOTE((?:\s+\d{1,3})+)", re.IGNORECASE)

# A cell that a spreadsheet takes for a formula, as far as the bar between a program and what it is given.
_CELL = re.compile(r"""(?:^|[,;\t\r\n])[ ']*[=+\-@][^|,;\t\r\n"]{0,300}\||"[ ']*[=+\-@][^|"\r\n]{0,300}\|""")
_PROGRAM = re.compile(r"[A-Za-z][\w.\\]*[' ]*\|")
_PROGRAM_NAME = 100
_TOPIC = 1_000
_MOST_CELLS = 10_000


def starts_a_program(field: str) -> bool:
    """Whether the instruction of a field is a DDE link, also where it spells its letters (`QUOTE 68 68`)."""
    spelled = _QUOTED.sub(lambda m: "".join(chr(int(n) & 0xFF) for n in m[1].split()), field)
    return _FIELD.match(spelled) is not None


def formula_starts_a_program(formula: str) -> bool:
    """Whether a formula, with or without the sign it begins with, is a DDE link: `cmd|' /C calc'!A0`."""
    text = formula.strip()
    return cells_start_a_program(text if text[:1] in tuple("=+-@") else f"={text}")


def cells_start_a_program(text: str) -> bool:
    """Whether a cell of a CSV file is such a formula.

    Raises:
        ClosedError: so many cells may be one that nobody looks at them all.
    """
    for seen, cell in enumerate(_CELL.finditer(text)):
        if seen > _MOST_CELLS:
            raise ClosedError
        end = cell.end()
        item = text.find("!", end, end + _TOPIC)
        program = _PROGRAM.search(text, max(cell.start(), end - _PROGRAM_NAME), end)
        if item >= 0 and program and "\n" not in text[end:item]:
            return True
    return False
