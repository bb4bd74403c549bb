"""The commands of docs/tour.md are run unchanged: from a connection to bundles on PostgreSQL, by scan and review."""

import csv
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from tests.support import type_keys

from afschrift.app.project import enter_project
from afschrift.app.settings import Settings
from afschrift.register.open import open_register

_ID = re.compile(r"\b(?:req|let|q)-[a-z0-9]{12}\b")
# What differs from run to run: seconds, lines of a file, times.
_VARIES = (
    (re.compile(r"\b[0-9a-f]{16,64}\b"), "#"),
    (re.compile(r"-[0-9a-f]{8}\.zip"), "-#.zip"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?"), "#"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "#"),
    (re.compile(r"\d+\.\d+ s\b"), "#"),
    (re.compile(r"whole: \d+ events"), "#"),
)
_REVIEW = re.compile(r"^afschrift inventory review", re.MULTILINE)
# after its keys a review that asks more is stopped, so that it ends
_AT_A_TERMINAL = f"python {Path(type_keys.__file__)} '{{keys}} q' afschrift inventory review"


@dataclass(frozen=True)
class Command:
    """One command, and the lines that the page shows after it."""

    text: str
    shown: tuple[str, ...]


def commands(page: str) -> Iterator[Command]:
    """Those of the blocks `console`, in order; what a here-document holds is of its command."""
    for block in re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.rstrip("\n").split("\n")
            ends = lines.index("END") + 1 if "<<" in lines[0] else 1
            yield Command("\n".join(lines[:ends]), tuple(lines[ends:]))


@dataclass
class Shell:
    """One shell for all of a page; what varies is read into what comes after.

    Attributes:
        words: words of the page -> what they are here.
    """

    environment: Mapping[str, str]
    words: dict[str, str]

    def __post_init__(self) -> None:
        self._bash = subprocess.Popen(
            ["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=dict(self.environment), start_new_session=True,
        )  # fmt: skip

    def run(self, command: Command, keys: str = "") -> str:
        """What a command prints; what it shows on the page must be in it, in that order."""
        text = _REVIEW.sub(_AT_A_TERMINAL.format(keys=keys).replace("\\", r"\\"), self._here(command.text))
        given, taken = self._bash.stdin, self._bash.stdout
        assert given is not None
        assert taken is not None
        no_input = "" if keys else " </dev/null"
        given.write(f"{{\n{text}\n}}{no_input}; printf '\\n@@%s\\n' $?\n")
        given.flush()
        lines: list[str] = []
        awaited = command.shown[0] if text.endswith("&") else None
        for line in taken:
            lines.append(re.sub(r"\x1b\[[0-9;]*m", "", line).replace("\r", "").rstrip("\n"))
            ended = any(line.startswith("@@") for line in lines)
            if ended and (awaited is None or any(awaited in line for line in lines)):
                break
        printed = [line for line in lines if not line.startswith("@@")]
        self._compare(command, printed)
        return "\n".join(printed)

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGTERM)
        assert self._bash.stdin is not None
        self._bash.stdin.close()
        self._bash.wait(timeout=60)

    def _here(self, text: str) -> str:
        for there, here in self.words.items():
            text = text.replace(there, here)
        return text

    def _compare(self, command: Command, printed: list[str]) -> None:
        at = 0
        for line in command.shown:
            if line == "...":
                continue
            expected = self._plain(line)
            for number in range(at, len(printed)):
                found = self._plain(printed[number])
                if found == expected or (expected.endswith("...") and found.startswith(expected[:-3])):
                    for there, here in zip(_ID.findall(line), _ID.findall(printed[number]), strict=True):
                        self.words.setdefault(there, here)
                    at = number + 1
                    break
            else:
                raise AssertionError(f"`{command.text}` does not print\n{line}\nbut\n" + "\n".join(printed))

    def _plain(self, line: str) -> str:
        line = _ID.sub("#", self._here(line).rstrip())
        for pattern, by in _VARIES:
            line = pattern.sub(by, line)
        return re.sub(r"\(chinook\.yml:\d+\)", "(#)", line)


pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def shell(shared_data: Path, project_root: Path, tmp_path: Path) -> Iterator[Shell]:
    script = shared_data / "chinook" / "Chinook_PostgreSql.sql"
    if not script.exists():
        pytest.skip("no Chinook script in ../shared/data beside this clone")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AFSCHRIFT", "AIRFLOW"))
    }
    path = f"{project_root}/.venv/bin:{kept['PATH']}"
    words = {
        "make venv": f"cd {project_root}",
        "$PWD/.venv/bin:": "",
        "~/Downloads/Chinook_PostgreSql.sql": str(script),
        "~/afschrift-tour": str(tmp_path / "afschrift-tour"),
        "/home/you": str(tmp_path),
    }
    started = Shell({**kept, "PATH": path, "COLUMNS": "200"}, words)
    yield started
    started.close()


@pytest.mark.nightly
def test_every_command_of_the_tour_does_what_the_page_says(
    shell: Shell, project_root: Path, tmp_path: Path
) -> None:
    page = (project_root / "docs/tour.md").read_text(encoding="utf-8")
    keys = re.findall(r"All keys in a row: `([^`]*)`|one question \(`(o)` `(provided⏎)` `(y)`\)", page)
    answers = iter(" ".join(key) for key in keys)
    home = tmp_path / "afschrift-tour"
    for command in commands(page):
        if command.text.startswith("afschrift bundle open"):
            command = replace(command, text=f"echo {words_of(home)} | {command.text}")
        shell.run(command, next(answers) if "inventory review" in command.text else "")
        if command.text.startswith("cat opened"):
            held_against_sql(home)
    assert next(answers, None) is None


def words_of(home: Path) -> str:
    """What an officer reads out to the person."""
    environment: dict[str, str] = {}
    enter_project(environment, home)
    register = open_register(Settings.from_environment(environment))
    [request] = [row.id for row in register.requests.all() if row.right == "portability"]
    return register.deliveries.secret(register.deliveries.of(request)[-1].id) or ""


def held_against_sql(home: Path) -> None:
    """The bundle holds the rows that SQL written by hand finds, and no other."""
    owner = re.search(r"^# owner: (.*)$", (home / "afschrift.env").read_text(), re.MULTILINE)
    assert owner is not None
    with psycopg.connect(owner[1]) as connection:
        for table, query in {
            "invoice": "SELECT invoice_id FROM invoice WHERE customer_id = 46",
            "invoice_line": "SELECT invoice_line_id FROM invoice_line JOIN invoice USING (invoice_id) "
            "WHERE customer_id = 46",
            "track": "SELECT DISTINCT track_id FROM invoice_line JOIN invoice USING (invoice_id) "
            "WHERE customer_id = 46",
        }.items():
            expected = sorted(str(row[0]) for row in connection.execute(query))  # type: ignore[arg-type]
            with (home / f"opened/data/chinook/{table}.csv").open(newline="", encoding="utf-8") as file:
                found = sorted(row[f"{table}_id"] for row in csv.DictReader(file))
            assert found == expected, table
