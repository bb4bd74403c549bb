"""Types of columns that the register's tables share, and the naming of their constraints."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = String(32)
CODE = String(64)
NAME = String(255)
INSTANT = String(32)
DAY = String(10)
SHA256 = String(64)
COUNTER = BigInteger().with_variant(Integer(), "sqlite")


def id_column() -> Column[Any]:
    """The opaque id of a row, as its primary key."""
    return Column("id", ID, primary_key=True)


def counter_column() -> Column[Any]:
    """A number that the database gives, as the primary key."""
    return Column("id", COUNTER, primary_key=True, autoincrement=True)


def request_column(*, nullable: bool = False, index: bool = True) -> Column[Any]:
    """The request that a row belongs to."""
    return Column("request_id", ID, ForeignKey("request.id"), nullable=nullable, index=index)
