"""A portal: people fetch the file from its page, by link and words. docs/portal.md has the interface."""

from __future__ import annotations

import hashlib
import ssl
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from afschrift.domain.counted_chunks import CountedChunks
from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError, RetriableError
from afschrift.domain.files import Announcement, PortalReceipt, Receipt, check_name, occupied
from afschrift.domain.instants import rfc3339, utc_now

CLOCKS = timedelta(minutes=5)
"""Largest difference between our clock and the portal's: it ends files and counts tries by its own."""
FREE_BYTES = 1 << 30
"""Least space that a portal should have."""
_SECONDS, _UPLOAD_SECONDS = 30, 600
"""Without an answer. A portal reads what it has of a file before it takes the rest."""
_NONE, _OTHER, _ALTERED, _FULL = 404, 409, 422, 507
_SIGNED = ("id", "delivery", "kind", "at")


class PortalDestination:
    """Puts encrypted files at a portal, through its inner listener."""

    def __init__(
        self, name: str, url: str, key: str, token: str = "", ca: str = "", password: str = ""
    ) -> None:
        """Take the place.

        Args:
            name: of the destination.
            url: of the inner listener.
            key: the portal's public key in base64, as `afschrift-portal init` prints it.
            token: of the inner listener.
            password: the token, as an Airflow connection names it.
            ca: file with the authority of its certificate; empty: those of the system.
        """
        self.name = name
        self._url, self._key, self._ca = url.rstrip("/"), key.strip(), ca
        self._token = token or password

    def __repr__(self) -> str:
        """Hide the token."""
        return f"PortalDestination({self.name!r})"

    def announce(self, name: str, about: Announcement) -> None:
        body = {
            "name": name,
            "bytes": about.bytes,
            "language": about.language,
            "expires_at": rfc3339(about.expires_at),
            "facts": dict(about.facts),
        }
        with self._client() as client:
            if self._ask(client, "PUT", name, json=body, allowed=(_OTHER,)).status_code == _OTHER:
                raise occupied(name, self.name)

    def deliver(self, name: str, chunks: Iterator[bytes]) -> Receipt:
        """Send what the portal lacks of a file that was announced, then its digest, which makes it visible.

        Raises:
            ConfigurationError: it was not announced, another file has this name, or the portal refuses it.
            RetriableError: the portal is away or full; the next try goes on where this one ended.
        """
        with self._client() as client:
            there = self._state(client, name)
            if there is None:
                raise ConfigurationError(
                    f"The portal '{self.name}' was sent no description of {name}.", remedy="deliver it anew."
                )
            sent = CountedChunks.of(chunks)
            if there["state"] == "uploading":
                self._append(client, name, there["received"], _Rest(sent, there["received"]))
                self._append(client, name, sent.bytes, (), sent.sha256.hexdigest())
            else:  # another try was quicker
                for _ in sent:
                    pass
            there = self._state(client, name) or {}
            receipt = sent.receipt(self.address(name))
            if (there.get("sha256"), there.get("bytes")) != (receipt.sha256, receipt.bytes):
                raise occupied(name, self.name)
            if there["state"] == "uploading":
                raise self._away("did not take the whole file")
            return receipt

    def find(self, name: str) -> Receipt | None:
        """Receipt of a file that the portal has whole (see `Destination.find`)."""
        with self._client() as client:
            there = self._state(client, name)
        if there is None or there["state"] == "uploading":
            return None
        return Receipt(self.address(name), there["bytes"], there["sha256"])

    def reach(self) -> None:
        """Check that it answers as the portal whose key is configured, and its clock and space."""
        with self._client() as client:
            health = self._ask(client, "GET", path="/health").json()
        if health["public_key"] != self._key:
            raise ConfigurationError(
                f"The portal '{self.name}' has another key than its `key` says.",
                remedy="find out whether it was set up anew or is another one; `afschrift-portal init` "
                "prints its key.",
            )
        apart = abs(utc_now() - datetime.fromisoformat(health["now"]))
        if apart > CLOCKS:
            raise ConfigurationError(
                f"The clocks of this machine and of the portal '{self.name}' differ by "
                f"{apart.total_seconds() / 60:.0f} minutes.",
                remedy="set both by NTP: files end by the portal's.",
            )
        if health["free_bytes"] < FREE_BYTES:
            raise RetriableError(
                f"The portal '{self.name}' has {health['free_bytes'] >> 20} MiB left.",
                remedy="give its disk more space.",
            )

    def remove(self, name: str) -> bool:
        """Remove a file with its row; downloads that run are cut off (see `Destination.remove`)."""
        with self._client() as client:
            there = self._state(client, name)
            self._ask(client, "DELETE", name)
        return there is not None

    def link(self, name: str, until: datetime) -> str | None:  # noqa: ARG002
        """None: the link was drawn with the words, and the portal does not know it."""
        check_name(name)
        return None

    def renew(self, name: str, until: datetime) -> None:
        self._change(name, {"expires_at": rfc3339(until)})

    def unfreeze(self, name: str) -> None:
        self._change(name, {"frozen": False})

    def missing(self, names: Sequence[str]) -> list[str]:
        with self._client() as client:
            found = {name: self._state(client, name) for name in names}
        return [name for name, there in found.items() if there is None or there["state"] == "uploading"]

    def receipts(self, names: Sequence[str]) -> tuple[list[PortalReceipt], int]:
        known = {delivery_key(name): name for name in names}
        with self._client() as client:
            instance = self._ask(client, "GET", path="/health").json()["instance"]
            given = self._ask(client, "GET", path="/receipts").json()
        valid = [receipt for receipt in given if self._is_signed(receipt, instance)]
        found = [
            PortalReceipt(str(row["id"]), known.get(row["delivery"]), row["kind"], row["at"]) for row in valid
        ]
        return sorted(found, key=lambda receipt: receipt.at), len(given) - len(valid)

    def acknowledge(self, receipt: str) -> None:
        with self._client() as client:
            self._ask(client, "DELETE", path=f"/receipts/{receipt}", allowed=(_NONE,))

    def _is_signed(self, receipt: Mapping[str, Any], instance: str) -> bool:
        try:
            message = rfc8785.dumps({**{name: receipt[name] for name in _SIGNED}, "portal": instance})
            key = Ed25519PublicKey.from_public_bytes(b64decode(self._key))
            key.verify(b64decode(receipt["signature"]), message)
        except (InvalidSignature, ValueError, KeyError, TypeError):
            return False
        return True

    def _change(self, name: str, change: Mapping[str, Any]) -> None:
        with self._client() as client:
            if self._ask(client, "PATCH", name, json=change, allowed=(_NONE,)).status_code == _NONE:
                raise RefusedError(
                    f"The portal '{self.name}' does not have {name} any more.",
                    remedy="take the delivery away and give it again; docs/portal.md says what to do where "
                    "its database was lost.",
                )

    def _append(
        self,
        client: httpx.Client,
        name: str,
        offset: int,
        content: Iterable[bytes],
        digest: str = "",
    ) -> None:
        head = {"Upload-Offset": str(offset)} | ({"Upload-Digest": digest} if digest else {})
        answer = self._ask(
            client,
            "PATCH",
            name,
            "/content",
            content=content,
            headers=head,
            timeout=httpx.Timeout(_SECONDS, read=_UPLOAD_SECONDS, write=_UPLOAD_SECONDS),
            allowed=(_OTHER, _ALTERED),
        )
        if answer.status_code == _OTHER:
            raise self._away("is being sent this file by another process")
        if answer.status_code == _ALTERED:
            raise self._away("got another file than was announced, and threw it away")

    def _state(self, client: httpx.Client, name: str) -> dict[str, Any] | None:
        answer = self._ask(client, "GET", name, allowed=(_NONE,))
        return None if answer.status_code == _NONE else answer.json()

    def address(self, name: str) -> str:
        return f"{self._url}/{name}"

    @contextmanager
    def _client(self) -> Iterator[httpx.Client]:
        """A connection; errors name the destination, and never its token."""
        url = urlsplit(self._url)
        if url.scheme != "https" and url.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ConfigurationError(
                f"The `url` of the portal '{self.name}' is no https address.",
                remedy="give that of its inner listener.",
            )
        try:
            trust = ssl.create_default_context(cafile=self._ca or None)
        except (OSError, ssl.SSLError):
            raise ConfigurationError(
                f"The file `ca` of the portal '{self.name}' cannot be read.",
                remedy="give the certificate of the authority that signed the portal's, as PEM.",
            ) from None
        with httpx.Client(verify=trust, timeout=_SECONDS, trust_env=False) as client:
            client.headers["Authorization"] = f"Bearer {self._token}"
            try:
                yield client
            except httpx.HTTPError as error:
                if "CERTIFICATE_VERIFY" in str(error):
                    raise ConfigurationError(
                        f"The certificate of the portal '{self.name}' is not accepted.",
                        remedy="renew it where it is over, and let `ca` name the file of its authority.",
                    ) from None
                raise self._away(f"does not answer ({type(error).__name__})") from None

    def _ask(
        self,
        client: httpx.Client,
        method: str,
        name: str = "",
        part: str = "",
        *,
        path: str = "",
        allowed: Sequence[int] = (),
        **more: Any,
    ) -> httpx.Response:
        """Ask about a delivery, or for a `path`; other codes than 2xx and `allowed` are errors."""
        if name:
            check_name(name)
            path = f"/deliveries/{delivery_key(name)}{part}"
        answer = client.request(method, self._url + path, **more)
        code = answer.status_code
        if answer.is_success or code in allowed:
            return answer
        if code in (401, 403):
            raise ConfigurationError(
                f"The portal '{self.name}' refuses the token.",
                remedy="give the one of its inner listener; `afschrift-portal init` wrote it.",
            )
        if code == _FULL:
            raise self._away("is full")
        if code >= 500 or code == _NONE:
            raise self._away(f"answers with HTTP {code}")
        raise ConfigurationError(
            f"The portal '{self.name}' refuses what was sent (HTTP {code}).",
            remedy="check that both have the same version, and deliver again.",
        )

    def _away(self, fault: str) -> AfschriftError:
        return RetriableError(
            f"The portal '{self.name}' {fault}.",
            remedy="bring it back, or free space there; it is tried again, and goes on where it ended.",
        )


def delivery_key(name: str) -> str:
    """Key of a file at a portal, which learns no more of it than its name."""
    return hashlib.sha256(b"afschrift-portal delivery\0" + name.encode()).hexdigest()


class _Rest:
    """What is sent of a file from an offset on."""

    def __init__(self, chunks: CountedChunks, offset: int) -> None:
        self._chunks, self._offset = chunks, offset

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            yield chunk[max(0, self._offset - self._chunks.bytes + len(chunk)) :]
