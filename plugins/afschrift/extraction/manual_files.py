"""Files that a person found in a system that no query reaches, moved from the case file into staging."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

import msgspec
import pyarrow as pa

from afschrift.domain.errors import RefusedError
from afschrift.domain.extracted import MASKED, UPLOADS, GivenFile, MissingFile, SourceExtract
from afschrift.domain.plan import ManualPlan
from afschrift.domain.redaction import (
    GIVEN_FILES,
    MASK,
    MOST_POINTERS,
    NAME,
    NO_TEXT,
    WHOLE,
    Mac,
    Pointer,
    Redaction,
    TablePointers,
    mask,
)
from afschrift.extraction.active_content.inspect import Inspector
from afschrift.extraction.deflate import DeflatingSink
from afschrift.extraction.file_texts import MOST_BYTES, Texts, texts_of, with_texts
from afschrift.extraction.finder.people import PeopleReader
from afschrift.extraction.finder.text import TextFinder
from afschrift.extraction.media_type import extension
from afschrift.extraction.staged_records import pointers_path
from afschrift.extraction.uploads import open_inflated
from afschrift.register.register import Register
from afschrift.staging.encrypted import EncryptedStaging

FORMAT = "given"
"""The format in the entry of such a file, whatever its content."""

_TEXT, _NOWHERE = pa.schema({"text": pa.string()}), (0, 0, NO_TEXT)


def stage(
    register: Register, staging: EncryptedStaging, request_id: str, plan: ManualPlan, mac: Mac
) -> SourceExtract:
    """Stage the files of one system, in the order in which they were handed over, with their masks.

    Their paths are numbers, `files/mailbox/000001.pdf`; their names are only in the data package.

    Raises:
        RefusedError: the key of the request was destroyed.
        ConfigurationError: a document was altered or cut in the register.
    """
    given, gone = list[GivenFile](), list[MissingFile]()
    for number, text_id in enumerate(plan.files, 1):
        document = register.documents.of_request(request_id, text_id)
        if document is None:
            raise RefusedError(f"The key of request {request_id} was destroyed: its files are gone for good.")
        name, media_type, parts = document.name, document.media_type, iter(document.parts)
        ending = extension(name, media_type)
        if cells := [cell for cell in plan.masks if cell.key[WHOLE] == text_id]:
            content = b"".join(parts)
            texts = _masked({NAME: name, **texts_of(content, ending, media_type)}, cells, mac)
            if texts is None:
                gone.append(MissingFile("", number, MASKED))
                continue
            name = texts.pop(NAME, name)
            parts = iter([with_texts(content, ending, media_type, texts) if texts else content])
        path = f"{UPLOADS}/{plan.source}/{number:06}.{ending}"
        inspector = Inspector(ending, media_type, name)
        with staging.writer(f"data/{path}") as raw:
            sink = DeflatingSink(raw)
            for part in parts:
                sink.write(part)
                inspector.write(part)
            sink.finish()
        entry = sink.entry(path, FORMAT)
        given.append(GivenFile(entry, number, media_type, name, inspector.found()))
    return SourceExtract(plan.source, plan.answered_at, (), given=tuple(given), kept_back=tuple(gone))


def add_masks(plan: ManualPlan, redactions: Iterable[Redaction]) -> ManualPlan:
    """Add the redactions of the files that are handed over now to the plan of a system."""
    mine = (cell for cell in redactions if cell.table == f"{plan.source}.{GIVEN_FILES}")
    return replace(plan, masks=tuple(cell for cell in mine if cell.key[WHOLE] in plan.files))


def _masked(texts: Texts, cells: Sequence[Redaction], mac: Mac) -> dict[str, str] | None:
    """The texts with masks in them; None: the file is left out.

    A text that is not the reviewed one is masked as a whole, and a file without that part is left out.
    """
    new: dict[str, str] = {}
    for column in {cell.column for cell in cells}:
        mine, text = [cell for cell in cells if cell.column == column], texts.get(column)
        if column not in texts or (column == WHOLE and None in [cell.span for cell in mine]):
            return None
        same = text is not None and all(cell.cell == mac(text.encode()) for cell in mine)
        new[column] = mask(text or "", [cell.span for cell in mine]) if same else MASK
    return new


def given_texts(staging: EncryptedStaging, file: GivenFile) -> Texts:
    """The texts of a staged file, as they will be sent, and its name."""
    entry = file.entry
    with staging.reader(f"data/{entry.path}") as staged, open_inflated(staged, entry) as stream:
        content = stream.read(MOST_BYTES + 1)
    return {NAME: file.name, **texts_of(content, extension(entry.path, None), file.media_type)}


def stage_found(
    staging: EncryptedStaging, record: SourceExtract, people: PeopleReader, region: str
) -> TablePointers:
    """Search the texts of the files, and stage what was found: a place to look at, no decision."""
    finder = TextFinder(["text"], region, cache(people.read))
    kept, counts = list[Pointer](), Counter[str]()
    for file in record.given:
        for column, text in given_texts(staging, file).items():
            finder.begin()
            finder.take(pa.RecordBatch.from_pydict({"text": [text or ""]}, _TEXT))
            found = finder.found()
            counts.update(found.counts if text is not None else [NO_TEXT])
            spans = [(p.start, p.end, p.kind) for p in found.pointers] if text is not None else [_NOWHERE]
            kept += [Pointer(file.number, column, *span) for span in spans[: MOST_POINTERS - len(kept)]]
    pointers = TablePointers(tuple(kept), dict(sorted(counts.items())), finder.found().unread)
    with staging.writer(pointers_path(record.source)) as sink:
        sink.write(msgspec.json.encode({GIVEN_FILES: pointers}))
    return pointers
