"""Builds the shared library with the compiler in `CC`, or `cc`; `CFLAGS` are added.

It does not use Python.h, so a single build serves every CPython on the platform.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

FLAGS = ("-O3", "-std=c11", "-Wall", "-Wextra", "-fPIC", "-shared", "-fvisibility=default")


class Build(build_ext):
    """Compiles and links with a single command, without the flags of Python's own build."""

    def build_extension(self, ext: Extension) -> None:
        """Write the shared library to where setuptools looks for it."""
        target = Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        compiler = shlex.split(os.environ.get("CC", "cc"))
        more = shlex.split(os.environ.get("CFLAGS", ""))
        subprocess.run([*compiler, *FLAGS, *more, "-o", str(target), *ext.sources], check=True)  # noqa: S603

    def get_ext_filename(self, fullname: str) -> str:
        """Return a name without the version of Python."""
        return fullname.replace(".", os.sep) + ".so"


class Wheel(bdist_wheel):
    """A wheel for any CPython on this platform."""

    def get_tag(self) -> tuple[str, str, str]:
        """`py3-none-PLATFORM`."""
        return "py3", "none", super().get_tag()[2]


reader = Extension(
    "afschrift_native.reader",
    sources=["src/csv.c", "src/reader.c"],
    depends=sorted(str(path) for path in Path("src").glob("*.h")),
)
setup(ext_modules=[reader], cmdclass={"build_ext": Build, "bdist_wheel": Wheel})
