"""What the register keeps of a person's files: digests under the request's own key.

A plain SHA-256 of a file would tell whoever has the source whose file it was. A keyed one compares as well
while the request lives, and is void once its key was destroyed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from afschrift.domain.event import digest
from afschrift.domain.extracted import SourceExtract, searched_digest
from afschrift.services import Services


def keyed_files(services: Services, request_id: str, digests: Mapping[str, str]) -> dict[str, str]:
    """Path -> keyed digest, of path -> SHA-256.

    Raises:
        RefusedError: the request's data key was destroyed.
    """
    return services.register.data_keys.fingerprints(request_id, digests)


def files_digest(services: Services, request_id: str, records: Sequence[SourceExtract]) -> str:
    """One keyed digest over paths and SHA-256 of all files of some sources; errors as for `keyed_files`."""
    written = digest({path: sha256 for one in records for path, sha256 in one.digests.items()})
    return keyed_files(services, request_id, {"files": written})["files"]


def search_digest(services: Services, request_id: str, record: SourceExtract) -> str:
    """A keyed digest of what a search came to; "" where nobody searched. Errors as for `keyed_files`."""
    looked = searched_digest(record.searched)
    return keyed_files(services, request_id, {"searched": looked})["searched"] if looked else ""
