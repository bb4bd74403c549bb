"""A reader of CSV and JSON in C, for `afschrift.formats`, from what that writes to columns of texts."""

from __future__ import annotations

import ctypes
from pathlib import Path

_FILE = Path(__file__).with_name("reader.so")


def load() -> ctypes.CDLL:
    """Load the functions of src/csv.c and src/reader.c. Calls release the interpreter's lock.

    Raises:
        OSError: the library is for another machine or C library.
    """
    return ctypes.CDLL(str(_FILE))
