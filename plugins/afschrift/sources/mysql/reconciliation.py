"""Reconciliation with MariaDB and MySQL: MD5 over the server's texts, summed by the server."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.reconciliation import Extract
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.table import FORMER_ROWS
from afschrift.sources.catalogue import Rows
from afschrift.sources.reconcile import plain_texts
from afschrift.sources.reconcile.sql_reconciliation import SourceText
from afschrift.sources.table_errors import relation_of
from afschrift.values.checksum import NOTHING, SEPARATOR

_TEXT = "CONVERT({c} USING utf8mb4)"
_CHAR = "CAST({c} AS CHAR)"
_ONE_LINE = (
    "REPLACE(REPLACE(REGEXP_REPLACE({c}, '^[[:space:]]+|[[:space:]]+$', ''), CHAR(13), ' '), CHAR(10), ' ')"
)
_SIZES = re.compile(r"\(([0-9]+)")
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json")
_BYTES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
_LONG = ("mediumtext", "longtext")  # with a row's other texts they may exceed `max_allowed_packet`
_MOMENTS = ("datetime", "timestamp", "time")
_FAR = 15  # a double whose point is further than so many digits from them is written with an exponent
_SEPARATOR, _NOTHING = (f"CHAR({ord(sign)} USING utf8mb4)" for sign in (SEPARATOR, NOTHING))


def own(native: str, kind: ValueKind | None) -> SourceText | None:
    """How the server writes a column's values; None if it is not known for the type.

    Args:
        native: as `SHOW COLUMNS` writes it, for example `datetime(6)`.
        kind: kind in the plan.
    """
    name = re.split(r"[ (]", native.lower(), maxsplit=1)[0]
    size = int(found[1]) if (found := _SIZES.search(native)) else 0
    if kind is ValueKind.TEXT and name not in (*_TEXTS, *_BYTES, "bit", "inet4", "inet6"):
        return None  # `kind: text` gives the server's text of another type: nothing else to compare it with
    if name in _INTEGERS:
        if "zerofill" in native:
            return SourceText(_CHAR, plain_texts.each(lambda form: form.zfill(size)))
        return SourceText(_CHAR, plain_texts.same, number="{c}")
    if name in _MOMENTS:
        return SourceText(_CHAR, lambda forms: _clock(forms, size))
    if name in _LONG and kind is not ValueKind.JSON:
        return SourceText(f"MD5({_TEXT})", plain_texts.each(lambda form: _md5(form.encode())))
    if name in _TEXTS:
        return SourceText(_TEXT, plain_texts.same).planned(kind, _ONE_LINE)
    if name in _BYTES:
        return SourceText("MD5({c})", plain_texts.each(lambda form: _md5(b64decode(form))))
    return None if "zerofill" in native else _OTHERS.get(name)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _clock(forms: pa.Array, digits: int) -> pa.Array:
    """Write a time with as many decimals as its column declares."""
    plain = pc.replace_substring_regex(pc.replace_substring(forms, "T", " "), "Z$", "")
    if not digits:
        return plain
    whole = pc.if_else(
        pc.match_substring(plain, "."), plain, pc.binary_join_element_wise(plain, ".000000", "")
    )
    return pc.replace_substring_regex(whole, rf"(\.[0-9]{{{digits}}})0*$", r"\1")


def _double(form: str) -> str:
    """Write a float with its shortest digits, and with an exponent if its point is far from them.

    A zero keeps its sign: newer versions of MariaDB write it.
    """
    minus, digits, point = plain_texts.digits_of(form)
    if digits and not -_FAR < point <= _FAR and not len(digits) > point > 0:
        return f"{minus}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1}"
    return plain_texts.plain_number(minus, digits, point)


def _single(form: str) -> str:
    """Write a float of 32 bits converted to 64 bits."""
    return _double(repr(float(np.float32(form))))


_OTHERS: dict[str, SourceText] = {
    **dict.fromkeys(("decimal", "date", "uuid", "inet4", "inet6"), SourceText(_CHAR, plain_texts.same)),
    "year": SourceText(_CHAR, plain_texts.each(lambda form: form.zfill(4))),
    "bit": SourceText("HEX({c} + 0)", plain_texts.each(lambda form: f"{int(form, 2):X}")),
    "double": SourceText(_CHAR, plain_texts.each(_double)),
    "float": SourceText("CAST(CAST({c} AS DOUBLE) AS CHAR)", plain_texts.each(_single)),
}


def source_texts(rows: Rows, extract: Extract) -> dict[str, SourceText | None]:
    """Column -> how the server writes its values, by the types that the server names.

    Args:
        rows: runs a statement in the session.
        extract: the extract of the table, with former rows or without.
    """
    table = relation_of(extract.statement).removesuffix(FORMER_ROWS)
    natives = {name: native for name, native, *_ in rows(f"SHOW COLUMNS FROM {table}")}
    columns = {name: extract.parts[name].column if name in extract.parts else name for name in extract.kinds}
    return {
        name: own(natives[columns[name]], kind) if name in extract.whole else None
        for name, kind in extract.kinds.items()
    }


def digest(texts: Sequence[str]) -> str:
    """SQL of a row's hash (see `values.checksum`)."""
    row = ", ".join(
        f"CONVERT(COALESCE({text}, {_NOTHING}) USING utf8mb4) COLLATE utf8mb4_bin" for text in texts
    )
    return f"CAST(CONV(LEFT(MD5(CONCAT_WS({_SEPARATOR}, {row})), 15), 16, 10) AS UNSIGNED)"
