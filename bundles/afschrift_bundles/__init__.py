"""Open a bundle of personal data: verified first, then as pandas, Arrow, DuckDB and files."""

from afschrift_bundles.bundle import Bundle, open_bundle
from afschrift_bundles.errors import UnusableBundleError

__all__ = ["Bundle", "UnusableBundleError", "open_bundle"]
