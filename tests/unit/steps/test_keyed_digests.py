"""The register has no plain SHA-256 of a person's file: anyone with the source could compute it too."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from testbed.running import run, store
from tests.support.remains import rows_of

from afschrift.services import Services

ANN = {"customer_id": "1"}


def test_no_plain_digest_of_a_file_is_kept_while_the_request_lives(
    services: Services, tmp_path: Path
) -> None:
    requests = [store(services, ANN, "portability", formats=["csv", "json"]) for _ in range(2)]
    bundle = run(services, requests[0])
    run(services, requests[1])
    with zipfile.ZipFile(bundle) as archive:
        plain = {hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}

    kept = repr(rows_of(tmp_path / "home" / "register.db"))
    files = [_files(services, request) for request in requests]

    assert files[0].keys() == files[1].keys()
    assert any(path.startswith("shop/") for path in files[0])
    assert files[0] == files[1]  # so that a later answer can be compared with an earlier one
    assert [entry for entry in plain if entry in kept] == []


def _files(services: Services, request: str) -> dict[str, str]:
    """Path -> digest of each file, as the events tell it."""
    payloads = [
        payload for header, payload in services.register.trail.events(request) if header.type == "extracted"
    ]
    return {path: digest for payload in payloads if payload for path, digest in payload["files"].items()}
