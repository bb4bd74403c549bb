"""Write docs/licences.md: under which licence each package stands that runs with Afschrift.

`python tools/licences_page.py` writes it; with `--check` nothing is written, and the exit status is 1 where
the page differs. A licence that nobody allowed ends it with 2, and the package's name.
"""

from __future__ import annotations

import sys
from collections import Counter

from license_expression import LicenseSymbol
from locked import ROOT, SPDX, Package, packages

PAGE = ROOT / "docs" / "licences.md"
ALLOWED = {
    "0BSD": "nothing",
    "Apache-2.0": "keep its licence and its NOTICE",
    "Artistic-1.0-Perl": "pass it on unchanged, with its licence",
    "BSD-2-Clause": "keep its licence",
    "BSD-3-Clause": "keep its licence",
    "CC0-1.0": "nothing",
    "HPND": "keep its licence",
    "ISC": "keep its licence",
    "LGPL-2.1-or-later": "whoever gets a copy must be able to exchange it",
    "LGPL-3.0-only": "whoever gets a copy must be able to exchange it",
    "MIT": "keep its licence",
    "MIT-0": "nothing",
    "MPL-2.0": "pass on its source where you changed it",
    "PSF-2.0": "keep its licence",
    "Unlicense": "nothing",
    "Zlib": "keep its licence",
}
"""Licences that fit Apache-2.0 as Afschrift uses the packages, with what whoever passes a copy on must do."""
HEAD = """# Licences of what runs with Afschrift

Made by `python tools/licences_page.py` from `constraints.txt` and the metadata of the packages; a test
holds them together, and refuses a licence that is not in the second table. Afschrift itself is under
[Apache-2.0](../LICENSE) and has no code of these packages in it: they are installed beside it, unchanged.
What only tests and development need is not listed. *OR* leaves the choice to you.

This page tells what the packages say of themselves, for Linux and macOS. It is no legal advice, and of what
a package has compiled into it (libpq and OpenSSL in `psycopg-binary`, for one) it tells nothing.

## If you pass it on

Using Afschrift within an organisation passes nothing on. An image or a disk that goes to somebody else does:

- **LGPL** (`psycopg`, `psycopg-binary`, `python-stdnum`): leave them installed as packages of their own, as
  pip and uv do, with their licences. Then whoever gets the copy can put another version in their place,
  which is what the licence asks. Do not freeze them into one executable, and pass on the source of what you
  changed.
- **MPL**: pass on the source of the files that you changed of such a package; unchanged ones need no more
  than their licence.
- **All others**: leave the licence files where they are, in `*.dist-info`.

"""


def page(found: list[Package]) -> str:
    """The whole page.

    Raises:
        LookupError: A package stands under no allowed licence.
    """
    rows = [f"| {one.name} | {', '.join(pin.version for pin in one.pins)} | {one.licence} |" for one in found]
    used = Counter(licence for one in found for licence in _accepted(one))
    terms = [f"| {licence} | {used[licence]} | {do} |" for licence, do in ALLOWED.items() if used[licence]]
    return (
        f"{HEAD}## {len(found)} packages\n\n| Package | Version | Licence |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n\n## Allowed licences\n\n| Licence | Packages | If you pass it on |\n|---|---|---|\n"
        + "\n".join(terms)
        + "\n"
    )


def _accepted(one: Package) -> set[str]:
    """The licences that a package is used under: all of an AND, and of an OR those that are allowed."""
    tree = SPDX.parse(one.licence)
    taken = _choose(tree)
    if taken is None:
        raise LookupError(
            f"{one.name} is under {one.licence}, which nobody allowed. Do without it, or read the licence "
            "and enter it in ALLOWED of tools/licences_page.py."
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
    """Write the page, or compare it."""
    try:
        text = page(packages())
    except LookupError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if "--check" in sys.argv:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
