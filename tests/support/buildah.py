"""Images built by buildah, with no daemon and no registry, in a store of the test's own."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Buildah:
    folder: Path

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        store = ["--storage-driver", "vfs", "--root", self.folder / "store", "--runroot", self.folder / "run"]
        return subprocess.run(
            ["buildah", *map(str, store), *words], capture_output=True, text=True, check=False
        )

    def files(self, containerfile: Path, context: Path, *options: str) -> dict[str, int]:
        """Path -> mode of every file of what a Containerfile makes of a context."""
        made = self.folder / "made"
        alone = ("--isolation", "chroot", "--network", "host", "--no-cache")
        into = ("-o", f"type=local,dest={made}", "-f", str(containerfile), str(context))
        done = self("build", *alone, *options, *into)
        assert done.returncode == 0, done.stderr
        return {
            str(path.relative_to(made)): path.stat().st_mode & 0o777
            for path in made.rglob("*")
            if path.is_file()
        }
