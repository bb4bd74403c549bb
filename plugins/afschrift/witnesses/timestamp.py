"""A time stamping authority (RFC 3161): attests that a checkpoint existed at a time, by its own clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.x509 import load_pem_x509_certificates

from afschrift.app.extras import require
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.witnesses.witness import setting

_SECONDS = 60


class TimeStamper:
    """Requests time stamps from an authority."""

    def __init__(self, name: str, url: str, options: Mapping[str, Any]) -> None:
        """Take the authority.

        Args:
            name: its name, as errors call it.
            url: `tsa+` and the address, for example `tsa+https://freetsa.example/tsr`.
            options: `roots`, path of a PEM file with the root certificates to trust.

        Raises:
            ConfigurationError: the certificates cannot be read, or the library is not installed.
        """
        require("timestamp", f"The witness place '{name}'")
        self.name = name
        self._url = url.removeprefix("tsa+")
        path = Path(setting(options, name, "roots"))
        try:
            self._roots = load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError):
            raise ConfigurationError(
                f"The root certificates of the witness place '{name}' cannot be read.",
                remedy="name a PEM file with the certificates of the authority as 'roots'.",
            ) from None

    def stamp(self, content: bytes) -> bytes:
        """Request a time stamp response (DER) for a content, and verify it.

        Raises:
            ConfigurationError: the answer is no stamp of this authority for this content.
            RetriableError: the authority is out of reach.
        """
        from rfc3161_client import TimestampRequestBuilder

        request = TimestampRequestBuilder().data(content).nonce(nonce=True).build()
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            answer = httpx.post(self._url, content=request.as_bytes(), headers=headers, timeout=_SECONDS)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise RetriableError(
                f"The time stamping authority '{self.name}' did not answer ({type(error).__name__}).",
                remedy="the next checkpoint requests a stamp again.",
            ) from None
        wrong = self._fault(content, answer.content, request.nonce)
        if wrong:
            raise ConfigurationError(
                f"The time stamp of '{self.name}' is not valid: {wrong}.",
                remedy="check address and root certificates of the authority.",
            )
        return answer.content

    def fault(self, content: bytes, stamp: bytes) -> str | None:
        """Why a stamp is not valid for a content, in words; None if it is."""
        return self._fault(content, stamp, None)

    @staticmethod
    def time(stamp: bytes) -> datetime:
        """The time in a valid stamp, by the authority's clock, in UTC."""
        from rfc3161_client import decode_timestamp_response

        return decode_timestamp_response(stamp).tst_info.gen_time.astimezone(UTC)

    def _fault(self, content: bytes, stamp: bytes, nonce: int | None) -> str | None:
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

        try:
            verifier = VerifierBuilder(roots=list(self._roots), nonce=nonce).build()
            verifier.verify_message(decode_timestamp_response(stamp), content)
        except VerificationError as error:
            return str(error)
        except ValueError:
            return "it is no time stamp response"
        return None
