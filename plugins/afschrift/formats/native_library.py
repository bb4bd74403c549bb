"""Decides alone whether CSV and JSON are read by compiled code: where `afschrift-native` fits."""

from __future__ import annotations

import ctypes
import logging
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

VERSION = 2
"""Of the functions in native/src that are called here, and of what they judge."""
NAME = "afschrift-native"
ARROW_ARRAY = ctypes.c_int64 * 10
"""Room for a struct ArrowArray: ten members of eight bytes."""
_POINTER = ctypes.c_void_p
_log = logging.getLogger(__name__)


@cache
def library() -> ctypes.CDLL | None:
    """Its functions; None: it is not there, or not for this machine or version."""
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
        "CSV and JSON are read without compiled code: %s has version %d, and not %d.",
        NAME,
        version,
        VERSION,
    )
    return None


def _must_be_whole() -> None:
    """What was cut off ends the process that loads it. The installer's record says how long the files are."""
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.files(NAME) or ():
            if file.suffix == ".so" and file.size not in (None, Path(file.locate()).stat().st_size):
                raise OSError


def _with_types(found: ctypes.CDLL) -> ctypes.CDLL:
    found.afschrift_open.restype = _POINTER
    found.afschrift_open.argtypes = [ctypes.c_int64, ctypes.c_char_p, _POINTER, ctypes.c_char_p]
    found.afschrift_csv_open.restype = _POINTER
    found.afschrift_csv_open.argtypes = [ctypes.c_int64, ctypes.c_char_p, ctypes.c_int64]
    found.afschrift_csv_close.restype = None
    found.afschrift_csv_close.argtypes = [_POINTER]
    found.afschrift_csv_read.restype = ctypes.c_int32
    found.afschrift_csv_read.argtypes = [_POINTER, ctypes.c_char_p, ctypes.c_int64, _POINTER, _POINTER]
    found.afschrift_close.restype = None
    found.afschrift_close.argtypes = [_POINTER]
    found.afschrift_read.restype = ctypes.c_int32
    found.afschrift_read.argtypes = [
        _POINTER,
        ctypes.c_char_p,
        ctypes.c_int64,
        ctypes.c_int32,
        _POINTER,
        _POINTER,
        _POINTER,
    ]
    return found
