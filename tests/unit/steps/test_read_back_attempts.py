"""Attempts, with write access to staging and the request's key, to pass the reading back.

attempts.md lists them; a docstring `Attempt: ...` names the row of a test.
"""

import dataclasses
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from testbed.running import members, run, store
from tests.support.attempts import World, extract_shop
from tests.support.driving import ANN, payloads
from tests.support.moves import deliver, package, validate
from tests.support.remains import rows_of

from afschrift.domain.errors import StagedFileError, ValidationFailedError
from afschrift.domain.extracted import FileEntry, SourceExtract
from afschrift.domain.files import ReadBack
from afschrift.extraction.deflate import deflate
from afschrift.extraction.staged_records import read_record, record_path, stage_record
from afschrift.formats import registry
from afschrift.services import Services
from afschrift.steps import plan_gates
from afschrift.steps.keyed_digests import record_digest

pytestmark = pytest.mark.slow
ORDERS = "shop/orders.csv"
OTHER = b"order_id,customer_id,ordered_at\r\n99,1,2024-01-01T10:00:00\r\n"


def edited(record: SourceExtract, change: Callable[[FileEntry], FileEntry]) -> SourceExtract:
    """A record with other entries of its tables' files."""

    def of(table: Any) -> Any:
        parts = [dataclasses.replace(part, files=tuple(map(change, part.files))) for part in table.parts]
        return dataclasses.replace(table, parts=tuple(parts))

    return dataclasses.replace(record, tables=tuple(map(of, record.tables)))


def replaced(world: World, request: str, *, record: bool) -> None:
    """Another file of orders in staging, under the request's key; the record says that it was compared."""
    staging, content = world.services.staging(request), deflate(OTHER)
    with staging.writer(f"data/{ORDERS}") as sink:
        sink.write(content)
    digest = hashlib.sha256(content).hexdigest()

    def change(entry: FileEntry) -> FileEntry:
        if entry.path != ORDERS:
            return entry
        back = ReadBack(digest, registry.FORMATS["csv"].read_by)
        return dataclasses.replace(entry, deflated_bytes=len(content), deflated_sha256=digest, read_back=back)

    if record:
        stage_record(staging, edited(read_record(staging, "shop"), change))


def validated(world: World, request: str) -> Any:
    [payload] = payloads(world.services, request, "validated")
    return payload["while_written"]


@pytest.fixture
def read_now(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Formats of the files that are read from now on."""
    read: list[str] = []
    for name, format_ in list(registry.FORMATS.items()):

        def reader(*given: Any, of: Any = format_) -> Any:
            read.append(of.name)
            return of.reader(*given)

        monkeypatch.setitem(registry.FORMATS, name, dataclasses.replace(format_, reader=reader))
    return read


def test_compared_file_is_not_read_again(world: World, read_now: list[str]) -> None:
    request = world.at(validate)
    del read_now[:]
    files = validate(world.services, request)["files"]
    assert read_now == []
    assert (validated(world, request), files > 0) == (files, True)


def test_record_of_a_version_without_comparisons_is_read_again(
    world: World, read_now: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = world.at(validate)
    staging = world.services.staging(request)
    record = read_record(staging, "shop")
    known = record_digest(world.services, record)
    monkeypatch.setattr(plan_gates, "record_digest", lambda *_: known)  # an earlier version kept none
    stage_record(staging, edited(record, lambda entry: dataclasses.replace(entry, read_back=None)))
    del read_now[:]
    files = validate(world.services, request)["files"]
    assert (validated(world, request), len(read_now)) == (0, files)


def test_another_reader_than_the_one_that_compared_reads_again(world: World, read_now: list[str]) -> None:
    request = world.at(validate)
    formats = dict(world.services.formats)
    formats["csv"] = dataclasses.replace(formats["csv"], read_by="another library")
    del read_now[:]
    validate(dataclasses.replace(world.services, formats=formats), request)
    csv = sum(entry.format == "csv" for entry in read_record(world.services.staging(request), "shop").entries)
    assert set(read_now) == {"csv"}
    assert len(read_now) >= csv > 0


ATTEMPTS = {
    validate: "Replace a staged file, and let its record say that it was read back, before `validate`",
    package: "Replace a staged file and its record after `validate`",
}


@pytest.mark.parametrize("step", ATTEMPTS)
def test_a_file_and_its_record_replaced(world: World, step: Any) -> None:
    request = world.at(step)
    replaced(world, request, record=True)
    assert world.refused(step, request)["reason"] == "not_extracted"
    assert world.seen[1] == []


@pytest.mark.parametrize("content", [b'{"source": "\xff"}', b"{", b'{"source": 1}'])
def test_a_record_that_is_none_is_a_damaged_file_and_the_register_is_sound(
    world: World, content: bytes
) -> None:
    request = world.at(validate)
    with world.services.staging(request).writer(record_path("shop")) as sink:
        sink.write(content)
    with pytest.raises(StagedFileError, match=r"The staged file records/shop\.json .* is damaged"):
        validate(world.services, request)


def without_rows(record: SourceExtract) -> SourceExtract:
    def of(table: Any) -> Any:
        parts = tuple(dataclasses.replace(part, rows=0) for part in table.parts)
        return dataclasses.replace(table, parts=parts, compared=dataclasses.replace(table.compared, rows=0))

    return dataclasses.replace(record, tables=tuple(map(of, record.tables)))


def other_marks(record: SourceExtract) -> SourceExtract:
    return edited(record, lambda entry: dataclasses.replace(entry, options={"null": "1"}))


@pytest.mark.parametrize("step", [validate, package, deliver])
@pytest.mark.parametrize("change", [without_rows, other_marks])
def test_a_record_that_says_otherwise_of_the_same_files(world: World, step: Any, change: Any) -> None:
    """Attempt: Let the record of the same files say other rows, checksums or marks, without a file touched"""
    request = world.at(step)
    staging = world.services.staging(request)
    stage_record(staging, change(read_record(staging, "shop")))
    if step is deliver:  # packed is packed: what is delivered was made of the record as it was
        deliver(world.services, request)
        return
    assert world.refused(step, request)["reason"] == "not_extracted"
    assert world.seen[1] == []


@pytest.mark.parametrize("step", [validate, package])
def test_a_file_replaced_under_its_record(world: World, step: Any) -> None:
    """Attempt: Replace a staged file that was read back, and nothing else"""
    request = world.at(step)
    replaced(world, request, record=False)
    if step is validate:
        validate(world.services, request)
    before = world.seen
    with pytest.raises(ValidationFailedError, match=f"{ORDERS} is not what was extracted"):
        package(world.services, request)
    assert world.seen == before
    extract_shop(world.services, request)
    for again in (validate, package, deliver):
        again(world.services, request)
    assert payloads(world.services, request, "staged_again")[0]["files"] == {"replaced": {"csv": 1}}


def test_an_earlier_file_of_the_same_place_put_back(world: World) -> None:
    """Attempt: Put an earlier staged file of the same request back, without a key"""
    request = world.at(validate)
    staging = world.services.staging(request)
    folder = world.home / "staging" / request / "data"
    shutil.copy(folder / f"{ORDERS}.enc", world.home / "earlier")
    with staging.writer(f"data/{ORDERS}") as sink:
        sink.write(deflate(OTHER))
    shutil.copy(folder / f"{ORDERS}.enc", world.home / "other")
    shutil.copy(world.home / "earlier", folder / f"{ORDERS}.enc")
    validate(world.services, request)
    shutil.copy(world.home / "other", folder / f"{ORDERS}.enc")
    with pytest.raises(ValidationFailedError, match=f"{ORDERS} is not what was extracted"):
        package(world.services, request)
    assert world.seen[1] == []


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
