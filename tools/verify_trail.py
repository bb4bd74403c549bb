"""Verifies an export of the audit trail without Afschrift; docs/trail.md has the formats and the codes.

Keys (PEM): as published. Heads from bag-info.txt of bundles: SEALED-AT:DIGEST; with a number SEQ:DIGEST.
Prints "code seq" for each finding; exit code 0: none, 1: some, 2: unreadable.
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
FORMS = {"checkpoint": ("afschrift-checkpoint/2", 10), "erasure": ("afschrift-erasure/1", 7)}
findings, gone, seen, keys = [], [], {}, {}  # dropped years; seq -> digest of its header; id -> trusted key
aside = []  # events that two people set aside, as the trail says: they stay, and count for nothing
erased = defaultdict(list)  # request and rule -> seqs without payload
drops, made, erasures = {}, {}, {}  # by events: dropped years, checkpoints, erased payloads


def expect(ok, code, seq):
    """Note a finding unless all is well."""
    findings.extend([] if ok else [f"{code} {seq}"])


def digest(value):
    """SHA-256 of the canonical JSON (RFC 8785), hex."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def form(file, name):
    """What is signed in a file or payload, which must have the right form."""
    if (file[name]["format"], len(file[name]), len(file)) != (*FORMS[name], 2):
        raise ValueError
    return file[name]


def fault(file, name):
    """What is wrong with a signature; None: nothing."""
    try:
        key = keys.get(file[name]["key_id"])
        return key.verify(bytes.fromhex(file["signature"]), rfc8785.dumps(file[name])) if key else "wrong_key"
    except Exception:  # whatever a forger made of it
        return "forged"


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
            drops[seq] = {"at": header["at"], **payload}
        elif kind == "set_aside":
            aside.extend(str(of) for of, _ in payload["events"])
        elif kind == "checkpoint_made":
            made[form(payload, "checkpoint")["number"]] = payload
        elif kind == "payloads_erased" and form(payload, "erasure"):
            erasures[seq] = payload
    except (KeyError, RecursionError, TypeError, ValueError):
        expect(False, "payload_altered", seq)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("export", type=Path)
for option in ("--key", "--checkpoint", "--head"):
    parser.add_argument(option, action="append", default=[])
parser.add_argument("--max-age", type=float, default=48, help="of the newest checkpoint; 0: any")
parser.add_argument("--keep-years", type=int, default=5, help="after its end, of a year of the trail")
args = parser.parse_args()
for key in (load_pem_public_key(Path(pem).read_bytes()) for pem in args.key):
    keys[hashlib.sha256(key.public_bytes_raw()).hexdigest()[:32]] = key
expected, prev, at, last_gone, last_year, left = 1, ZEROS, "", 0, 0, ""  # left: when the first one was
try:  # the chain, from the last dropped year on
    rows = map(json.loads, args.export.open("rb"))
    expect((row := next(rows, {})).get("format") == "afschrift-trail/1", "export_unknown", 0)
    for row in rows:
        if row["kind"] == "segment":
            gone.append(row)
            last_gone, prev, last_year = (row["segment"][name] for name in ("last_seq", "closing", "year"))
            expected, seen[last_gone] = last_gone + 1, prev
        elif row["kind"] == "event":
            header, seq = row["header"], row["header"]["seq"]
            code = "broken_link" if seq == expected else "gap"
            expect((seq, header["prev"]) == (expected, prev), code, seq)
            expect(header["at"] >= at or header["type"] == "clock_went_back", "clock_untold", seq)
            check_payload(row, header)
            prev = seen[seq] = digest(header)
            expected, at, left = seq + 1, header["at"], left or header["at"]
        elif row["kind"] == "payload":
            expect(False, "payload_without_event", row["seq"])
except (KeyError, OSError, TypeError, ValueError) as error:
    parser.error(f"{args.export} is no export of a trail, or damaged ({error!r})")
expect((row.get("seq"), row.get("head")) == (expected - 1, prev), "export_cut", expected - 1)

heads, held, places = [], {}, {head: seq for seq, head in seen.items()}
for when, head in (part.rpartition(":")[::2] for part in args.head):
    place = places.get(head, last_gone - 1 if int(when[:4] or 0) <= last_year else 0)
    heads.append((int(when) if when.isdigit() else place, head))
    expect(when.isdigit() or place, "head_missing", 0)
register = gone[0]["segment"]["register"] if gone else seen.get(1)
for path in map(Path, args.checkpoint):
    for file in sorted(path.glob("afschrift-checkpoint-*.json")) if path.is_dir() else [path]:
        try:
            point = form(content := json.loads(file.read_bytes()), "checkpoint")
            replayed = (name := NAME.search(file.name)) and int(name[1]) != point["number"] and "replayed"
            other = "other_register" if point["register"] != register else replayed
            code, seq = fault(content, "checkpoint") or other, point["seq"]
        except Exception:  # whatever a forger made of it
            code, seq = "unreadable", 0
        expect(not code, f"checkpoint_{code}", seq)
        if not code:
            heads.append((seq, point["head"]))
            expect(held.setdefault(point["number"], point) == point, "checkpoint_conflict", seq)
in_trail = {number: file["checkpoint"] for number, file in made.items()}
known = [*held.values(), *(in_trail[number] for number in made if not fault(made[number], "checkpoint"))]
named = max([0, *(point["dropped"]["last_seq"] for point in known if point["dropped"])])
for seq, head in (pair for pair in heads if pair[0] > 0):
    expect(seen.get(seq) == head or seq < last_gone, "head_differs" if seq in seen else "head_missing", seq)
    expect(seq >= last_gone or named >= last_gone, "head_dropped", seq)
counted, after, previous = Counter(), 0, ZEROS
for seq, file in erasures.items():
    expect(not (code := fault(file, "erasure")), f"erasure_{code}", seq)
    counted[file["erasure"]["request"], file["erasure"]["rule"]] += 0 if code else file["erasure"]["count"]
findings.extend(f"erasure_untold {seqs[0]}" for key, seqs in erased.items() if len(seqs) > counted[key])
for row in gone:  # against all that is known
    segment, by = row["segment"], row["event_seq"]
    last, year, when = segment["last_seq"], segment["year"], segment["dropped_at"]
    event = drops.get(by, {"at": "9999"})
    follows = {"first_seq": after + 1, "count": last - after, "previous": previous}
    expect(segment | follows == segment, "segment_broken", last)
    same = event == {"at": event["at"], "segment": segment, "signature": row["signature"]}
    expect(same or by <= last_gone != last, "segment_untold", last)
    expect(not (code := fault(row, "segment")), f"segment_{code}", last)
    fits = segment["keep_years"] >= args.keep_years and int(when[:4]) > year + segment["keep_years"]
    fits &= when <= event["at"] and (last != last_gone or int((left or "9999")[:4]) > year)
    for seq, then in ((each["seq"], each["at"][:4]) for each in known):
        fits &= int(then) <= year or not segment["first_seq"] <= seq < last
        fits &= then >= when[:4] if seq >= by else then <= when[:4]
    expect(fits, "segment_misdated", last)
    after, previous = last, digest(segment)
findings.extend(f"segment_missing {seq}" for seq in drops.keys() - {row["event_seq"] for row in gone})
years = [{name: row["segment"][name] for name in ("last_seq", "closing")} for row in gone]
for number, point in held.items():  # against each other, and against the trail
    before, seq, old = held.get(number - 1), point["seq"], point["erased"] or {"seq": 0}
    expect(not before or digest(before) == point["previous"], "checkpoint_chain", seq)
    expect(not point["dropped"] or point["dropped"] in years, "segment_differs", seq)
    expect(seq <= last_gone or in_trail.get(number) == point, "checkpoint_untold", seq)
    newest = [{"seq": s, "digest": digest(erasures[s]["erasure"])} for s in erasures if s <= seq][-1:]
    expect([point["erased"]] == newest if newest else old["seq"] <= last_gone, "erasure_differs", seq)
if args.checkpoint:
    for number in range(min(held, default=max(made, default=1)), max([0, *held, *made]) + 1):
        expect(number in held, "checkpoint_missing", in_trail.get(number, {"seq": 0})["seq"])
    newest = held.get(max(held, default=0), {"at": "", "seq": 0})
    oldest = (datetime.now(UTC) - timedelta(hours=args.max_age)).isoformat() if args.max_age else ""
    expect(newest["at"] >= oldest, "checkpoint_stale", newest["seq"])
note = f"; set aside: {', '.join(aside)}" if aside else ""
print("\n".join(findings) or f"whole: event {max(seen, default=0)}, {len(held)} checkpoints agree{note}")  # noqa: T201
raise SystemExit(bool(findings))
