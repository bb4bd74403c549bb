"""MariaDB's and MySQL's own account of an extract: MD5 over the server's texts, summed up there."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.sources import Dialect
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.inventory.table import FORMER_ROWS
from afschrift.sources.reconcile import own_times
from afschrift.sources.reconcile.own_texts import Own, Rows, SqlOracle
from afschrift.values.row_sums import NOTHING, SEPARATOR

_TEXT = "CONVERT({c} USING utf8mb4)"
_CHAR = "CAST({c} AS CHAR)"
_ONE_LINE = (
    "REPLACE(REPLACE(REGEXP_REPLACE({c}, '^[[:space:]]+|[[:space:]]+$', ''), CHAR(13), ' '), CHAR(10), ' ')"
)
_SIZES = re.compile(r"\(([0-9]+)")
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json")
_BYTES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
_LONG = ("mediumtext", "longtext")  # with those of a row's other columns beyond `max_allowed_packet`
_MOMENTS = ("datetime", "timestamp", "time")
_FAR = 15  # digits between the point and the first one, beyond which a double has an exponent
_SEPARATOR, _NOTHING = (f"CHAR({ord(sign)} USING utf8mb4)" for sign in (SEPARATOR, NOTHING))


def own(native: str, kind: ValueKind | None) -> Own | None:
    """Own text of a column; None where the way to it is not known.

    Args:
        native: as `SHOW COLUMNS` spells it, for example `datetime(6)`.
        kind: as the plan has it.
    """
    name = re.split(r"[ (]", native.lower(), maxsplit=1)[0]
    size = int(found[1]) if (found := _SIZES.search(native)) else 0
    if kind is ValueKind.TEXT and name not in (*_TEXTS, *_BYTES, "bit", "inet4", "inet6"):
        return None  # `kind: text` gives the server's text of another type, and there is no second one
    if name in _INTEGERS:
        if "zerofill" in native:
            return Own(_CHAR, _each(lambda form: form.zfill(size)))
        return Own(_CHAR, own_times.same, number="{c}")
    if name in _MOMENTS:
        return Own(_CHAR, lambda forms: _clock(forms, size))
    if name in _LONG and kind is not ValueKind.JSON:
        return Own(f"MD5({_TEXT})", _each(lambda form: _md5(form.encode())))
    if name in _TEXTS:
        return Own(_TEXT, own_times.same).planned(kind, _ONE_LINE)
    if name in _BYTES:
        return Own("MD5({c})", _each(lambda form: _md5(b64decode(form))))
    return None if "zerofill" in native else _OTHERS.get(name)


def _each(change: Callable[[str], str]) -> Callable[[pa.Array], pa.Array]:
    def changed(forms: pa.Array) -> pa.Array:
        return pa.array([None if form is None else change(form) for form in forms.to_pylist()], pa.string())

    return changed


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _clock(forms: pa.Array, digits: int) -> pa.Array:
    """A time with as many decimals as its column declares."""
    plain = pc.replace_substring_regex(pc.replace_substring(forms, "T", " "), "Z$", "")
    if not digits:
        return plain
    whole = pc.if_else(
        pc.match_substring(plain, "."), plain, pc.binary_join_element_wise(plain, ".000000", "")
    )
    return pc.replace_substring_regex(whole, rf"(\.[0-9]{{{digits}}})0*$", r"\1")


def _double(form: str) -> str:
    """A float in its shortest digits; with an exponent where its point would stand far from them.

    A zero keeps the sign that it was read with: MariaDB writes one from some version on.
    """
    sign, figures, exponent = Decimal(form).as_tuple()
    shown = "".join(map(str, figures)).lstrip("0")
    minus = "-" if sign else ""
    if not shown:
        return f"{minus}0"
    point = len(shown) + int(exponent)
    shown = shown.rstrip("0")
    if not -_FAR < point <= _FAR and not len(shown) > point > 0:
        return f"{minus}{shown[0]}{'.' if shown[1:] else ''}{shown[1:]}e{point - 1}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{shown}"
    whole, fraction = shown[:point].ljust(point, "0"), shown[point:]
    return f"{minus}{whole}.{fraction}" if fraction else f"{minus}{whole}"


def _single(form: str) -> str:
    """A float of 32 bits as the float of 64 bits that it is."""
    return _double(repr(float(np.float32(form))))


_OTHERS: dict[str, Own] = {
    **dict.fromkeys(("decimal", "date", "uuid", "inet4", "inet6"), Own(_CHAR, own_times.same)),
    "year": Own(_CHAR, _each(lambda form: form.zfill(4))),
    "bit": Own("HEX({c} + 0)", _each(lambda form: f"{int(form, 2):X}")),
    "double": Own(_CHAR, _each(_double)),
    "float": Own("CAST(CAST({c} AS DOUBLE) AS CHAR)", _each(_single)),
}


def mysql_own(
    rows: Rows,
    relation: str,
    kinds: Mapping[str, ValueKind | None],
    whole: Collection[str],
    parts: Mapping[str, DocumentPart],
) -> dict[str, Own | None]:
    """Column -> its own text, by the types that the server names.

    Args:
        rows: runs a statement in the session.
        relation: as it stands after FROM, with former rows or without.
        kinds: the columns that leave, as they are planned.
        whole: those that leave as they are.
        parts: those that are parts of documents.
    """
    table = relation.removesuffix(FORMER_ROWS)
    natives = {name: native for name, native, *_ in rows(f"SHOW COLUMNS FROM {table}")}
    of = {name: natives[parts[name].column if name in parts else name] for name in kinds}
    return {name: own(of[name], kind) if name in whole else None for name, kind in kinds.items()}


def mysql_oracle(
    rows: Rows,
    dialect: Dialect,
    statement: str,
    columns: Mapping[str, Own | None],
    values: Mapping[str, str],
) -> SqlOracle:
    """The oracle of one extract; as `SqlOracle`."""
    return SqlOracle(rows, dialect, statement, columns, _digest, values)


def _digest(texts: Sequence[str]) -> str:
    row = ", ".join(
        f"CONVERT(COALESCE({text}, {_NOTHING}) USING utf8mb4) COLLATE utf8mb4_bin" for text in texts
    )
    return f"CAST(CONV(LEFT(MD5(CONCAT_WS({_SEPARATOR}, {row})), 15), 16, 10) AS UNSIGNED)"
