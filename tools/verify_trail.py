"""Verifies an export of the audit trail without Afschrift; docs/trail.md has the formats and the codes.

Keys (PEM): as published, never as the export names them. Heads (SEQ:DIGEST): Afschrift-Trail-Seq and -Head
in a bundle's bag-info.txt. Prints "code seq" for each finding; exit code 0: none, 1: some, 2: unreadable.
"""

import argparse
import hashlib
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import rfc8785
from cryptography.hazmat.primitives.serialization import load_pem_public_key

ZEROS, NAME = "0" * 64, re.compile(r"afschrift-checkpoint-[0-9a-f]{16}-(\d{8})\.json")
findings, gone, seen = [], [], {}  # gone: dropped years; seen: seq -> digest of its header
erased = defaultdict(list)  # request and rule -> seqs without payload
drops, made, erasures = {}, {}, Counter()  # what events tell of dropped years, checkpoints, erased payloads


def expect(ok, code, seq):
    """Note a finding unless all is well."""
    findings.extend([] if ok else [f"{code} {seq}"])


def digest(value):
    """SHA-256 of the canonical JSON (RFC 8785), hex."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def walk(path):
    """Check the chain from the last dropped year on; gives the last seq dropped."""
    expected, prev, at, last_gone, rows = 1, ZEROS, "", 0, map(json.loads, path.open("rb"))
    row = next(rows, {})
    expect(row.get("format") == "afschrift-trail/1", "export_unknown", 0)
    for row in rows:
        if row["kind"] == "segment":
            gone.append(row)
            last_gone, prev = row["segment"]["last_seq"], row["segment"]["closing"]
            expected, seen[last_gone] = last_gone + 1, prev
        elif row["kind"] == "event":
            header, seq = row["header"], row["header"]["seq"]
            code = "broken_link" if seq == expected else "gap"
            expect((seq, header["prev"]) == (expected, prev), code, seq)
            expect(header["at"] >= at or header["type"] == "clock_went_back", "clock_untold", seq)
            check_payload(row, header)
            prev = seen[seq] = digest(header)
            expected, at = seq + 1, header["at"]
        elif row["kind"] == "payload":
            expect(False, "payload_without_event", row["seq"])
    expect((row.get("seq"), row.get("head")) == (expected - 1, prev), "export_cut", expected - 1)
    findings.extend(f"erasure_untold {seqs[0]}" for key, seqs in erased.items() if len(seqs) > erasures[key])
    return last_gone


def check_payload(row, header):
    """Check a payload against its header, and take in what it tells."""
    kind, seq, rule = header["type"], header["seq"], row.get("erased_by")
    if row.get("payload") is None:
        return erased[header["request"], rule].append(seq) if rule else expect(False, "payload_missing", seq)
    try:
        payload = json.loads(row["payload"])
        wrong = digest({"payload": payload, "salt": row["salt"]}) != header["payload_sha256"]
        if wrong or rfc8785.dumps(payload).decode() != row["payload"]:
            raise ValueError
        if kind == "segment_dropped":
            drops[seq] = dict(payload)
        elif kind == "checkpoint_made":
            made[int(payload["checkpoint"]["number"])] = dict(payload["checkpoint"])
        elif kind == "payloads_erased":
            erasures[payload["request"], payload["rule"]] += int(payload["count"])
    except (KeyError, RecursionError, TypeError, ValueError):
        expect(False, "payload_altered", seq)


def check_dropped(last_gone):
    """Check dropped years against each other and against the events that tell of them."""
    after, previous = 0, ZEROS
    for row in gone:
        one, last, by = row["segment"], row["segment"]["last_seq"], row["event_seq"]
        follows = {"first_seq": after + 1, "count": last - after, "previous": previous}
        expect(one | follows == one, "segment_broken", last)
        expect(drops.get(by) == one or by <= last_gone != last, "segment_untold", last)
        after, previous = last, digest(one)
    findings.extend(f"segment_missing {seq}" for seq in drops.keys() - {row["event_seq"] for row in gone})


def signed(path, keys):
    """The statement of a checkpoint that is one of this register, signed with a trusted key; else None."""
    code, seq, named = "checkpoint_unreadable", 0, NAME.search(path.name)
    try:
        file = json.loads(path.read_bytes())
        one = file["checkpoint"]
        if (one["format"], len(one), len(file)) != ("afschrift-checkpoint/1", 9, 2):
            raise ValueError
        code, seq = "checkpoint_wrong_key", one["seq"]
        key, code = keys[one["key_id"]], "checkpoint_forged"
        key.verify(bytes.fromhex(file["signature"]), rfc8785.dumps(one))
    except Exception:  # whatever a forger made of it
        return expect(False, code, seq)
    ours = one["register"] == (gone[0]["segment"]["register"] if gone else seen.get(1))
    ok = ours and (not named or int(named[1]) == one["number"])
    return one if ok else expect(False, "checkpoint_replayed" if ours else "checkpoint_other_register", seq)


def check_checkpoints(held, last_gone, oldest):
    """Check genuine checkpoints against each other and against what the trail tells of them."""
    years = [{name: row["segment"][name] for name in ("last_seq", "closing")} for row in gone]
    for number, one in held.items():
        before = held.get(number - 1)
        expect(not before or digest(before) == one["previous"], "checkpoint_chain", one["seq"])
        expect(not one["dropped"] or one["dropped"] in years, "segment_differs", one["seq"])
        expect(one["seq"] <= last_gone or made.get(number) == one, "checkpoint_untold", one["seq"])
    for number in range(min(held, default=max(made, default=1)), max([0, *held, *made]) + 1):
        expect(number in held, "checkpoint_missing", made.get(number, {"seq": 0})["seq"])
    newest = held.get(max(held, default=0), {"at": "", "seq": 0})
    expect(newest["at"] >= oldest, "checkpoint_stale", newest["seq"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("export", type=Path)
    for option in ("--key", "--checkpoint", "--head"):
        parser.add_argument(option, action="append", default=[])
    parser.add_argument("--max-age", type=float, default=48, help="of the newest checkpoint; 0: any")
    args = parser.parse_args()
    loaded = [load_pem_public_key(Path(pem).read_bytes()) for pem in args.key]
    keys = {hashlib.sha256(key.public_bytes_raw()).hexdigest()[:32]: key for key in loaded}
    try:
        last_gone = walk(args.export)
    except (KeyError, OSError, TypeError, ValueError) as error:
        parser.error(f"{args.export} is no export of a trail, or damaged ({error!r})")
    check_dropped(last_gone)
    heads, held = [(int(seq), head) for seq, _, head in (one.partition(":") for one in args.head)], {}
    for path in map(Path, args.checkpoint):
        for file in sorted(path.glob("afschrift-checkpoint-*.json")) if path.is_dir() else [path]:
            if one := signed(file, keys):
                heads.append((one["seq"], one["head"]))
                expect(held.setdefault(one["number"], one) == one, "checkpoint_conflict", one["seq"])
    for seq, head in (one for one in heads if one[0] >= max(last_gone, 1)):
        expect(seen.get(seq) == head, "head_differs" if seq in seen else "head_missing", seq)
    if args.checkpoint:
        oldest = (datetime.now(UTC) - timedelta(hours=args.max_age)).isoformat() if args.max_age else ""
        check_checkpoints(held, last_gone, oldest)
    print("\n".join(findings) or f"whole: event {max(seen, default=0)}, {len(held)} checkpoints agree")  # noqa: T201
    raise SystemExit(bool(findings))
