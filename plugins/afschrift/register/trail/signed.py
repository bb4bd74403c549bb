"""Signing and checking statements of the trail: a checkpoint, a dropped year, erased payloads.

Each is written as `{NAME: statement, "signature": hex}`; the signature is Ed25519 over its canonical JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from afschrift.domain.event import canonical
from afschrift.register.keys.store import SigningKey

_NEVER = "9999"


@dataclass(frozen=True)
class TrustedKeys:
    """Who may sign.

    Attributes:
        public: key id -> raw public key.
        revoked: key id -> instant from which on that key is not trusted.
    """

    public: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    revoked: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def fault(self, statement: Mapping[str, Any], signature: str, at: str) -> str:
        """Code of what is wrong with a signature: `wrong_key` or `forged`; "": it is valid.

        Args:
            statement: with the signer's `key_id`.
            signature: hex.
            at: instant of signing, as the statement says.
        """
        name = statement["key_id"]
        if name not in self.public or self.revoked.get(name, _NEVER) <= at:
            return "wrong_key"
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public[name])
            key.verify(bytes.fromhex(signature), canonical(statement))
        except (InvalidSignature, ValueError):
            return "forged"
        return ""


def sign(statement: Mapping[str, Any], key: SigningKey) -> str:
    """Signature over a statement's canonical JSON, hex."""
    return key.private.sign(canonical(statement)).hex()
