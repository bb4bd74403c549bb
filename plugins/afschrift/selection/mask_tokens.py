"""Masks with a token, which distinguish two values and reveal nothing else: `[masked 3f9a2c41]`.

The token is the first eight hex digits of SHA-256 over a salt and the value's text, in UTF-8. The warehouse
computes it, so the value never leaves it. Each request has its own secret salt: a public hash could be
reversed by trying all names, numbers or dates, and two persons could compare their bundles. The salt is a row
of the session's key table, so it is in no statement.
"""

from __future__ import annotations

from afschrift.domain.keys import Key
from afschrift.domain.redaction import MASK
from afschrift.domain.sources import Dialect

SALT = "afschrift:mask"
SALT_OF = b"afschrift: salt of the masks of this request"
"""Text whose HMAC under the request's key is the salt: a change would change the tokens of open requests."""


def salt_key(salt: str) -> Key:
    """The salt as a row of the key table, under a name that is no identity key.

    Args:
        salt: HMAC under the request's own data key, hex.
    """
    return Key(SALT, salt)


def salt_name(dialect: Dialect) -> str:
    """The name of the salt in the key table, as a literal."""
    return dialect.literal(SALT)


def salt_of(dialect: Dialect) -> str:
    """SQL of the salt."""
    return f"(SELECT s.value FROM {dialect.keys} AS s WHERE s.name = {salt_name(dialect)})"  # noqa: S608


def token_mask(dialect: Dialect, value: str, salt: str = "") -> str:
    """SQL of the mask of a value; without a token if the database cannot hash.

    Args:
        dialect: how the database spells it.
        value: SQL of the value as text.
        salt: SQL of the salt; empty: that of the one person whose keys are bound.
    """
    token = dialect.token(salt or salt_of(dialect), value)
    if token is None:
        return dialect.literal(MASK)
    opened, closed = dialect.literal(MASK[:-1]), dialect.literal(MASK[-1])
    return f"{opened} || coalesce({dialect.literal(' ')} || {token}, '') || {closed}"
