"""The result of a verification: problems as data, and what a valid bundle states about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Flaw(StrEnum):
    """Why a bundle is refused."""

    NOT_A_BUNDLE = "not_a_bundle"
    DAMAGED_ZIP = "damaged_zip"
    SPECIAL_FILE = "special_file"
    UNSAFE_NAME = "unsafe_name"
    COLLIDING_NAME = "colliding_name"
    NOT_ONE_FOLDER = "not_one_folder"
    FOLDER_RENAMED = "folder_renamed"
    TOO_MANY_FILES = "too_many_files"
    TOO_LARGE = "too_large"
    FETCH_FILE = "fetch_file"
    MISSING = "missing"
    UNLISTED = "unlisted"
    UNREADABLE = "unreadable"
    UNKNOWN_VERSION = "unknown_version"
    SIGNATURE_INVALID = "signature_invalid"
    CHANGED = "changed"
    SIZE_DIFFERS = "size_differs"
    DESCRIPTION_DIFFERS = "description_differs"
    ROWS_DIFFER = "rows_differ"
    FILES_DIFFER = "files_differ"


SENTENCES = {
    Flaw.NOT_A_BUNDLE: "This is neither a ZIP file nor the folder of a bundle.",
    Flaw.DAMAGED_ZIP: "The ZIP file is not as it was packed: it is damaged, packed anew by another program, "
    "or built so that programs read different things in it.",
    Flaw.SPECIAL_FILE: "This is a link, a folder entry or a device instead of an ordinary file.",
    Flaw.UNSAFE_NAME: "This name could be written outside the folder, or is not possible on every system.",
    Flaw.COLLIDING_NAME: "Some systems take this file for another one of the bundle.",
    Flaw.NOT_ONE_FOLDER: "A bundle is one folder with everything in it.",
    Flaw.FOLDER_RENAMED: "The folder in the ZIP file has another name than when it was signed.",
    Flaw.TOO_MANY_FILES: "There are more files in it than the limit allows.",
    Flaw.TOO_LARGE: "Unpacked, it is larger than the limit allows.",
    Flaw.FETCH_FILE: "The bag asks to fetch files from elsewhere, which a bundle never does.",
    Flaw.MISSING: "This file is missing.",
    Flaw.UNLISTED: "This file was added: no manifest names it.",
    Flaw.UNREADABLE: "This file has not the form that a bundle needs.",
    Flaw.UNKNOWN_VERSION: "This version of the bundle format is not known.",
    Flaw.SIGNATURE_INVALID: "The signature does not fit: the bundle was changed after it was signed.",
    Flaw.CHANGED: "The content was changed.",
    Flaw.SIZE_DIFFERS: "The number of files or bytes is not what the bag says.",
    Flaw.DESCRIPTION_DIFFERS: "The description of this file does not fit the file.",
    Flaw.ROWS_DIFFER: "The number of rows is not what the coverage says.",
    Flaw.FILES_DIFFER: "The number of uploaded files is not what the coverage says.",
}


@dataclass(frozen=True)
class BundleProblem:
    """A reason to refuse, and the file that it is about (escaped; empty for the whole bundle)."""

    code: Flaw
    place: str = ""

    def __str__(self) -> str:
        sentence = SENTENCES[self.code]
        return f"{self.place}: {sentence}" if self.place else sentence


def problem(code: Flaw, path: str = "") -> BundleProblem:
    """Make a problem at a path; the path is untrusted, and is escaped for terminals."""
    return BundleProblem(code, ascii(path)[1:-1][:200])


@dataclass(frozen=True)
class Report:
    """The outcome of a verification.

    Attributes:
        signer: id of the signing key; None if the signature is not valid.
        trusted: the signing key is in the trust store.
        files, size, rows: of the payload; size in bytes.
        info: the signed `bag-info.txt` by label; empty if it was changed after signing.
    """

    problems: tuple[BundleProblem, ...] = ()
    signer: str | None = None
    trusted: bool = False
    files: int = 0
    size: int = 0
    rows: int = 0
    info: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it is complete and the signature is valid; `trusted` says whether the signer is known."""
        return not self.problems

    @property
    def request(self) -> str:
        """Id of the request."""
        return self.info.get("External-Identifier", "")

    @property
    def right(self) -> str:
        """`access` or `portability`."""
        return self.info.get("Afschrift-Right", "")

    @property
    def sealed_at(self) -> str:
        """RFC 3339 instant of sealing."""
        return self.info.get("Afschrift-Sealed-At", "")

    @property
    def trail(self) -> tuple[int | str, str]:
        """The audit trail's last event at sealing: its number, or when it was sealed; and its digest."""
        # The number counts what happened between two bundles, so bundles no longer have it.
        seq = self.info.get("Afschrift-Trail-Seq")
        return int(seq) if seq else self.sealed_at, self.info.get("Afschrift-Trail-Head", "")

    @property
    def exit_code(self) -> int:
        """0: valid and trusted. 3: valid, signed by a key that is not trusted. 1: refused."""
        if not self.ok:
            return 1
        return 0 if self.trusted else 3
