from __future__ import annotations

import fsspec
import pytest

from afschrift.domain.errors import OutsideStoreError
from afschrift.sources.file_store import UploadStore


@pytest.fixture
def memory() -> UploadStore:
    """An object store as fsspec has it, without a network."""
    fsspec.filesystem("memory").pipe("/bucket/photos/2024/a b#?.png", b"photo")
    fsspec.filesystem("memory").pipe("/bucket/secret", b"secret")
    return UploadStore("shop.photos", "memory://bucket/photos", {})


def test_a_key_of_an_object_store(memory: UploadStore) -> None:
    with memory.open("2024/a b#?.png") as stream:
        assert stream.read() == b"photo"


def test_no_such_key(memory: UploadStore) -> None:
    with pytest.raises(FileNotFoundError) as error, memory.open("2024/none.png"):
        pass
    assert str(error.value) == ""


@pytest.mark.parametrize(
    "key", ["../secret", "2024/../../secret", "/secret", "memory://bucket/secret", "~/x", "."]
)
def test_a_key_that_leads_out(key: str, memory: UploadStore) -> None:
    with pytest.raises(OutsideStoreError), memory.open(key):
        pass


def test_an_empty_prefix_is_no_store_that_is_gone() -> None:
    UploadStore("shop.photos", "memory://bucket/nothing/yet", {})
