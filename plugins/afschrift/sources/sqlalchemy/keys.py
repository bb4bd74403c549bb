"""The table of keys that a session behind SQLAlchemy makes, and the numbers in it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import DECIMAL

from afschrift.sources.key_table import KEY_TABLE, number
from afschrift.sources.mysql.dialect import DECIMALS, WHOLE
from afschrift.sources.sqlite.functions import sqlite_number

_EXACT = (38, 12)
_LARGEST = (1 << 63) - 1
_DECIMAL = DECIMAL(WHOLE + DECIMALS, DECIMALS)
KEYS = sa.Table(
    KEY_TABLE,
    sa.MetaData(),
    sa.Column("person", sa.Integer),
    sa.Column("name", sa.String(64)),
    sa.Column("value", sa.String(2000)),
    sa.Column(
        "number", sa.BigInteger().with_variant(DECIMAL(WHOLE + DECIMALS, DECIMALS), "mysql", "mariadb")
    ),
    sa.Column("exact", sa.Numeric(*_EXACT)),
    sa.Column("valid_from", sa.DateTime(timezone=True)),
    sa.Column("valid_to", sa.DateTime(timezone=True)),
    sa.Column("is_current", sa.Boolean),
    sa.Column("asked_at", sa.DateTime(timezone=True)),
    prefixes=["TEMPORARY"],
)


def numbers(dialect: str, value: str) -> dict[str, object]:
    """A key as the numbers of a database; None: it has none that is exactly this."""
    if dialect == "sqlite":
        return {"number": sqlite_number(value)}
    if dialect in ("mysql", "mariadb"):
        return {"number": number(value, WHOLE, DECIMALS)}
    whole = number(value, 19, 0)
    exact = number(value, _EXACT[0] - _EXACT[1], _EXACT[1])
    return {"number": None if whole is None or abs(whole) > _LARGEST else int(whole), "exact": exact}
