"""Where texts, statements and tables stand. Asked while DAG files are parsed, so nothing heavy is here.

The package holds them all (`dags`, `include`, `config`): an installed one as files, a checkout as links to
the folders of these names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = (PACKAGE / "include").resolve()
"""`sql`, `law`, `trail`, `letters`, `pages`, `grounds` as they come with this version."""


def include_folder(environment: Mapping[str, str] | None = None) -> Path:
    """The installation's own folder of texts (`AFSCHRIFT_INCLUDE`), else the one of the package."""
    env = os.environ if environment is None else environment
    return Path(env.get("AFSCHRIFT_INCLUDE") or SHIPPED).absolute()


def texts(name: str, own: Path) -> Path:
    """The folder `letters`, `pages` or `grounds`: the installation's own where it has one.

    Args:
        name: of the folder.
        own: what `include_folder` says.
    """
    return own / name if (own / name).is_dir() else SHIPPED / name
