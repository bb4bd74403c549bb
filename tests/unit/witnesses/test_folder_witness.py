"""A folder or an object store keeps what it was given, and takes no second content under a name."""

import itertools
from pathlib import Path

import pytest
from tests.support.mail_server import unused_port

from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError
from afschrift.witnesses.folder_witness import FolderWitness

ONE = {"afschrift-checkpoint-00-00000001.json": b'{"n":1}'}
TWO = {"afschrift-checkpoint-00-00000002.json": b'{"n":2}', "afschrift-checkpoint-00-00000002.tsa.tsr": b"\0"}
_numbers = itertools.count()


@pytest.fixture(params=["file", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> FolderWitness:
    url = tmp_path.as_uri() if request.param == "file" else f"memory://witness-{next(_numbers)}"
    return FolderWitness("dpo", url, {})


def test_a_place_returns_its_files_in_order_and_takes_no_second_content(place: FolderWitness) -> None:
    assert list(place.read()) == []
    for files in (TWO, ONE, ONE, {"notes.json": b"{}"}):
        place.send(files)
    assert list(place.read()) == [*ONE.items(), *TWO.items()]
    assert place.readable
    with pytest.raises(ConfigurationError, match=r"another content.*afschrift audit verify"):
        place.send(dict.fromkeys(ONE, b'{"n":9}'))
    assert list(place.read()) == [*ONE.items(), *TWO.items()]


def test_a_file_is_whole_and_cannot_be_written_again(tmp_path: Path) -> None:
    FolderWitness("dpo", str(tmp_path), {}).send(ONE)
    [file] = tmp_path.iterdir()  # no part is left
    assert file.stat().st_mode & 0o777 == 0o440


@pytest.mark.parametrize("there", [None, "a file"])
def test_a_place_that_is_no_folder_is_reported(tmp_path: Path, there: str | None) -> None:
    path = tmp_path / "gone"
    if there:
        path.write_text(there)
    place = FolderWitness("dpo", str(path), {})
    for use in (lambda: place.send(ONE), lambda: list(place.read())):
        with pytest.raises(ConfigurationError, match=r"'dpo' cannot be used.*check its folder"):
            use()


@pytest.mark.parametrize(
    "url", ["teapot://bucket/x", "dask://bucket/x"], ids=["unknown", "without its library"]
)
def test_an_unusable_address_is_reported_without_its_options(url: str) -> None:
    with pytest.raises(ConfigurationError, match="witness place 'dpo' cannot be used") as caught:
        FolderWitness("dpo", url, {"password": "needle"})
    assert "needle" not in str(caught.value)


def test_a_store_that_is_down_is_tried_again_later() -> None:
    place = FolderWitness("ftp", f"ftp://127.0.0.1:{unused_port()}/x", {"password": "needle"})
    assert "needle" not in repr(place)
    for use in (lambda: place.send(ONE), lambda: list(place.read())):
        with pytest.raises(RetriableError, match="did not answer") as caught:
            use()
        assert "needle" not in str(caught.value)
        assert isinstance(caught.value, AfschriftError)
