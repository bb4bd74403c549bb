"""Blind index: recognises a person's key again without keeping it readable."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata


def normalise(value: str, *, casefold: bool) -> str:
    """The spelling that is compared: NFC, no outer blanks, no case where case does not count."""
    text = unicodedata.normalize("NFC", value.strip())
    return unicodedata.normalize("NFC", text.casefold()) if casefold else text


def blind_index(index_key: bytes, name: str, value: str, *, casefold: bool) -> str:
    """HMAC-SHA256 of a key's name and normalised value under the key of a calendar year, hex.

    The name is inside, so that equal values of two kinds of key do not meet.
    """
    message = name.encode() + b"\0" + normalise(value, casefold=casefold).encode("utf-8", "surrogatepass")
    return hmac.new(index_key, message, hashlib.sha256).hexdigest()
