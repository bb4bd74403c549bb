"""Why a bundle cannot be used, in words for a person."""

from __future__ import annotations


class UnusableBundleError(Exception):
    """A bundle, or a part of it, that cannot be used; the message says what to do.

    Attributes:
        reason: for programs: `damaged`, `other_signer`, `newer`, `locked`, `not_found`, `bad_key`,
            `not_installed`, `too_large`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def damaged(what: str, remedy: str = "Ask for the file again.") -> UnusableBundleError:
    """The bundle is not as it was made."""
    return UnusableBundleError("damaged", f"This bundle is not as it was made: {what}. {remedy}")


def not_installed(extra: str) -> UnusableBundleError:
    """A package of an extra is missing."""
    message = f"A package is missing. Install it: pip install 'afschrift-bundles[{extra}]'"
    return UnusableBundleError("not_installed", message)
