"""A source whose files failed is read anew once `extract` is cleared, with what the warehouse holds by then."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from pathlib import Path

import pytest
from testbed.running import installation, run, store
from testbed.small import execute, write_database, write_inventory

from afschrift.domain.errors import AfschriftError, StagedFileError, ValidationFailedError
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate

STAGED = "data/shop/customer.csv"


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    return installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))


def damage(services: Services, request: str, home: Path) -> None:
    """The disk flips a byte."""
    (file,) = home.rglob("customer.csv.enc")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def replace(services: Services, request: str, home: Path) -> None:
    """The file has other content, well encrypted."""
    staging = services.staging(request)
    with staging.reader("data/shop/orders.csv") as stream:
        other = stream.read()
    with staging.writer(STAGED) as sink:
        sink.write(other)


@pytest.mark.slow
@pytest.mark.parametrize(("spoil", "error"), [(damage, StagedFileError), (replace, ValidationFailedError)])
def test_what_was_corrected_is_in_the_bundle(
    services: Services, tmp_path: Path, spoil: object, error: type[AfschriftError]
) -> None:
    request = store(services, {"customer_id": "1"})
    assess(services, request)
    classify(services, request)
    first = extract(services, request, "shop")
    assert extract(services, request, "shop") == first  # done, and whole: nothing is read again
    assert callable(spoil)
    spoil(services, request, tmp_path)
    execute(Path(os.environ["MINI_SHOP"]), "UPDATE customer SET name = 'Anna' WHERE customer_id = 1")
    validate(services, request)  # what was read back while it was written is not read again here
    with pytest.raises(error):
        package(services, request)
    bundle = run(services, request)
    with zipfile.ZipFile(bundle) as archive:
        (name,) = (entry for entry in archive.namelist() if entry.endswith("data/shop/customer.csv"))
        (row,) = csv.DictReader(io.StringIO(archive.read(name).decode()))
    assert row["name"] == "Anna"
    snapshots = [
        (payload or {})["snapshot"]
        for header, payload in services.register.trail.events(request)
        if header.type == "extracted"
    ]
    assert len(set(snapshots)) == 2
