"""docs/trail.md and docs/bundle.md say what the code does: every code, key, label and member, and the examples."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from tests.unit.bundle.bundle_example import Example
from tests.unit.bundle.bundle_tampering import files_of
from tests.unit.docs.doc_pages import ROOT, codes, section, text_of

from afschrift.audit.against_logs import WORDS, WRITTEN_BY
from afschrift.audit.sentences import parse as parse_line
from afschrift.audit.verify_register import SENTENCES
from afschrift.bundle.container import layout
from afschrift.bundle.container.seal import read_bag_info
from afschrift.bundle.description.fields import Why
from afschrift.domain.event import Header, payload_digest
from afschrift.domain.extracted import MissingFile, Seen, Upload
from afschrift.domain.value_kind import ValueKind
from afschrift.register.trail.checkpoint import parse

TRAIL, BUNDLE = text_of("trail.md"), text_of("bundle.md")
LOGS = section(TRAIL, "Task logs")
PRODUCT = (
    *(f"register/trail/{name}.py" for name in ("verification", "segments", "checkpoint")),
    "witnesses/checkpoints.py",
)
CODE = r"(?:gap|broken_link|clock_untold|[a-z_]+_[a-z_]+)"
MADE = (
    rf'Finding\(\s*"({CODE})"',
    rf'_find\(\s*"({CODE})"',
    rf'return "({CODE})", ',
    rf'fault, seq = \("({CODE})"',
)
NAMED = {word for code in codes(BUNDLE) for word in (code, code.strip('"'))}

# The members of these are names of the source and languages, not keys of the format.
FREE = {
    *(f"afschrift:{name}" for name in ("titles", "descriptions", "meanings", "notes", "codes")),
    *("afschrift:valueForms", "afschrift:vocabularies", "titles", "key", "contributors"),
}


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_every_code_of_a_difference_and_of_a_log_is_there() -> None:
    part = TRAIL[TRAIL.index("## What the service alone can check") : TRAIL.index("## Years")]
    differences = set(re.findall(r"`((?:event|payload|register|row|key|schema)_[a-z_]+)`", part))
    assert differences - {"event_code"} == set(SENTENCES)
    assert set(re.findall(r"^\| `(log_\w+)` \|", LOGS, re.MULTILINE)) == WORDS.keys() | {"log_lacks_event"}
    [named] = re.findall(r"what steps of a run alone append \(([^)]+)\)", LOGS)
    assert codes(named) == list(WRITTEN_BY)
    shown = [parse_line(line) for line in LOGS.splitlines() if line.startswith("trail #")]
    assert [line and line.type for line in shown] == ["plan_frozen", "extracted"]


def test_every_code_of_a_finding_is_there_and_no_other() -> None:
    source = "\n".join(read(f"plugins/afschrift/{name}") for name in PRODUCT)
    product = {code for pattern in MADE for code in re.findall(pattern, source)} | {"gap", "broken_link"}
    tool = read("tools/verify_trail.py")
    assert len(product) > 20
    steps = TRAIL[TRAIL.index("## Verification, step by step") :]
    named = set(re.findall(rf": `({CODE})`|is `({CODE})`", steps))
    documented = {before or after for before, after in named}
    standalone_only = {"export_cut", "export_unknown"}
    assert documented == product | standalone_only
    # Of a signature, the tool puts the code together.
    of_tool = {code for code in documented if code in tool or re.search(r"_(wrong_key|forged)$", code)}
    parts = ("other_register", "replayed", "unreadable")
    of_tool |= {f"checkpoint_{code}" for code in parts if f'"{code}"' in tool}
    assert of_tool == documented - {"stamp_invalid", "stamp_late"}


def test_the_example_of_the_trail_holds() -> None:
    payload, header, checkpoint = re.findall(r"^\{.*\}$", TRAIL, re.MULTILINE)
    salted, fields, file = map(json.loads, (payload, header, checkpoint))
    for line, value in ((payload, salted), (header, fields), (checkpoint, file)):
        assert rfc8785.dumps(value).decode() == line
    example = Header(**fields)
    assert payload_digest(salted["payload"], salted["salt"]) == example.payload_sha256
    assert hashlib.sha256(header.encode()).hexdigest() == example.digest()
    assert f"whose digest is `{example.digest()}`" in TRAIL
    made = parse(file)
    statement, digest = made.statement, example.digest()
    assert (statement.seq, statement.head, statement.register) == (1, digest, digest)
    assert f"the file `{made.name}`" in TRAIL
    raw = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).public_key().public_bytes_raw()
    assert f"`{raw.hex()}`" in TRAIL
    assert hashlib.sha256(raw).hexdigest()[:32] == statement.key_id
    signed = rfc8785.dumps(file["checkpoint"])
    Ed25519PublicKey.from_public_bytes(raw).verify(bytes.fromhex(made.signature), signed)


def test_settings_events_and_options_are_there() -> None:
    settings = re.findall(r"AFSCHRIFT_(?:WITNESS|TRAIL)_[A-Z_<>]*", read("plugins/afschrift/app/settings.py"))
    kinds = ("clock_went_back", "payloads_erased", "segment_dropped", "trail_exported")
    kinds += ("checkpoint_made", "checkpoint_sent", "checkpoint_not_sent")
    wanted = [*(name.rstrip("_") for name in settings), *(f"\n- `{kind}`: " for kind in kinds)]
    assert [words for words in (*wanted, "`server`", "`sender`", "`roots`") if words not in TRAIL] == []


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """A bundle that has every kind of thing in it."""
    example = Example(language="en")
    entry = example.stage("files/shop/orders/000001.png", "upload", b"photo", {})
    rich = {
        "seen": Seen(codes={"status": ("S",)}),
        "uploads": (Upload(entry, "status", 1, "image/png", "x.png", {"order_id": "B-1"}),),
        "missing": (MissingFile("status", 2, "not_found"),),
    }
    extracts = tuple(
        replace(e, tables=tuple(replace(t, **rich) if t.table == "orders" else t for t in e.tables))
        for e in example.contents.extracts
    )
    example.contents = replace(example.contents, extracts=extracts)
    return files_of(example.zip())


def keys(document: Any) -> Iterator[str]:
    if isinstance(document, list):
        for item in document:
            yield from keys(item)
    elif isinstance(document, dict):
        for key, value in document.items():
            yield key
            if key == "afschrift:purposes" and isinstance(value, dict):
                yield from (k for source in value.values() for purpose in source.values() for k in purpose)
            elif key not in FREE:
                yield from keys(value)


@pytest.mark.parametrize("member", ["datapackage", "coverage", "redactions"])
def test_every_key_of_the_bundle(member: str, files: dict[str, bytes]) -> None:
    found = set(keys(json.loads(files[f"data/{member}.json"])))
    assert len(found) > 5
    assert found - NAMED == set()


def test_every_member_label_kind_and_reason_of_the_bundle(files: dict[str, bytes]) -> None:
    assert json.loads(files["data/information.json"]).keys() - NAMED == set()
    assert read_bag_info(files["bag-info.txt"]).keys() - NAMED == set()
    patterns = [
        re.sub(r"<\w+>", r"[^/]+", re.escape(name).replace(r"\<", "<").replace(r"\>", ">"))
        for name in NAMED
        if "." in name
    ]
    assert [path for path in files if not any(re.fullmatch(pattern, path) for pattern in patterns)] == []
    assert {kind.value for kind in ValueKind} <= NAMED
    assert {why.value for why in Why} <= NAMED
    assert BUNDLE.startswith(f"# The bundle: format {layout.FORMAT_VERSION}\n")
