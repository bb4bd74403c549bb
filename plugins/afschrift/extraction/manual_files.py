"""Files that a person found in a system that no query reaches, moved from the case file into staging."""

from __future__ import annotations

from afschrift.domain.errors import RefusedError
from afschrift.domain.extracted import UPLOADS, GivenFile, SourceExtract
from afschrift.domain.plan import ManualPlan
from afschrift.extraction.active_content.inspect import Inspector
from afschrift.extraction.deflate import DeflatingSink
from afschrift.extraction.media_type import extension
from afschrift.register.register import Register
from afschrift.staging.encrypted import EncryptedStaging

FORMAT = "given"
"""The format in the entry of such a file, whatever its content."""


def stage(register: Register, staging: EncryptedStaging, request_id: str, plan: ManualPlan) -> SourceExtract:
    """Stage the files of one system, in the order in which they were handed over.

    Their paths are numbers, `files/mailbox/000001.pdf`; their names are only in the data package.

    Raises:
        RefusedError: the key of the request was destroyed.
        ConfigurationError: a document was altered or cut in the register.
    """
    given = []
    for number, text_id in enumerate(plan.files, 1):
        document = register.documents.of_request(request_id, text_id)
        if document is None:
            raise RefusedError(f"The key of request {request_id} was destroyed: its files are gone for good.")
        ending = extension(document.name, document.media_type)
        path = f"{UPLOADS}/{plan.source}/{number:06}.{ending}"
        inspector = Inspector(ending, document.media_type, document.name)
        with staging.writer(f"data/{path}") as raw:
            sink = DeflatingSink(raw)
            for part in document.parts:
                sink.write(part)
                inspector.write(part)
            sink.finish()
        entry = sink.entry(path, FORMAT)
        given.append(GivenFile(entry, number, document.media_type, document.name, inspector.found()))
    return SourceExtract(plan.source, plan.answered_at, (), given=tuple(given))
