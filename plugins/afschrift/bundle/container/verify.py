"""Verifies a bundle offline, trusting only a signature by a known key; unpacks bundles that are valid.

Plain BagIt libraries accept an extra file next to the payload, a `fetch.txt`, a removed tag manifest, and
removed payload with rewritten manifests. Here every file must be named in a manifest, every manifest in the
tag manifest, and the tag manifest is signed.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from afschrift.bundle.container import agreement, layout
from afschrift.bundle.container.agreement import Coverage, CsvCounter, Package
from afschrift.bundle.container.container import (
    Container,
    FolderContainer,
    RefusedContainerError,
    UnpackLimits,
    ZipContainer,
)
from afschrift.bundle.container.report import BundleProblem, Flaw, Report, problem
from afschrift.bundle.container.seal import Sealed, read_document, read_seal
from afschrift.domain.errors import BundleError, ConfigurationError

_REQUIRED = (
    layout.BAGIT,
    layout.BAG_INFO,
    layout.MANIFEST,
    layout.TAG_MANIFEST,
    layout.SIGNATURE,
    layout.DATAPACKAGE,
    layout.COVERAGE,
    layout.REDACTIONS,
)
# The tag manifest cannot name itself, nor its signature.
_OUTSIDE = frozenset({layout.TAG_MANIFEST, layout.SIGNATURE})


def verify(path: Path, trusted: Mapping[str, bytes], limits: UnpackLimits | None = None) -> Report:
    """Verify a ZIP file or an unpacked folder; nothing is written, nothing is fetched.

    Args:
        path: the ZIP file, or the folder with `bagit.txt`.
        trusted: key id -> raw 32 bytes of the public key.
        limits: limits on unpacking.

    Returns:
        The report. A damaged or hostile bundle gives a report with problems, never an exception.
    """
    limits = limits or UnpackLimits()
    try:
        with open_bundle(path, limits) as container:
            return check(container, trusted, limits)
    except RefusedContainerError as refused:
        return Report(problems=refused.problems)


@contextmanager
def open_bundle(path: Path | BinaryIO, limits: UnpackLimits) -> Iterator[Container]:
    """Open a bundle with harmless names and sizes; one that is open already stays open.

    Raises:
        RefusedContainerError: they are not harmless, or there is no bundle.
    """
    if not isinstance(path, Path):
        yield ZipContainer(path, limits)
        return
    if path.is_dir():
        yield FolderContainer(path, limits)
        return
    try:
        file = path.open("rb")
    except OSError:
        raise RefusedContainerError(problem(Flaw.NOT_A_BUNDLE)) from None
    with file:
        yield ZipContainer(file, limits)


def check(container: Container, trusted: Mapping[str, bytes], limits: UnpackLimits) -> Report:
    """Check an opened bundle, from the signature down to each file and row."""
    missing = [problem(Flaw.MISSING, path) for path in _REQUIRED if path not in container.members]
    if layout.FETCH in container.members:
        missing.append(problem(Flaw.FETCH_FILE, layout.FETCH))
    if missing:
        return Report(problems=tuple(missing))
    try:
        sealed = read_seal(container, trusted, limits)
        package = read_document(container, layout.DATAPACKAGE, limits, partial(agreement.read, kind=Package))
        coverage = read_document(container, layout.COVERAGE, limits, partial(agreement.read, kind=Coverage))
    except RefusedContainerError as refused:
        return Report(problems=refused.problems)
    payload = {path: size for path, size in container.members.items() if path.startswith(layout.DATA)}
    counters = {layout.DATA + r.path: CsvCounter() for r in package.resources if r.format == "csv"}
    problems = [
        *sealed.problems(),
        *_same_folder(container, package),
        *_same_files(sealed, container.members.keys()),
        *_same_size(sealed, payload),
        *_same_content(sealed, container, counters),
        *agreement.check_description(package, sealed.payload, payload),
        *agreement.check_rows(package, coverage, {p: c.records for p, c in counters.items()}),
        *agreement.check_files(package, coverage),
    ]
    as_signed = sealed.signer and problem(Flaw.CHANGED, layout.BAG_INFO) not in problems
    return Report(
        problems=tuple(problems),
        signer=sealed.signer,
        trusted=sealed.trusted,
        files=len(payload),
        size=sum(payload.values()),
        rows=sum(table.rows for table in coverage.tables),
        info=sealed.info if as_signed else {},
    )


def _same_folder(container: Container, package: Package) -> Iterator[BundleProblem]:
    """Check the name of the folder in the ZIP file against the description: no digest covers it."""
    if container.root not in (None, package.name):
        yield problem(Flaw.FOLDER_RENAMED, container.root or "")


def _same_files(sealed: Sealed, found: Iterable[str]) -> Iterator[BundleProblem]:
    """Check that files and manifests name the same: payload in one manifest, tag files in the other."""
    present = set(found) - _OUTSIDE
    # A payload path in the tag manifest would hide that the payload manifest lacks it.
    named = {p for p in sealed.payload if p.startswith(layout.DATA)} | {
        p for p in sealed.tags if not p.startswith(layout.DATA)
    }
    for path in sorted(present - named):
        yield problem(Flaw.UNLISTED, path)
    for path in sorted((sealed.payload.keys() | sealed.tags.keys()) - present):
        yield problem(Flaw.MISSING, path)


def _same_size(sealed: Sealed, payload: Mapping[str, int]) -> Iterator[BundleProblem]:
    if sealed.info.get("Payload-Oxum") != f"{sum(payload.values())}.{len(payload)}":
        yield problem(Flaw.SIZE_DIFFERS)


def _same_content(
    sealed: Sealed, container: Container, counters: Mapping[str, CsvCounter]
) -> Iterator[BundleProblem]:
    for path, expected in sorted({**sealed.payload, **sealed.tags}.items()):
        if path not in container.members:
            continue
        try:
            if _digest(container, path, counters.get(path)) != expected:
                yield problem(Flaw.CHANGED, path)
        except RefusedContainerError as refused:
            yield from refused.problems


def _digest(container: Container, path: str, counter: CsvCounter | None) -> str:
    digest = hashlib.sha256()
    for chunk in container.read(path):
        digest.update(chunk)
        if counter:
            counter.feed(chunk)
    return digest.hexdigest()


def unpack(
    path: Path | BinaryIO,
    into: Path,
    trusted: Mapping[str, bytes],
    *,
    accept_untrusted: bool = False,
    limits: UnpackLimits | None = None,
) -> Path:
    """Unpack a ZIP file into a new folder.

    Args:
        path: the ZIP file, or one that is open, to be read from any position.
        into: the folder to make; its parent must exist.
        trusted: key id -> raw 32 bytes of the public key.
        accept_untrusted: also unpack a valid bundle whose key is not trusted.
        limits: limits on unpacking.

    Returns:
        The folder, with `index.html` in it.

    Raises:
        BundleError: the bundle is refused; nothing remains on the disk.
        ConfigurationError: the folder already exists.
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
