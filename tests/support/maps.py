"""Data maps of the shops of tests: files of the folder `maps`, with what differs filled in."""

from pathlib import Path
from string import Template

from testbed.mini import CONTROLLER, IDENTITY, POLICY

MAPS = Path(__file__).with_name("maps")


def text(name: str, /, **words: object) -> str:
    """A file of the folder with a word for each `$name`; what is of the environment stays."""
    return Template((MAPS / name).read_text(encoding="utf-8")).safe_substitute(words)


def write(
    folder: Path,
    *,
    identity: str = IDENTITY,
    controller: str = CONTROLLER,
    policy: str = POLICY,
    **sources: str,
) -> Path:
    """An inventory: the files of these sources beside identity, controller and policy."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"identity": identity, "controller": controller, "policy": policy, **sources}
    for name, content in files.items():
        (folder / f"{name}.yml").write_text(content, encoding="utf-8")
    return folder
