"""What programs that unpack ZIP files make of one: the files of the bundle, others, or an error."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_PYTHON = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall()"


class Outcome(StrEnum):
    """What a program does with a ZIP file."""

    SAME = "same"  # exactly the files of the genuine bundle, and no error
    OTHER = "**other**"  # no error, and other files, or other bytes in them
    ERROR = "error"
    ERROR_OTHER = "error, other"  # an error, and yet a file that is not the bundle's lies there


@dataclass(frozen=True)
class Unzipper:
    """A program.

    Attributes:
        name: on the page.
        command: unpacks the ZIP file that follows into the working folder.
        version: the command that says it, and a pattern for its output.
        harmless: exit codes that are no error.
    """

    name: str
    command: tuple[str, ...]
    version: tuple[tuple[str, ...], str]
    harmless: frozenset[int] = frozenset({0})

    @property
    def program(self) -> str:
        return self.command[0]

    def installed_version(self) -> str:
        command, pattern = self.version
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(pattern, done.stdout + done.stderr)
        assert found, f"{self.name} prints no version"
        return found[1]

    def outcome(self, bundle: bytes, genuine: Mapping[str, bytes]) -> Outcome:
        """What it makes of a ZIP file.

        Args:
            bundle: the ZIP file.
            genuine: path -> content, as the genuine bundle has it.
        """
        with tempfile.TemporaryDirectory() as folder:
            # Deep enough that a name with `..` stays in a folder that goes.
            into = Path(folder, "a", "b", "c", "d", "e")
            into.mkdir(parents=True)
            path = Path(folder, "bundle.zip")
            path.write_bytes(bundle)
            exit_code = subprocess.run(
                (*self.command, str(path)),
                cwd=into,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=os.environ | {"LC_ALL": "C.UTF-8"},
                start_new_session=True,  # so that no program asks for a password
                timeout=60,
                check=False,
            ).returncode
            found = _tree(into)
            outside = [
                path for path in Path(folder).rglob("*") if path.is_file() and into not in path.parents
            ]
        whole = found == genuine and outside == [path]
        if exit_code in self.harmless:
            return Outcome.SAME if whole else Outcome.OTHER
        strange = any(not genuine.get(name, b"").startswith(content) for name, content in found.items())
        return Outcome.ERROR_OTHER if strange or outside != [path] else Outcome.ERROR


def _tree(folder: Path) -> dict[str, bytes]:
    """Path -> content; a link is where it leads to, and a folder without a file counts as none."""
    found = {}
    for path in folder.rglob("*"):
        name = os.fsencode(path.relative_to(folder)).decode("utf-8", "surrogateescape")
        if path.is_symlink():
            found[name] = b"link to " + os.fsencode(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
        elif not path.is_dir():
            found[name] = b"a device or a pipe"
    return found


UNZIPPERS = (
    # 1 is a warning, such as of bytes that it passed over.
    Unzipper("unzip", ("unzip", "-o", "-q"), (("unzip", "-v"), r"UnZip (\S+)"), frozenset({0, 1})),
    Unzipper("busybox", ("busybox", "unzip", "-o", "-q"), (("busybox",), r"BusyBox v(\S+)")),
    Unzipper("7-Zip", ("7z", "x", "-y", "-p"), (("7z",), r"7-Zip (?:\[64\] )?(\S+)"), frozenset({0, 1})),
    Unzipper("libarchive", ("bsdtar", "-xf"), (("bsdtar", "--version"), r"libarchive (\S+)")),
    Unzipper("Python", (sys.executable, "-I", "-c", _PYTHON), ((sys.executable, "-V"), r"Python (\S+)")),
    Unzipper("Java", ("jar", "-x", "-f"), (("jar", "--version"), r"jar (\S+)")),
)
REQUIRED = tuple(unzipper for unzipper in UNZIPPERS if unzipper.name != "Java")
"""Those that `.ci/run` installs. Java is large and slow to start: it is asked where the page is drawn."""
