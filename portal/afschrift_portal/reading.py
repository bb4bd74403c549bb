"""Pages of a bundle that can be read without a download: they are found in the ZIP by random access."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator

from afschrift_portal.container import CHUNK, ContainerError, Decryptor

PAGES = {"overview": "index.html", "information": "data/information.html"}
SANDBOX = (
    "sandbox allow-same-origin; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""No script of the bundle runs; the origin stays, or a link within it would lose the cookie."""
LARGEST = 64 * 1024 * 1024


def find_pages(content: Decryptor) -> list[str]:
    """Paths of the pages that a bundle has; none of a file that is no ZIP."""
    try:
        with zipfile.ZipFile(content) as bundle:
            members = {name.partition("/")[2]: member for name, member in bundle.NameToInfo.items()}
    except (zipfile.BadZipFile, ContainerError, OSError, ValueError):
        return []
    return [path for path in PAGES.values() if path in members and members[path].file_size <= LARGEST]


def read_page(content: Decryptor, path: str) -> Iterator[bytes]:
    """The text of a page, in pieces."""
    try:
        with zipfile.ZipFile(content) as bundle:
            name = next(name for name in bundle.namelist() if name.partition("/")[2] == path)
            with bundle.open(name) as page:
                yield from iter(lambda: page.read(CHUNK), b"")
    except (zipfile.BadZipFile, zlib.error, ContainerError) as error:
        raise ConnectionAbortedError from error
    finally:
        content.close()
