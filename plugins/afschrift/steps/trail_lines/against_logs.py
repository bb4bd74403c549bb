"""Task logs held against the trail: whether they tell the same story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.domain.event import Header
from afschrift.domain.run import run_name
from afschrift.register.trail.trail import Recorded, TrailFinding
from afschrift.steps.trail_lines.line import line, mark, parse
from afschrift.steps.trail_lines.task_logs import Found, TaskLogs

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
"""Types that steps of a run alone append -> the task in whose log they stand. The others come from elsewhere
too (an answer, a check of deadlines), so nothing says that a run's log must have them."""


@dataclass
class LogComparison:
    """What came of it.

    Attributes:
        lines: how many were found.
        erased: how many of them tell of an event whose payload was erased, so that its text is not compared.
        dropped: how many tell of a year of the trail that was dropped.
    """

    findings: list[TrailFinding]
    lines: int = 0
    erased: int = 0
    dropped: int = 0


def compare(logs: TaskLogs, events: Sequence[Recorded]) -> LogComparison:
    """Hold the lines of logs against the trail, and the events of their runs against the logs.

    Args:
        logs: that were found.
        events: the whole trail, as far as no year of it was dropped.
    """
    known = {header.seq: (header, payload) for header, payload in events}
    found = LogComparison([], len(logs.lines))
    requests = _requests(events)
    for one in logs.lines:
        if events and 0 < one.seq < events[0][0].seq:
            found.dropped += 1
            continue
        header, payload = known.get(one.seq, (None, None))
        if header is not None and one.said is not None and payload is None:
            found.erased += 1
        wrong = _wrong(one, header, payload, requests)
        if wrong:
            found.findings.append(TrailFinding(wrong, one.seq, f"{one.place}: {WORDS[wrong]}"))
    found.findings += _lacking(logs, events)
    found.findings.sort(key=lambda finding: (finding.seq, finding.text))
    return found


WORDS = {
    "log_line_unreadable": "a line begins as one of the trail's and has not its form",
    "log_event_unknown": "the trail has no such event",
    "log_event_differs": "the event is another one in this trail: the line is of another register, or the "
    "trail was written anew, or the line was altered",
    "log_line_altered": "the event says something else than the line",
    "log_other_request": "the line stands in the log of a run for another request",
}
"""Code of what is wrong with a line -> in words."""


def _wrong(
    one: Found, header: Header | None, payload: Mapping[str, Any] | None, requests: Mapping[str, str]
) -> str | None:
    """Code of what is wrong with a line."""
    if one.said is None:
        return "log_line_unreadable"
    if header is None:
        return "log_event_unknown"
    if one.said.mark != mark(header):
        return "log_event_differs"
    told = parse(line(header, payload))
    if one.said.type != header.type or (payload is not None and one.said != told):
        return "log_line_altered"
    works_for = requests.get(run_name(one.run)) if one.run is not None else None
    if header.request is not None and works_for is not None and works_for != header.request:
        return "log_other_request"
    return None


def _requests(events: Iterable[Recorded]) -> dict[str, str]:
    """Name of a run -> the request that it began for."""
    return {
        payload["run"]: header.request
        for header, payload in events
        if header.type == "run_started" and header.request is not None and payload and "run" in payload
    }


def _lacking(logs: TaskLogs, events: Sequence[Recorded]) -> Iterator[TrailFinding]:
    """Events of a run that no line tells, though the log of their task is there."""
    told = {one.seq for one in logs.lines}
    tasks = {run_name(run): of for run, of in logs.tasks.items()}
    steps = list(_of_runs(events))
    sources = Counter(run for run, header in steps if header.type == "extracted")
    for run, header in steps:
        task = WRITTEN_BY[header.type]
        of = [name for name in tasks.get(run, ()) if name.partition("[")[0] == task]
        if not of or header.seq in told:
            continue
        if header.type == "extracted" and len(of) < sources[run]:
            continue  # the log of one of the sources is not there, and it may be this one's
        text = f"the log of {task} of run {run} is there and has no line of the event"
        yield TrailFinding("log_lacks_event", header.seq, text)


def _of_runs(events: Iterable[Recorded]) -> Iterator[tuple[str, Header]]:
    """Name of the run and header, of each event that a step of a run appended."""
    going: dict[str, str] = {}
    for header, payload in events:
        if header.request is None:
            continue
        if header.type == "run_started":
            going[header.request] = (payload or {}).get("run", "")
        if header.type in WRITTEN_BY and going.get(header.request):
            yield going[header.request], header
        if header.type == "run_ended":
            going.pop(header.request, None)
