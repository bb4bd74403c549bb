"""Loads `afschrift-native`, the compiled reader of CSV and JSON, if it is installed and fits."""

from __future__ import annotations

import ctypes
import logging
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

VERSION = 2
"""Version of the functions in native/src that are called here, and of their rules for accepting a file."""
NAME = "afschrift-native"
ARROW_ARRAY = ctypes.c_int64 * 10
"""Room for a struct ArrowArray: ten members of eight bytes."""
_POINTER, _TEXT, _INT32, _INT64 = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int64
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "afschrift_open": (_POINTER, _INT64, _TEXT, _POINTER, _TEXT),
    "afschrift_read": (_INT32, _POINTER, _TEXT, _INT64, _INT32, _POINTER, _POINTER, _POINTER),
    "afschrift_close": (None, _POINTER),
    "afschrift_csv_open": (_POINTER, _INT64, _TEXT, _INT64),
    "afschrift_csv_read": (_INT32, _POINTER, _TEXT, _INT64, _POINTER, _POINTER),
    "afschrift_csv_close": (None, _POINTER),
}
"""Result and arguments of each function."""
_log = logging.getLogger(__name__)


@cache
def library() -> ctypes.CDLL | None:
    """The library's functions; None if it is not installed, or is for another machine or version."""
    try:
        import afschrift_native
    except ImportError:
        return None
    try:
        _must_be_whole()
        found = afschrift_native.load()
        version = int(found.afschrift_version())
        if version == VERSION:
            return _with_types(found)
    except (OSError, AttributeError) as error:
        _log.warning(
            "CSV and JSON are read without compiled code: %s cannot be loaded (%s).",
            NAME,
            type(error).__name__,
        )
        return None
    _log.warning(
        "CSV and JSON are read without compiled code: %s has version %d instead of %d.",
        NAME,
        version,
        VERSION,
    )
    return None


def _must_be_whole() -> None:
    """Check the file's size by the installer's record: loading a truncated library kills the process."""
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.files(NAME) or ():
            if file.suffix == ".so" and file.size not in (None, Path(file.locate()).stat().st_size):
                raise OSError


def _with_types(found: ctypes.CDLL) -> ctypes.CDLL:
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found
