"""The table of keys that a session behind SQLAlchemy makes, and the numbers in it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import DECIMAL
from sqlalchemy.engine import Dialect

from afschrift.domain.instants import rfc3339
from afschrift.sources.key_table import KEY_TABLE, number
from afschrift.sources.local_times import utc_text
from afschrift.sources.mysql.dialect import DECIMALS, WHOLE
from afschrift.sources.sqlite.functions import sqlite_key_form, sqlite_number

SQLITE_FUNCTIONS = {"afschrift_key_form": sqlite_key_form, "afschrift_utc": utc_text}


class _Rfc3339(sa.TypeDecorator[datetime]):
    """An instant as the session's own function writes it."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else rfc3339(value)


_EXACT = (38, 12)
_LARGEST = (1 << 63) - 1
_DECIMAL = DECIMAL(WHOLE + DECIMALS, DECIMALS)
# SQLite has no times: they are texts there, of one form.
_INSTANT = sa.DateTime(timezone=True).with_variant(_Rfc3339(), "sqlite")
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
    sa.Column("valid_from", _INSTANT),
    sa.Column("valid_to", _INSTANT),
    sa.Column("is_current", sa.Boolean),
    sa.Column("asked_at", _INSTANT),
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
