"""Tokens of forms, and notes in addresses: both signed by the log-in of the caller."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afschrift.web.caller import Caller

_FORM, _NOTE = b"afschrift form", b"afschrift note"


def form_token(by: Caller, path: str) -> str:
    """The token against forged requests (CSRF) of a form that is sent to a path of the application."""
    return _mac(by, _FORM, f"{by.account}\n{path}")


def is_form_token(by: Caller, path: str, token: str) -> bool:
    """Whether a token is this caller's for this path; compared in constant time."""
    return hmac.compare_digest(form_token(by, path).encode(), token.encode())


def note(by: Caller, words: Mapping[str, str]) -> str:
    """Codes, ids and sentences of our own as a part of an address, signed so that they cannot be forged."""
    body = base64.urlsafe_b64encode(json.dumps(dict(words)).encode()).decode().rstrip("=")
    return f"{body}.{_mac(by, _NOTE, body)}"


def read_note(by: Caller, text: str) -> dict[str, str]:
    """The contents of a note; empty where this log-in did not sign it."""
    body, _, mac = text.partition(".")
    if not hmac.compare_digest(_mac(by, _NOTE, body).encode(), mac.encode()):
        return {}
    found: dict[str, str] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def _mac(by: Caller, what: bytes, text: str) -> str:
    key = hmac.digest(by.token.encode(), what, hashlib.sha256)
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()
