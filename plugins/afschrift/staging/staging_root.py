"""The folder or object store of all that is staged."""

from __future__ import annotations

from upath import UPath

from afschrift.app.options import read_options
from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError


def staging_root(settings: Settings) -> UPath:
    """The place, with the credentials that it needs.

    Raises:
        ConfigurationError: its options cannot be read, or do not fit its address.
    """
    if settings.staging_options is None:
        return UPath(settings.staging)
    options = read_options(
        settings.staging_options, "staging (AFSCHRIFT_STAGING_OPTIONS)", "docs/settings.md"
    )
    try:
        root: UPath = UPath(settings.staging, **options)
    except (ImportError, TypeError, ValueError) as error:  # its text may quote what was given
        raise ConfigurationError(
            f"The place for staging cannot be used with its options ({type(error).__name__}).",
            remedy="correct AFSCHRIFT_STAGING and AFSCHRIFT_STAGING_OPTIONS; an object store needs its "
            "library (s3fs, gcsfs).",
        ) from None
    return root
