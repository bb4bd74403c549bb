"""Compares the lines of the trail in task logs with the trail itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afschrift.audit.sentences import START, LogLine, line, mark, parse
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.event import Header
from afschrift.domain.request import run_name
from afschrift.outside.read_json import read_json
from afschrift.register.trail.trail import Recorded, TrailFinding

_IN_PATH = re.compile(r"(run_id|task_id|map_index)=([^/]+)")


@dataclass(frozen=True)
class Found:
    """A line of the trail in a log.

    Attributes:
        place: file below the folder, and number of the line in it.
        run: Airflow's id of the run whose log it is; None: the log does not say.
        line: None: it begins as a line of the trail, but does not have its form.
        seq: number of the event; 0: it cannot be read.
    """

    place: str
    run: str | None
    line: LogLine | None
    seq: int


@dataclass(frozen=True)
class TaskLogs:
    """The logs of a folder.

    Attributes:
        files: number of files read.
        tasks: run -> its tasks with a log, a mapped one as `extract[0]`.
    """

    files: int
    lines: tuple[Found, ...]
    tasks: dict[str, frozenset[str]]


def log_files(folder: Path) -> list[Path]:
    """Return all files that end with `.log` below a folder.

    Raises:
        ConfigurationError: there is none.
    """
    files = sorted(path for path in folder.rglob("*.log") if path.is_file())
    if not files:
        raise ConfigurationError(
            f"There is no task log below {folder}.",
            remedy="name the folder of Airflow's task logs: [logging] base_log_folder, or a copy of it.",
        )
    return files


def read_logs(folder: Path) -> TaskLogs:
    """Read all files that end with `.log` below a folder, in any layout.

    Raises:
        ConfigurationError: there is no such folder, no log in it, or one that cannot be read.
    """
    files, lines = log_files(folder), list[Found]()
    tasks: dict[str, set[str]] = {}
    for path in files:
        name = path.relative_to(folder).as_posix()
        task = dict(_IN_PATH.findall(path.absolute().as_posix()))
        try:
            with path.open(encoding="utf-8", errors="replace") as stream:
                for number, text in enumerate(stream, 1):
                    text = _event(text, task)
                    if START in text:
                        lines.append(_found(f"{name}:{number}", text, task))
        except OSError as error:
            raise ConfigurationError(
                f"The log {name} cannot be read: {error.strerror}.",
                remedy="make it readable for this account.",
            ) from None
        if "run_id" in task and "task_id" in task:
            index = task.get("map_index", "-1")
            tasks.setdefault(task["run_id"], set()).add(
                task["task_id"] + ("" if index.startswith("-") else f"[{index}]")
            )
    return TaskLogs(len(files), tuple(lines), {run: frozenset(of) for run, of in tasks.items()})


def _event(text: str, task: dict[str, str]) -> str:
    """The message of a line of a log; a line in JSON also says whose log it is, which is added to `task`."""
    if not text.startswith("{"):
        return text
    try:
        entry = read_json(text)
    except ValueError:
        return text
    task |= {name: str(entry[name]) for name in ("run_id", "task_id", "map_index") if name in entry}
    return str(entry.get("event", ""))


def _found(place: str, text: str, task: dict[str, str]) -> Found:
    begins = text[text.index(START) :].rstrip("\n")
    number = re.match(rf"{START}(\d{{1,18}})", begins)
    return Found(place, task.get("run_id"), parse(begins), int(number[1]) if number else 0)


WRITTEN_BY = {
    "run_started": "assess",
    "assessed": "assess",
    "plan_frozen": "classify",
    "plan_kept": "classify",
    "extracted": "extract",
    "validated": "validate",
    "sealed": "package",
    "packed": "package",
    "bundle_delivered": "deliver",
    "part_closed": "close",
}
"""Event type that only steps of a run append -> task whose log has its line. Other types are also appended
elsewhere (by an answer, by a check of deadlines), so a run's log need not have them."""


@dataclass
class LogComparison:
    """Result of a comparison.

    Attributes:
        lines: number of lines found.
        erased: lines of events with an erased payload, whose text is not compared.
        dropped: lines of events in dropped years of the trail.
    """

    findings: list[TrailFinding]
    lines: int = 0
    erased: int = 0
    dropped: int = 0


def compare(logs: TaskLogs, events: Iterable[Recorded]) -> LogComparison:
    """Compare the lines of logs with the trail, and the events of their runs with the logs.

    Args:
        logs: as `read_logs` returned them.
        events: the whole trail in order, without dropped years; iterated once, in memory proportional to the
            logs.
    """
    found = LogComparison([], len(logs.lines))
    lines: dict[int, list[Found]] = {}
    for found_line in logs.lines:
        lines.setdefault(found_line.seq, []).append(found_line)
    runs = _Runs(logs)
    first = None
    of: dict[int, str | None] = {}  # event that a line names -> its request
    wrong: dict[Found, str] = {}
    for header, payload in events:
        first = first or header.seq
        runs.see(header, payload)
        for found_line in lines.get(header.seq, ()):
            of[header.seq] = header.request
            found.erased += found_line.line is not None and payload is None
            if code := _wrong(found_line, header, payload):
                wrong[found_line] = code
    for found_line in logs.lines:
        if 0 < found_line.seq < (first or 0):
            found.dropped += 1
            continue
        code = _wrong(found_line, None, None) if found_line.seq not in of else wrong.get(found_line)
        code = code or runs.other_request(found_line, of.get(found_line.seq))
        if code:
            found.findings.append(TrailFinding(code, found_line.seq, f"{found_line.place}: {WORDS[code]}"))
    found.findings += runs.lacking()
    found.findings.sort(key=lambda finding: (finding.seq, finding.text))
    return found


WORDS = {
    "log_line_unreadable": "a line begins as one of the trail's and does not have its form",
    "log_event_unknown": "the trail has no such event",
    "log_event_differs": "the event is another one in this trail: the line is of another register, or the "
    "trail was written anew, or the line was altered",
    "log_line_altered": "the event says something else than the line",
    "log_other_request": "the line is in the log of a run for another request",
}
"""Code of what is wrong with a line -> text."""


def _wrong(found: Found, header: Header | None, payload: Mapping[str, Any] | None) -> str | None:
    """Code of what is wrong with a line, compared with its event; None: nothing."""
    if found.line is None:
        return "log_line_unreadable"
    if header is None:
        return "log_event_unknown"
    if found.line.mark != mark(header):
        return "log_event_differs"
    expected = parse(line(header, payload))
    if found.line.type != header.type or (payload is not None and found.line != expected):
        return "log_line_altered"
    return None


class _Runs:
    """The events, by the trail, of the runs that have logs."""

    def __init__(self, logs: TaskLogs) -> None:
        self._in_logs = {found.seq for found in logs.lines}
        self._tasks = {run_name(run): of for run, of in logs.tasks.items()}
        self._logged = {*self._tasks, *(run_name(found.run) for found in logs.lines if found.run is not None)}
        self._requests: dict[str, str] = {}  # name of a run -> the request that it began for
        self._going: dict[str, str] = {}  # request -> the run that it is in
        self._steps: list[tuple[str, Header]] = []

    def see(self, header: Header, payload: Mapping[str, Any] | None) -> None:
        """Add an event; to be called in the order of the trail."""
        if header.request is None:
            return
        if header.type == "run_started":
            self._begin(header.request, (payload or {}).get("run", ""))
        run = self._going.get(header.request)
        if run in self._tasks and header.type in WRITTEN_BY:
            self._steps.append((run, header))
        if header.type == "run_ended":
            self._going.pop(header.request, None)

    def _begin(self, request: str, run: str) -> None:
        self._going.pop(request, None)  # another run of it, which may have no log
        if run in self._logged:
            self._going[request] = run
            self._requests[run] = request

    def other_request(self, found: Found, request: str | None) -> str | None:
        """`log_other_request` if a line is in the log of a run for another request; else None."""
        works_for = self._requests.get(run_name(found.run)) if found.run is not None else None
        if request is not None and works_for is not None and works_for != request:
            return "log_other_request"
        return None

    def lacking(self) -> Iterator[TrailFinding]:
        """Findings for events of a run that have no line, although there is a log of their task."""
        sources = Counter(run for run, header in self._steps if header.type == "extracted")
        for run, header in self._steps:
            task = WRITTEN_BY[header.type]
            # of a source `extract_shop`, or `extract[0]` by an earlier version
            of = [name for name in self._tasks[run] if re.split(r"[_\[]", name)[0] == task]
            if not of or header.seq in self._in_logs:
                continue
            if header.type == "extracted" and len(of) < sources[run]:
                continue  # the log of one source is missing, and it may be the one with this event
            text = f"the log of {task} of run {run} is there and has no line of the event"
            yield TrailFinding("log_lacks_event", header.seq, text)
