from __future__ import annotations

import pytest

from afschrift.extraction.media_type import extension, media_type_of


@pytest.mark.parametrize(
    ("name", "declared", "ending", "media_type"),
    [
        ("photo.JPG", None, "jpg", "image/jpeg"),
        ("photo", "image/png", "png", "image/png"),
        ("../..\\x.TXT", "text/plain; charset=windows-1252", "txt", "text/plain"),
        ("route.gpx", "", "gpx", "application/gpx+xml"),
        ("archive.tar.gz", None, "gz", "application/octet-stream"),
        (".profile", None, "bin", "application/octet-stream"),
        ("my.jan jansen", "nonsense", "bin", "application/octet-stream"),
        ("x.ex\u202ee", "text/html\r\nX: y", "bin", "application/octet-stream"),
        ("x.verylongending", "image/jpeg", "jpg", "image/jpeg"),
        (None, None, "bin", "application/octet-stream"),
    ],
)
def test_endings_and_media_types(
    name: str | None, declared: str | None, ending: str, media_type: str
) -> None:
    assert extension(name, declared) == ending
    assert media_type_of(ending, declared) == media_type
