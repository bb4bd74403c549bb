"""Task logs as Airflow 3 writes them, JSON lines or text, and the lines of ours in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from afschrift.audit.line import START, LogLine, parse
from afschrift.domain.errors import ConfigurationError
from afschrift.outside.read_json import read_json

_IN_PATH = re.compile(r"(run_id|task_id|map_index)=([^/]+)")


@dataclass(frozen=True)
class Found:
    """A line of ours in a log.

    Attributes:
        place: file below the folder, and number of the line in it.
        run: Airflow's id of the run whose log it is; None where the log does not say.
        said: None where it begins as a line of ours and has not its form.
        seq: of the event, as far as it can be read; 0: it cannot.
    """

    place: str
    run: str | None
    said: LogLine | None
    seq: int


@dataclass(frozen=True)
class TaskLogs:
    """What a folder of logs holds.

    Attributes:
        files: how many were read.
        tasks: run -> its tasks of which there is a log, a mapped one as `extract[0]`.
    """

    files: int
    lines: tuple[Found, ...]
    tasks: dict[str, frozenset[str]]


def read_logs(folder: Path) -> TaskLogs:
    """All files that end with `.log` below a folder, whoever laid it out.

    Raises:
        ConfigurationError: there is no such folder, no log in it, or one that cannot be read.
    """
    files = sorted(path for path in folder.rglob("*.log") if path.is_file())
    if not files:
        raise ConfigurationError(
            f"There is no task log below {folder}.",
            remedy="name the folder of Airflow's task logs: [logging] base_log_folder, or a copy of it.",
        )
    lines: list[Found] = []
    tasks: dict[str, set[str]] = {}
    for path in files:
        name = path.relative_to(folder).as_posix()
        told = dict(_IN_PATH.findall(path.absolute().as_posix()))
        try:
            with path.open(encoding="utf-8", errors="replace") as stream:
                for number, text in enumerate(stream, 1):
                    text = _event(text, told)
                    if START in text:
                        lines.append(_found(f"{name}:{number}", text, told))
        except OSError as error:
            raise ConfigurationError(
                f"The log {name} cannot be read: {error.strerror}.",
                remedy="make it readable for this account.",
            ) from None
        if "run_id" in told and "task_id" in told:
            index = told.get("map_index", "-1")
            tasks.setdefault(told["run_id"], set()).add(
                told["task_id"] + ("" if index.startswith("-") else f"[{index}]")
            )
    return TaskLogs(len(files), tuple(lines), {run: frozenset(of) for run, of in tasks.items()})


def _event(text: str, told: dict[str, str]) -> str:
    """What a line of a log says; JSON tells beside it whose log it is."""
    if not text.startswith("{"):
        return text
    try:
        entry = read_json(text)
    except ValueError:
        return text
    told |= {name: str(entry[name]) for name in ("run_id", "task_id", "map_index") if name in entry}
    return str(entry.get("event", ""))


def _found(place: str, text: str, told: dict[str, str]) -> Found:
    begins = text[text.index(START) :].rstrip("\n")
    said = parse(begins)
    number = re.match(rf"{START}(\d{{1,18}})", begins)
    return Found(place, told.get("run_id"), said, int(number[1]) if number else 0)
