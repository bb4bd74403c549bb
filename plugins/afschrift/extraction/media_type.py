"""Media types and the extensions of file names, for files that people uploaded."""

from __future__ import annotations

import re

OCTETS = "application/octet-stream"

_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,8})")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}")

# Not the standard library's table: that depends on the machine, and names in a bundle must not.
_BY_EXTENSION = {
    "avif": "image/avif",
    "bmp": "image/bmp",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eml": "message/rfc822",
    "fit": "application/vnd.ant.fit",
    "gif": "image/gif",
    "gpx": "application/gpx+xml",
    "heic": "image/heic",
    "html": "text/html",
    "ics": "text/calendar",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "m4a": "audio/mp4",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "odt": "application/vnd.oasis.opendocument.text",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "txt": "text/plain",
    "vcf": "text/vcard",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}
_BY_TYPE = {media_type: extension for extension, media_type in reversed(_BY_EXTENSION.items())} | {
    "image/jpeg": "jpg",
    "image/tiff": "tif",
}


def extension(name: str | None, media_type: str | None) -> str:
    """The extension of a file in lower case, from its name or else its media type; `bin` if unknown.

    Args:
        name: a name or path as a person or a system wrote it; only its extension is used.
        media_type: as declared; may be wrong.
    """
    # A name without a part before the dot has no extension.
    stem, dot, last = (name or "").replace("\\", "/").rpartition("/")[2].rpartition(".")
    if stem and dot and _EXTENSION.fullmatch(dot + last):
        return last.lower()
    return _BY_TYPE.get(_plain(media_type) or "", "bin")


def media_type_of(extension_: str, declared: str | None) -> str:
    """The media type of a file: as declared, else by its extension, else a stream of bytes."""
    return _plain(declared) or _BY_EXTENSION.get(extension_, OCTETS)


def _plain(media_type: str | None) -> str | None:
    plain = (media_type or "").partition(";")[0].strip().lower()
    return plain if _MEDIA_TYPE.fullmatch(plain) else None
