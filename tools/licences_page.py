"""Print the page *Licences* of the site: the licence of each package that runs with Afschrift.

`python tools/licences_page.py`. A licence that is not in `ALLOWED` ends it with 2 and the package's name.
"""

from __future__ import annotations

import sys
from collections import Counter

from license_expression import LicenseSymbol
from locked import SPDX, Package, packages

ALLOWED = {
    "0BSD": "nothing",
    "Apache-2.0": "keep its licence and its NOTICE",
    "Artistic-1.0-Perl": "pass it on unchanged, with its licence",
    "BSD-2-Clause": "keep its licence",
    "BSD-3-Clause": "keep its licence",
    "CC0-1.0": "nothing",
    "HPND": "keep its licence",
    "ISC": "keep its licence",
    "LGPL-2.1-or-later": "the recipient must be able to exchange it",
    "LGPL-3.0-only": "the recipient must be able to exchange it",
    "MIT": "keep its licence",
    "MIT-0": "nothing",
    "MPL-2.0": "pass on its source where you changed it",
    "PSF-2.0": "keep its licence",
    "Unlicense": "nothing",
    "Zlib": "keep its licence",
}
"""Licences that fit Apache-2.0 as Afschrift uses the packages, with what to do if you pass a copy on."""
HEAD = """# Licences

Licences of the packages that run with Afschrift on Linux and macOS, from their metadata. Packages that
only tests and development need are not listed. Afschrift itself is under Apache-2.0 and contains no code
of these packages: they are installed unchanged. *OR* leaves the choice to you. The list does not cover
what a package has compiled into it, such as libpq and OpenSSL in `psycopg-binary`, and it is no legal
advice.

## If you pass a copy on

Use within your organisation passes nothing on. An image or disk that goes to another party does:

- **LGPL** (`psycopg`, `psycopg-binary`, `python-stdnum`): leave them installed as separate packages with
  their licences, as pip and uv do, so that the recipient can replace them. Do not freeze them into one
  executable, and pass on the source of what you changed.
- **MPL**: pass on the source of the files that you changed.
- **All others**: leave the licence files in `*.dist-info`.

"""


def page() -> str:
    """Return the page.

    Raises:
        LookupError: A package is under no allowed licence.
    """
    found = packages()
    rows = [
        f"| {package.name} | {', '.join(pin.version for pin in package.pins)} | {package.licence} |"
        for package in found
    ]
    used = Counter(licence for package in found for licence in _accepted(package))
    terms = [f"| {licence} | {used[licence]} | {do} |" for licence, do in ALLOWED.items() if used[licence]]
    return (
        f"{HEAD}## {len(found)} packages\n\n| Package | Version | Licence |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n\n## Allowed licences\n\n| Licence | Packages | If you pass it on |\n|---|---|---|\n"
        + "\n".join(terms)
        + "\n"
    )


def _accepted(package: Package) -> set[str]:
    """The licences that a package is used under: all of an AND, and of an OR those that are allowed."""
    tree = SPDX.parse(package.licence)
    taken = _choose(tree)
    if taken is None:
        raise LookupError(
            f"{package.name} is under {package.licence}, which is not allowed. Do without it, or read the "
            "licence and enter it in ALLOWED of tools/licences_page.py."
        )
    return taken


def _choose(tree: object) -> set[str] | None:
    if isinstance(tree, LicenseSymbol):
        return {str(tree)} if str(tree) in ALLOWED else None
    parts = [_choose(part) for part in tree.args]  # type: ignore[attr-defined]
    known = [part for part in parts if part is not None]
    if not known or (isinstance(tree, SPDX.AND) and len(known) < len(parts)):
        return None
    return set().union(*known)


def main() -> int:
    """Print the page."""
    try:
        sys.stdout.write(page())
    except LookupError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
