"""What the register keeps of a person's files: digests by a key that is not in its database.

A plain SHA-256 of a file would tell whoever has the source whose file it was. A keyed one compares as well,
also with an earlier answer's, and goes with the payload or the row that it stands in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import msgspec

from afschrift.domain.event import digest
from afschrift.domain.extracted import SourceExtract, searched_digest
from afschrift.domain.plan import Plan
from afschrift.services import Services


def keyed_files(services: Services, digests: Mapping[str, str]) -> dict[str, str]:
    """Path -> keyed digest, of path -> SHA-256."""
    return services.register.evidence.file_codes(digests)


def files_digest(services: Services, records: Sequence[SourceExtract]) -> str:
    """One keyed digest over paths and SHA-256 of all files of some sources."""
    written = digest({path: sha256 for one in records for path, sha256 in one.digests.items()})
    return keyed_files(services, {"files": written})["files"]


def validated_inputs(services: Services, plan: Plan, records: Sequence[SourceExtract]) -> str:
    """What a validation holds for: the plan, the files, and the very bytes that lie in staging."""
    staged = digest({entry.path: entry.deflated_sha256 for one in records for entry in one.entries})
    keyed = keyed_files(services, {"staged": staged})["staged"]
    return digest({"plan": plan.digest(), "files": files_digest(services, records), "staged": keyed})


def read_back_digest(services: Services, record: SourceExtract) -> str:
    """A keyed digest of which files were read back while they were written; "" where none was."""
    read = {entry.path: asdict(entry.read_back) for entry in record.entries if entry.read_back}
    return keyed_files(services, {"read_back": digest(read)})["read_back"] if read else ""


def record_digest(services: Services, record: SourceExtract) -> str:
    """A keyed digest of all that the staged record of a source says: rows, checksums and options too."""
    said = digest(msgspec.json.decode(msgspec.json.encode(record)))
    return keyed_files(services, {"record": said})["record"]


def search_digest(services: Services, record: SourceExtract) -> str:
    """A keyed digest of what a search came to; "" where nobody searched."""
    looked = searched_digest(record.searched)
    return keyed_files(services, {"searched": looked})["searched"] if looked else ""
