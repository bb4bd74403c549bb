"""What an attacker may do to the ZIP file of a genuine bundle, one kind after the other, by name."""

from collections.abc import Callable, Mapping

from tests.support.zips import directories, headers, members, streams
from tests.support.zips.parts import Zip, taken_apart
from tests.support.zips.small import BUNDLE

Kinds = Mapping[str, Callable[[Zip], bytes | None]]

GROUPS: dict[str, Kinds] = {
    "Members": members.KINDS,
    "Fields of their headers": headers.KINDS,
    "Their streams": streams.KINDS,
    "Directories, ends, and what lies between": directories.KINDS,
}

FREE = {
    "content deflated by another program",
    "content in stored blocks",
    "empty blocks in the stream",
    "other filling bits behind the last block",
}
"""What makes no difference to anybody, and no signature covers: another deflate stream of the same content."""


def made(group: str, kind: str) -> bytes:
    genuine = taken_apart(BUNDLE)
    written = GROUPS[group][kind](genuine)
    return genuine.write() if written is None else written
