"""A reader of CSV and JSON in C, for `afschrift.formats`: columns of texts from what that writes."""

from __future__ import annotations

import ctypes
from pathlib import Path

_FILE = Path(__file__).with_name("reader.so")


def load() -> ctypes.CDLL:
    """The functions of src/csv.c and src/reader.c. Calls release the interpreter.

    Raises:
        OSError: the file is for another machine or C library.
    """
    return ctypes.CDLL(str(_FILE))
