"""Digests of a person's files for the register, by a key that is not in its database.

With a plain SHA-256, anyone who has the source could find out whose file it was. A keyed digest compares as
well, also across the answers of a request, and is erased with the payload or row that holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import msgspec

from afschrift.domain.event import digest
from afschrift.domain.extracted import Searched, SourceExtract
from afschrift.domain.plan import Plan
from afschrift.services import Services


def keyed_files(services: Services, digests: Mapping[str, str]) -> dict[str, str]:
    """Return path -> keyed digest, of path -> SHA-256."""
    return services.register.evidence.file_codes(digests)


def files_digest(services: Services, records: Sequence[SourceExtract]) -> str:
    """Return one keyed digest over paths and SHA-256 of all files of these sources."""
    written = digest({path: sha256 for record in records for path, sha256 in record.digests.items()})
    return keyed_files(services, {"files": written})["files"]


def validated_inputs(services: Services, plan: Plan, records: Sequence[SourceExtract]) -> str:
    """Return the digest for which a validation holds: over the plan, the files, and the staged bytes."""
    staged = digest({entry.path: entry.deflated_sha256 for record in records for entry in record.entries})
    keyed = keyed_files(services, {"staged": staged})["staged"]
    return digest({"plan": plan.digest(), "files": files_digest(services, records), "staged": keyed})


def read_back_digest(services: Services, record: SourceExtract) -> str:
    """Return a keyed digest of the files that were read back while they were written; "": none."""
    read = {entry.path: asdict(entry.read_back) for entry in record.entries if entry.read_back}
    return keyed_files(services, {"read_back": digest(read)})["read_back"] if read else ""


def record_digest(services: Services, record: SourceExtract) -> str:
    """Return a keyed digest of the whole staged record of a source, with rows, checksums and options."""
    content = msgspec.json.decode(msgspec.json.encode(record))
    if not record.overdue:  # what was staged before rows were held against their period keeps its digest
        del content["overdue"]
    for seen in (table["seen"] for table in content["tables"]):
        if seen and not seen["persons"]:
            del seen["persons"]
    return keyed_files(services, {"record": digest(content)})["record"]


def search_digest(services: Services, record: SourceExtract) -> str:
    """Return a keyed digest of the results of a search; "": no search ran."""
    results = searched_digest(record.searched)
    return keyed_files(services, {"searched": results})["searched"] if results else ""


_ADDED = ("former", "kinds", "passed")


def searched_digest(searched: Sequence[Searched] | None) -> str:
    """Digest of a search for the register, so that its staged result cannot be exchanged; "" for none.

    What is empty in a result of an earlier version does not count.
    """
    if searched is None:
        return ""
    tables = [asdict(table) for table in searched]
    return digest([{k: v for k, v in table.items() if v or k not in _ADDED} for table in tables])
