"""Folders of an installation: its state, and its texts, statements and tables.

State is in `AFSCHRIFT_HOME`, a project of `afschrift init` or a checkout, and never where Python packages are
installed. The package holds the rest (`dags`, `include`, `config`): installed as files, in a
checkout as links to the folders of these names. Read while DAG files are parsed: nothing heavy belongs here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from afschrift.domain.errors import ConfigurationError

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


SETTINGS = "afschrift.env"
"""File of a project's settings; the folder that holds it is the project."""
STATE = ".afschrift"


def checkout() -> Path | None:
    """The clone that this package is run from; None for an installed one."""
    root = PACKAGE.parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "dags").is_dir() else None


def has_home(env: Mapping[str, str]) -> bool:
    """Whether `home_folder` would say where."""
    return bool(env.get("AFSCHRIFT_HOME")) or checkout() is not None


def home_folder(env: Mapping[str, str]) -> Path:
    """The folder of the installation's own state.

    Raises:
        ConfigurationError: it is not set, and the folder of an installed package is no place for state.
    """
    if named := env.get("AFSCHRIFT_HOME"):
        return Path(named).absolute()
    if root := checkout():
        return root / STATE
    raise ConfigurationError(
        "Nothing says where this installation keeps its keys, its register and its bundles.",
        remedy="set AFSCHRIFT_HOME to a folder, or work from a project: `afschrift init FOLDER` makes one.",
    )


def set_demo_data(environment: MutableMapping[str, str] | None = None) -> str:
    """Where the demo warehouse is: `AFSCHRIFT_DEMO_DATA`, by default below the home."""
    env = os.environ if environment is None else environment
    name = "AFSCHRIFT_DEMO_DATA"
    return env.get(name) or env.setdefault(name, str(home_folder(env) / "demo-data"))


def inventory_folder(env: Mapping[str, str]) -> Path:
    """Where the data map is, whether or not it is there.

    Raises:
        ConfigurationError: nothing says so, nor where the home is.
    """
    if named := env.get("AFSCHRIFT_INVENTORY"):
        return Path(named).absolute()
    own = include_folder(env) / "inventory"
    return own if own.is_dir() else home_folder(env) / "inventory"


def enter_project(env: MutableMapping[str, str] | None = None, folder: Path | None = None) -> Path | None:
    """Take the settings of the project that a folder lies in; the environment takes precedence.

    Args:
        env: environment to fill in; default: that of this process.
        folder: default: the working directory.

    Returns:
        The project; None where `AFSCHRIFT_HOME` is set, or no folder above is one.

    Raises:
        ConfigurationError: its settings cannot be read, or belong to another account.
    """
    env = os.environ if env is None else env
    if env.get("AFSCHRIFT_HOME"):
        return None
    start = (folder or Path.cwd()).absolute()
    found = next((parent for parent in (start, *start.parents) if (parent / SETTINGS).is_file()), None)
    if found is None:
        return None
    file = found / SETTINGS
    if file.stat().st_uid not in (0, os.geteuid()):  # another account would choose our databases
        raise ConfigurationError(
            f"The settings {file} belong to another account, and are not taken.",
            remedy="work as that account, or set AFSCHRIFT_HOME and the other settings yourself.",
        )
    ours = {"AFSCHRIFT_HOME": str(found / STATE), "AFSCHRIFT_INVENTORY": str(found / "inventory")}
    for name, value in (ours | key_values(file)).items():
        env.setdefault(name, value)
    return found


def key_values(file: Path) -> dict[str, str]:
    """The settings of a file of KEY=VALUE lines; a # begins a comment line only.

    Raises:
        ConfigurationError: a line is neither; names its number, and no value.
    """
    settings: dict[str, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.strip().partition("=")
        if not equals or not name.isidentifier():
            raise ConfigurationError(
                f"Line {number} of {file} is no setting.", remedy="write KEY=VALUE, or begin it with #."
            )
        settings[name] = value
    return settings
