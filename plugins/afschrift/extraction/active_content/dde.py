"""Fields and formulas that start another program: DDE, as office files and spreadsheets write it."""

from __future__ import annotations

import re

from afschrift.extraction.active_content.part import ClosedError

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
