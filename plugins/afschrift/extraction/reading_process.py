"""The process of `read_apart`: reads one file from its input, answers on its output, and ends.

    python -m afschrift.extraction.reading_process

No more is imported than reading needs, since its memory adds to the worker's.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import BinaryIO

import msgspec

from afschrift.extraction.read_apart import Answer, Order
from afschrift.extraction.read_deflated import read_deflated
from afschrift.formats.check.file_finding import UnreadableFileError
from afschrift.formats.registry import FORMATS
from afschrift.values.without_pandas import keep_pandas_out


def main() -> None:
    """Read and answer; an exception's text may hold a value, so that only its kind is told."""
    keep_pandas_out()
    try:
        answer = _answer(sys.stdin.buffer)
    except Exception as error:
        answer = Answer(failed=type(error).__name__)
    sys.stdout.buffer.write(msgspec.json.encode(answer))


def _answer(stream: BinaryIO) -> Answer:
    order = msgspec.json.decode(stream.read(int.from_bytes(stream.read(4), "big")), type=Order)
    options: Mapping[str, str] = order.options
    try:
        read = read_deflated(
            stream, FORMATS[order.format], order.path, order.fields, options, forms=order.forms
        )
    except UnreadableFileError as error:
        return Answer(unreadable=(error.code, error.rule, error.field, error.row))
    return Answer(read=read)


if __name__ == "__main__":
    main()
