"""The register has no plain SHA-256 of a person's file: anyone with the source could compute it too."""

from __future__ import annotations

import hashlib
from pathlib import Path

from testbed.running import members, run, store
from tests.support.driving import ANN, payloads
from tests.support.remains import rows_of

from afschrift.services import Services


def test_no_plain_digest_of_a_file_is_kept_while_the_request_lives(
    services: Services, tmp_path: Path
) -> None:
    requests = [store(services, ANN, "portability", formats=["csv", "json"]) for _ in range(2)]
    bundle, _ = [run(services, request) for request in requests]
    plain = {hashlib.sha256(content).hexdigest() for content in members(bundle).values()}

    kept = repr(rows_of(tmp_path / "home" / "register.db"))
    first, second = [payloads(services, request, "extracted")[0]["files"] for request in requests]

    assert any(path.startswith("shop/") for path in first)
    assert first == second  # so that a later answer can be compared with an earlier one
    assert [entry for entry in plain if entry in kept] == []
