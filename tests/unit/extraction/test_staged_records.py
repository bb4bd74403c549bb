"""What a step staged beside the files of a source is read as that, or it is damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afschrift.domain.errors import StagedFileError
from afschrift.extraction.staged_records import (
    observations,
    pointers_path,
    read_record,
    record_path,
    staged_overviews,
    staged_pointers,
    staged_samples,
)
from afschrift.staging.encrypted import EncryptedStaging

OF_SAMPLES, OF_OVERVIEWS = observations("shop")


@pytest.mark.parametrize(
    ("path", "read"),
    [
        (record_path("shop"), read_record),
        (OF_SAMPLES, staged_samples),
        (OF_OVERVIEWS, staged_overviews),
        (pointers_path("shop"), staged_pointers),
    ],
)
@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'["kwikstaart"]'])
def test_a_record_of_another_kind_is_a_damaged_file(
    path: str, read: Callable[[EncryptedStaging, str], Any], content: bytes, tmp_path: Path
) -> None:
    staging = EncryptedStaging(tmp_path, "req-0123456789ab", b"k" * 32)
    with staging.writer(path) as sink:
        sink.write(content)
    with pytest.raises(StagedFileError) as error:
        read(staging, "shop")
    assert "kwikstaart" not in str(error.value)
    assert "damaged" in str(error.value)
