"""Every file that a command takes or the installation reads, and texts made to hold its reader up.

Commands come from the command line itself: one that takes a file, and is not in the table, fails here.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from afschrift.cli.project import draft_project

SECONDS = 60
"""Of a command: ten times what the slowest takes."""

MEGABYTES = 3_000
"""Of the process for all of them, in which the largest text that is read is parsed."""

PLACES = {"folder", "into", "out", "html", "to_file", "data_keys", "logs", "key"}
"""Parameters that name where something is written, or a folder or key."""

DOCUMENTS = {
    ("case add", "file"), ("letter sent", "proof"), ("answer", "file"),
    ("delivery misdelivered", "text_file"), ("delivery words-sms", "number_file"),
    ("audit export", "file"), ("register restore", "file"), ("audit verify", "bundle"), ("report", "file"), ("case print", "file"),
}  # fmt: skip
"""Kept as they are and not parsed, or read behind a log-in to the register alone."""

OF_A_REQUEST = {
    ("answer", "form"), ("answer", "text_file"), ("request leave-source", "text_file"), ("request extend", "text_file"),
    ("request acknowledge", "text_file"), ("request reading", "text_file"), ("request keys", "keys_file"),
    ("request mandate-withdrawn", "text_file"), ("case hold", "text_file"), ("case release", "text_file"),
    ("case complaint", "text_file"), ("case complaint-outcome", "text_file"), ("request review-restriction", "text_file"), ("case not-received", "text_file"),
    ("request deceased", "text_file"), ("request not-deceased", "text_file"), ("case parties", "from_"),
    ("letter make", "from_"), ("preview", "keys"), ("request advise", "text_file"),
}  # fmt: skip
"""Read by `given.text`, `from_file` and `read_form`, which are doors of their own below."""

DOORS: dict[tuple[str, str], tuple[str, ...]] = {
    ("submit", "file"): ("submit", "FILE"),
    ("submit", "csv"): ("submit", "--csv", "FILE"),
    ("verify", "bundle"): ("verify", "FILE"),
    ("unpack", "bundle"): ("unpack", "FILE", "--into", "out"),
    ("bundle open", "file"): ("bundle", "open", "FILE", "out"),
    ("inventory import fides", "files"): ("inventory", "import", "fides", "FILE", "--kind", "duckdb"),
    ("inventory import dbt", "manifest"): (
        *("inventory", "import", "dbt", "FILE", "--source", "dwh", "--kind", "duckdb"),
    ),
    ("audit verify", "checkpoint"): ("audit", "verify", "--checkpoint", "FILE"),
}
READ_BY_ALL = ("example.yml", "policy.yml", "controller.yml", "identity.yml")
"""Files of a project's inventory, which `inventory check` reads."""


def aliases(levels: int, width: int = 9) -> str:
    lines = [f"a0: &a0 [{','.join('x' * width)}]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels + 1)]
    return "\n".join(lines)


INPUTS: dict[str, bytes] = {
    "aliases": aliases(9).encode(),
    "aliases of fides": (aliases(9) + "\ndataset: *a9\n").encode(),
    "deep": b"[" * 300_000,
    "deep and whole": b"[" * 500 + b"]" * 500,
    "deep objects": b'{"a":' * 100_000,
    "deep blocks": b"- " * 100_000,
    "deep within": b'{"metadata": {"dbt_schema_version": 1, "a": ' + b"[" * 190 + b"]" * 190 + b'}, "nodes": 1}',
    "many names": b"".join(b"k%d: 1\n" % n for n in range(100_000)),
    "many lists": b'{"dataset": [' + b"[]," * 300_000 + b"[]]}",
    "a long number": b'{"metadata": ' + b"1" * 1_000_000 + b"}",
    "a long line": b"a: " + b"x" * 8_000_000,
    "no UTF-8": b"a: b\nc: \xff\xfe",
    "signs": "a: \x1b[2J\u202e".encode(),
    "a tag": b"!!python/object/apply:os.system [ls]",
    "documents": b"a: b\n---\n" * 1_000,
    "nothing": b"",
}  # fmt: skip
READABLE = {"many names", "many lists", "a long line", "a long number", "nothing"}


def walk(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from walk(command, (*path, name))
            continue
        for parameter, kind in typing.get_type_hints(command.callback).items():
            if "Path" in str(kind):
                yield " ".join((*path, name)), parameter


def test_every_command_that_takes_a_file_is_in_the_table() -> None:
    from typer.main import get_command

    from afschrift.cli.main import app

    found = {option for option in walk(get_command(app)) if option[1] not in PLACES}
    assert found == DOORS.keys() | OF_A_REQUEST | DOCUMENTS


def given(folder: Path) -> dict[str, Path]:
    """A file of each input, and one of a terabyte, of which nothing is on the disk."""
    files = {name: folder / f"{name.replace(' ', '-')}.yml" for name in (*INPUTS, "large")}
    for name, content in INPUTS.items():
        files[name].write_bytes(content)
    with files["large"].open("wb") as stream:
        stream.truncate(10**12)
    return files


def run(project: Path, commands: Sequence[tuple[str, ...]]) -> list[dict[str, Any]]:
    """Commands in a process of their own, which gets no more memory and time than is said."""
    limit = SECONDS * len(commands)
    env = {name: value for name, value in os.environ.items() if not name.startswith("AFSCHRIFT_")}
    env |= {"AFSCHRIFT_HOME": str(project / ".afschrift"), "AFSCHRIFT_INVENTORY": str(project / "inventory")}
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.test_files"],
        input=json.dumps(commands), text=True, capture_output=True, cwd=project, env=env,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5)),
    )  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(rows) == len(commands), f"{commands[len(rows)]} ended it: {done.stderr[-500:]}"
    for words, row in zip(commands, rows, strict=True):
        assert not row["fault"], f"{words}: {row['fault']}"
        assert row["seconds"] < SECONDS, f"{words}: {row['seconds']:.0f} s"
        assert row["megabytes"] < MEGABYTES, f"{words}: {row['megabytes']:.0f} MB"
    return rows


def main() -> None:
    """Run the commands on standard input one after the other, whose caller bounds them; a line of JSON each."""
    from tests.support.command_line import programs_made_once
    from typer.testing import CliRunner

    from afschrift.cli.main import app
    from afschrift.domain.errors import AfschriftError

    with programs_made_once():
        for words in json.loads(sys.stdin.read()):
            begun = time.process_time()
            done = CliRunner().invoke(app, words)
            error = done.exception
            ours = error is None or isinstance(error, AfschriftError | SystemExit)
            message = str(error) if isinstance(error, AfschriftError) else done.output
            row = {
                "seconds": time.process_time() - begun,
                "code": done.exit_code,
                "fault": "" if ours else repr(error)[:300],
                "said": message[-2_000:],
                "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    draft_project(tmp_path / "ours", "2026-06-01T10:00:00Z")
    return tmp_path / "ours"


FEW = ("aliases", "deep", "no UTF-8", "large")
"""Inputs by day; by night all."""
by_day_few = pytest.mark.parametrize("by_night", [False, pytest.param(True, marks=pytest.mark.nightly)])


@by_day_few
def test_hostile_file_given_to_a_command(project: Path, by_night: bool) -> None:
    """All commands in one process, as it takes longer to begin than they do to refuse."""
    files = given(project)
    words = {
        (door, name): tuple(str(file) if word == "FILE" else word for word in DOORS[door])
        for door in DOORS
        for name, file in files.items()
        if by_night or name in FEW
    }
    rows = dict(zip(words, run(project, [("key", "new"), *words.values()])[1:], strict=True))
    for (door, name), row in rows.items():
        message, place = row["said"], f"{door}, {name}: {row['said']}"
        assert row["code"], place
        if door[0] in ("submit", "inventory import fides", "inventory import dbt"):
            csv = door == ("submit", "csv")  # a list of people: its name is not said, and it has no depth
            assert csv or name in READABLE or files[name].name in message, place
            assert "What to do" in message, place
            assert len(message) < 2_000  # not a line for each of a hundred thousand names
            assert name != "large" or "bytes that are read" in message, place
            assert csv or name != "deep" or "deep" in message, place


@by_day_few
def test_hostile_file_of_the_data_map(project: Path, by_night: bool) -> None:
    first, *others = READ_BY_ALL
    files = given(project)
    pairs = [(file, name) for file in others for name in (files if by_night else FEW)]
    pairs += [] if by_night else [(first, name) for name in files]
    words = []
    for file, name in pairs:
        folder = project / f"{name} of {file}"
        shutil.copytree(project / "inventory", folder)
        (folder / file).unlink()
        (folder / file).symlink_to(files[name])
        words.append(("inventory", "check", "--folder", str(folder)))
    for (file, name), row in zip(pairs, run(project, words), strict=True):
        assert row["code"] == 1, (file, name)
        assert file.partition(".")[0] in row["said"], (file, name)


@pytest.mark.parametrize("name", INPUTS)
def test_hostile_form_and_text_at_the_terminal(tmp_path: Path, name: str) -> None:
    from afschrift.cli.forms import from_file
    from afschrift.cli.given import text
    from afschrift.domain.errors import ConfigurationError

    file = tmp_path / "form"
    file.write_bytes(INPUTS[name])
    with pytest.raises(ConfigurationError):
        from_file(file)
    try:
        text(file)
    except ConfigurationError as error:
        assert len(INPUTS[name]) > 1_000_000 or "UTF-8" in str(error)


if __name__ == "__main__":
    main()
