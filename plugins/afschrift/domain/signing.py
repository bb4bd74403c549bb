"""The name of a signing key, the same in the key file, in a bundle and in what is published."""

from __future__ import annotations

import hashlib


def key_id(public_key: bytes) -> str:
    """Id of a public key: the first 32 hex digits of the SHA-256 of its raw bytes.

    An id cannot be claimed for another key, so a stranger's bundle cannot bear a known name.
    """
    return hashlib.sha256(public_key).hexdigest()[:32]


def fingerprint(of: str) -> str:
    """A key's id as it is published: eight groups of four, to be compared by eye or on the telephone."""
    return " ".join(of[at : at + 4] for at in range(0, len(of), 4))
