"""Kinds of files by their first bytes and their endings."""

from __future__ import annotations

ZIPS, OLE, PDF = (b"PK\x03\x04", b"PK\x05\x06"), bytes.fromhex("d0cf11e0a1b11ae1"), b"%PDF-"
BEGINNING = 1024
LOCKED = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"MSCF", b"ISc(", b"\x60\xea", b"\x78\x9f\x3e\x22")
"""Archives that are not unpacked here, and the attachments that Outlook packs into a file (TNEF)."""

# executables of Unix, Java, macOS, Android and WebAssembly, scripts, and a shortcut of Windows
_PROGRAMS = (
    *(b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
    *(b"L\0\0\0\x01\x14\x02\0", b"dex\n", b"\0asm"),
)
_BEGINNINGS = {
    "image": (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"),
    "media": (b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"RIFF"),
    "pdf": (PDF,),
    "zip": ZIPS,
    "ole": (OLE,),
    "rtf": (b"{\\rt",),
}
_ENDINGS = {
    "program": """
        apk app appimage application bat chm class cmd com command cpl desktop dll dmg exe gadget hta iqy jar
        jnlp js jse lnk msc msi msix msp oqy pif ps1 psm1 py reg rqy scf scr sct settingcontent-ms sh slk sys
        url vb vbe vbs webloc ws wsc wsf wsh xla xlam xll""",
    "image": "png jpg jpeg gif tif tiff bmp webp heic avif ico psd",
    "media": "mp3 m4a wav ogg opus flac mp4 mov webm avi mkv",
    "pdf": "pdf",
    "zip": "zip epub docx docm dotx dotm xlsx xlsm xltx xltm xlsb pptx pptm ppsx potx odt ods odp odg",
    "text": "txt csv tsv md log json ics vcf eml",
}
_BY_ENDING = {ending: family for family, endings in _ENDINGS.items() for ending in endings.split()}
_BY_TYPE = {"image": "image", "audio": "media", "video": "media", "application/pdf": "pdf"}


def runs(beginning: bytes) -> bool:
    """Whether a file with this beginning is a program or a script."""
    return beginning.startswith(_PROGRAMS) or (beginning.startswith(b"MZ") and b"\0" in beginning[:64])


def program_by_name(ending: str) -> bool:
    """Whether a computer runs a file with this ending when it is opened."""
    return _BY_ENDING.get(ending) == "program"


def disagrees(beginning: bytes, ending: str, media_type: str) -> bool:
    """Whether the content is of another family than its ending, or without an ending its media type, says."""
    declared = _BY_TYPE.get(media_type) or _BY_TYPE.get(media_type.partition("/")[0])
    families = {_family(beginning), _BY_ENDING.get(ending) if ending else declared}
    if families == {"image", "media"}:
        return False  # RIFF is used for sound, film and WebP pictures
    return None not in families and len(families) > 1


def only_looked_at(beginning: bytes) -> bool:
    """Whether a file is a picture, a sound or a film, in which nothing can run."""
    return _family(beginning) in ("image", "media") or beginning[4:8] == b"ftyp"


def _family(beginning: bytes) -> str | None:
    """The family of a file by its beginning; None if unknown."""
    if runs(beginning):
        return "program"
    return next((family for family, signs in _BEGINNINGS.items() if beginning.startswith(signs)), None)
