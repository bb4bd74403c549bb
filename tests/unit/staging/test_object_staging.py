"""Staging on a store that shows an object as soon as its file is closed; tests/contract has a real one."""

from __future__ import annotations

import gc
from typing import Any, ClassVar

import pytest
from fsspec.registry import _registry
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem
from upath import UPath

from afschrift.staging.encrypted import EncryptedStaging

WHOLE = b"whole"


class PutOnClose(AbstractBufferedFile):
    """What the libraries of object stores build on: it is put as it is closed, by Python too as it goes."""

    def _initiate_upload(self) -> None:
        self.parts = b""

    def _upload_chunk(self, final: bool = False) -> bool:
        self.buffer.seek(0)
        self.parts += self.buffer.read()
        if final:
            self.fs.objects[self.path] = self.parts
        return True

    def _fetch_range(self, start: int, end: int) -> bytes:
        found: bytes = self.fs.objects[self.path][start:end]
        return found


class Store(AbstractFileSystem):
    objects: ClassVar[dict[str, bytes]] = {}
    protocol = "gs"
    cachable = False

    def _open(self, path: str, mode: str = "rb", **_: Any) -> PutOnClose:
        known = {"size": len(self.objects[path])} if mode == "rb" else {}
        return PutOnClose(self, path, mode, **known)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "size": len(self.objects[path]), "type": "file"}


@pytest.fixture
def staging(monkeypatch: pytest.MonkeyPatch) -> EncryptedStaging:
    monkeypatch.setitem(_registry, "gs", Store)
    monkeypatch.setattr(Store, "objects", {})
    made = EncryptedStaging(UPath("gs://bucket/here"), "req-0123456789ab", b"k" * 32)
    write(made, WHOLE)
    return made


def write(staging: EncryptedStaging, content: bytes) -> None:
    with staging.writer("shop/a.csv") as file:
        file.write(content)


def read(staging: EncryptedStaging) -> bytes:
    with staging.reader("shop/a.csv") as file:
        return file.read()


def test_an_error_before_the_first_byte_leaves_the_whole_object(
    staging: EncryptedStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(staging, "_cipher", None)
        with pytest.raises(AttributeError):
            write(staging, b"new")
    gc.collect()  # a file that is left open is closed by it, and would be put

    assert read(staging) == WHOLE


def test_an_error_of_the_caller_leaves_the_whole_object(staging: EncryptedStaging) -> None:
    with pytest.raises(ZeroDivisionError), staging.writer("shop/a.csv") as file:
        file.write(b"half" * 1_000_000)
        raise ZeroDivisionError
    gc.collect()

    assert read(staging) == WHOLE
    write(staging, b"new")
    assert read(staging) == b"new"
