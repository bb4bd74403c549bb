"""docs/trail.md says what the code does: every code of a finding, every setting, the example."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from afschrift.audit.verify_register import SENTENCES
from afschrift.domain.event import Header, payload_digest
from afschrift.register.trail.checkpoint import parse

PRODUCT = (
    "register/trail/verification.py",
    "register/trail/segments.py",
    "register/trail/checkpoint.py",
    "witnesses/checkpoints.py",
)
CODE = r"(?:gap|broken_link|clock_untold|[a-z_]+_[a-z_]+)"


@pytest.fixture(scope="module")
def page(project_root: Path) -> str:
    return (project_root / "docs" / "trail.md").read_text(encoding="utf-8")


def codes_of_the_product(project_root: Path) -> set[str]:
    source = "\n".join((project_root / "plugins/afschrift" / name).read_text() for name in PRODUCT)
    patterns = (
        rf'Finding\(\s*"({CODE})"',
        rf'_find\(\s*"({CODE})"',
        rf'return "({CODE})", ',
        rf'fault, seq = \("({CODE})"',
    )
    found = {code for pattern in patterns for code in re.findall(pattern, source)}
    return found | {"gap", "broken_link"}


def test_every_code_of_a_difference_is_there(page: str) -> None:
    part = page[page.index("## What the service alone can check") : page.index("## Years")]
    assert set(re.findall(r"`((?:event|payload|register|row|key|schema)_[a-z_]+)`", part)) - {
        "event_code"
    } == set(SENTENCES)


def test_every_code_of_a_finding_is_there_and_no_other(project_root: Path, page: str) -> None:
    product = codes_of_the_product(project_root)
    tool = (project_root / "tools" / "verify_trail.py").read_text()
    assert len(product) > 20
    steps = page[page.index("## Verification, step by step") : page.index("## How this is tested")]
    named = set(re.findall(rf": `({CODE})`|is `({CODE})`", steps))
    documented = {before or after for before, after in named}
    standalone_only = {"export_cut", "export_unknown"}
    assert documented == product | standalone_only
    # Of a signature, the tool puts the code together.
    of_tool = {code for code in documented if code in tool or re.search(r"_(wrong_key|forged)$", code)}
    of_tool |= {
        f"checkpoint_{code}" for code in ("other_register", "replayed", "unreadable") if f'"{code}"' in tool
    }
    assert of_tool == documented - {"stamp_invalid", "stamp_late"}


def test_the_example_holds(page: str) -> None:
    payload, header, checkpoint = re.findall(r"^\{.*\}$", page, re.MULTILINE)
    salted, fields, file = map(json.loads, (payload, header, checkpoint))
    for line, value in ((payload, salted), (header, fields), (checkpoint, file)):
        assert rfc8785.dumps(value).decode() == line
    example = Header(**fields)
    assert payload_digest(salted["payload"], salted["salt"]) == example.payload_sha256
    assert hashlib.sha256(header.encode()).hexdigest() == example.digest()
    assert f"whose digest is `{example.digest()}`" in page
    made = parse(file)
    assert (made.statement.seq, made.statement.head, made.statement.register) == (
        1,
        example.digest(),
        example.digest(),
    )
    assert f"the file `{made.name}`" in page
    raw = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).public_key().public_bytes_raw()
    assert f"`{raw.hex()}`" in page
    assert hashlib.sha256(raw).hexdigest()[:32] == made.statement.key_id
    Ed25519PublicKey.from_public_bytes(raw).verify(
        bytes.fromhex(made.signature), rfc8785.dumps(file["checkpoint"])
    )


def test_settings_events_and_options_are_there(project_root: Path, page: str) -> None:
    settings = (project_root / "plugins/afschrift/app/settings.py").read_text()
    for name in re.findall(r"AFSCHRIFT_(?:WITNESS|TRAIL)_[A-Z_<>]*", settings):
        assert name.rstrip("_") in page
    for kind in ("clock_went_back", "payloads_erased", "segment_dropped", "trail_exported"):
        assert f"\n- `{kind}`: " in page
    for kind in ("checkpoint_made", "checkpoint_sent", "checkpoint_not_sent"):
        assert f"\n- `{kind}`: " in page
    for option in ("`server`", "`sender`", "`roots`"):
        assert option in page
