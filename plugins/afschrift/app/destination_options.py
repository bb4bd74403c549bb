"""Options of a destination that are ours and not of its kind: for letters, for whom it is, its encryption."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.instants import utc_now
from afschrift.encryption.portal_file import PORTAL
from afschrift.encryption.registry import ENCRYPTIONS
from afschrift.law.person import ANSWER_BY, ANSWER_TO

_SERVING = ("ways", "to")
"""For whom it is: ways of `ANSWER_BY`, and one of `ANSWER_TO`."""
_OF_US = ("link", "days", "encryption", "open", "secret_by", "public", *_SERVING)
_NONE = "none"
SECRET_WAYS = ("phone", "post", "in_person", "sms")
_AHEAD = timedelta(hours=14)  # of UTC is the first zone in which a day begins
MOST_DAYS = 30
"""Most days that a bundle may lie there."""


@dataclass(frozen=True)
class Protection:
    """How bundles of a destination are protected.

    Attributes:
        encryption: a code of `ENCRYPTIONS` or, of a portal, its own; or `none`.
        secret_by: how the words reach the person; None: an officer reads them out.
        open: who decided that bundles are not encrypted (`by`), on which day (`on`), and `why`.
    """

    encryption: str = "zip"
    secret_by: str | None = None
    open: Mapping[str, str] | None = None

    def one_channel(self) -> str:
        """A sentence that no second channel is set for the words; empty: one is, or there are no words."""
        if self.encryption not in ("zip", PORTAL) or self.secret_by is not None:
            return ""
        return "No second channel is set for the words (`secret_by`): an officer reads them out."

    def left_open(self) -> str:
        """A sentence that bundles are not encrypted, by whose decision; empty: they are."""
        if self.open is None:
            return ""
        by, day, why = (self.open[name] for name in ("by", "on", "why"))
        return f"Bundles lie there open: {by} decided so on {day} ({why})."


@dataclass(frozen=True)
class DestinationOptions:
    """Options of a destination, read once.

    Attributes:
        what: the destination, as errors call it.
        values: by name, those of its kind too.
    """

    PAGE: ClassVar = "docs/operator/operations.md"

    what: str
    values: Mapping[str, Any]

    def of_its_kind(self) -> dict[str, Any]:
        """Those that its kind takes.

        Raises:
            ConfigurationError: one of the others does not fit.
        """
        self.fetched_at()
        self.serves("", "")
        self.protection()
        return {name: value for name, value in self.values.items() if name not in _OF_US}

    def days(self) -> int:
        """Most days that a bundle lies there.

        Raises:
            ConfigurationError: it is no number from 1 to `MOST_DAYS`.
        """
        days = self.values.get("days", MOST_DAYS)
        if not (isinstance(days, int) and 0 < days <= MOST_DAYS):
            raise self._unfit(f"'days' is no number from 1 to {MOST_DAYS}")
        return days

    def fetched_at(self) -> tuple[str, int] | None:
        """Where a person fetches a bundle, with `{file}`, and how many days it is there.

        Of a portal, `{file}` is the delivery's own link.

        None: there is no address that the person can open, so an officer says where it is.

        Raises:
            ConfigurationError: the options do not fit.
        """
        link, days = self.values.get("link"), self.days()
        if self.is_portal:
            return f"{self._public()}/o/{{file}}", days
        if "public" in self.values:
            raise self._unfit("'public' goes with 'kind': 'portal' alone")
        if link is None:
            return None
        if not (isinstance(link, str) and link.startswith("https://") and "{file}" in link):
            raise self._unfit("'link' is no https address with {file} in it")
        return link, days

    @property
    def is_portal(self) -> bool:
        """Whether people fetch bundles there from a page of ours."""
        return self.values.get("kind") == PORTAL

    def _public(self) -> str:
        public = self.values.get("public")
        if not (isinstance(public, str) and public.startswith(("https://", "http://127.0.0.1:"))):
            raise self._unfit("'public' is no https address: the beginning of what people type")
        if "link" in self.values:
            raise self._unfit("'link' does not go with 'kind': 'portal', which has 'public'")
        return public.rstrip("/")

    @property
    def names_whom(self) -> bool:
        """Whether they say for whom the destination is."""
        return bool(self.values.keys() & {*_SERVING})

    def serves(self, to: str, by: str) -> bool:
        """Whether it is for a recipient and a way; empty: whatever it is.

        Raises:
            ConfigurationError: the options do not fit.
        """
        ways, party = self.values.get("ways", []), self.values.get("to", "")
        if not (isinstance(ways, list) and set(ways) <= set(ANSWER_BY[:-1])):
            raise self._unfit(f"'ways' is no list of {', '.join(ANSWER_BY[:-1])}")
        if party not in ("", *ANSWER_TO):
            raise self._unfit(f"'to' is none of {', '.join(ANSWER_TO)}")
        return (not ways or not by or by in ways) and (not to or party in ("", to))

    def protection(self) -> Protection:
        """How bundles are protected; where nothing is said, by a ZIP under AES-256.

        Raises:
            ConfigurationError: the options do not fit, or leave bundles open for no reason.
        """
        encryption, opened = self.values.get("encryption", "zip"), self.values.get("open")
        secret_by = self.values.get("secret_by")
        if self.is_portal and self.values.keys() & {"encryption", "open"}:
            raise self._unfit(
                "'encryption' and 'open' do not go with 'kind': 'portal', which always encrypts"
            )
        if secret_by is not None and secret_by not in SECRET_WAYS:
            raise self._unfit(f"'secret_by' is none of {', '.join(SECRET_WAYS)}")
        if self.is_portal:
            return Protection(PORTAL, secret_by)
        if encryption not in (*ENCRYPTIONS, _NONE):
            raise self._unfit(f"'encryption' is none of {', '.join((*ENCRYPTIONS, _NONE))}")
        if encryption != _NONE and opened is not None:
            raise self._unfit("'open' goes with 'encryption': 'none' alone")
        if encryption == _NONE and not _is_decision(opened):
            raise self._unfit(
                "'encryption' is 'none' without a decision: name in 'open' who decided it (by), on which "
                "day (on: YYYY-MM-DD, no later than today) and why (why), or take 'encryption' out: then "
                "bundles are encrypted"
            )
        return Protection(encryption, secret_by, opened)

    def _unfit(self, fault: str) -> ConfigurationError:
        return ConfigurationError(f"Of {self.what}, {fault}.", remedy=f"{self.PAGE} shows them.")


def _is_decision(opened: Any) -> bool:
    """Whether a person decided that bundles are left open, on a day that has begun, and for a reason."""
    if not isinstance(opened, dict) or opened.keys() != {"by", "on", "why"}:
        return False
    if not all(isinstance(value, str) and value.strip() for value in opened.values()):
        return False
    try:
        return date.fromisoformat(opened["on"]) <= (utc_now() + _AHEAD).date()
    except ValueError:
        return False
