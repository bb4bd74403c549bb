"""Unpacks a bundle, after it was verified and with another look at what lies on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from afschrift.bundle.container.container import Container, RefusedContainerError, UnpackLimits
from afschrift.bundle.container.report import Report
from afschrift.bundle.container.verify import check, open_bundle, verify
from afschrift.domain.errors import BundleError, ConfigurationError


def unpack(
    path: Path,
    into: Path,
    trusted: Mapping[str, bytes],
    *,
    accept_untrusted: bool = False,
    limits: UnpackLimits | None = None,
) -> Path:
    """Unpack a ZIP file into a new folder.

    Args:
        path: the ZIP file.
        into: the folder to make; its parent must exist.
        trusted: key id -> raw 32 bytes of the public key.
        accept_untrusted: unpack a whole bundle also where its key is not trusted.
        limits: what is unpacked at most.

    Returns:
        The folder, with `index.html` in it.

    Raises:
        BundleError: the bundle is refused; nothing stays on the disk.
        ConfigurationError: the folder is already there.
    """
    limits = limits or UnpackLimits()
    if into.exists():
        raise ConfigurationError("The folder to unpack into is already there.", remedy="name a new folder.")
    part = into.with_name(f".{into.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with open_bundle(path, limits) as container:
            _accept(check(container, trusted, limits), accept_untrusted)
            _write(container, part)
        # The ZIP file may have been changed between the check and the copy.
        _accept(verify(part, trusted, limits), accept_untrusted)
        part.rename(into)
    except RefusedContainerError as refused:
        raise _refusal(str(refused.problems[0])) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return into


def _accept(report: Report, accept_untrusted: bool) -> None:
    if not report.ok:
        raise _refusal(str(report.problems[0]))
    if not report.trusted and not accept_untrusted:
        raise _refusal(f"It is signed by the key {report.signer}, which is not trusted.")


def _refusal(reason: str) -> BundleError:
    return BundleError(f"The bundle was not unpacked. {reason}", remedy="ask the sender for it again.")


def _write(container: Container, folder: Path) -> None:
    for path in container.members:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as copy:
            copy.writelines(container.read(path))
