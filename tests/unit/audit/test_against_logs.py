"""What is compared of lines whose event says nothing any more, or is not there by the trail's own rules."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from afschrift.audit.against_logs import compare, read_logs
from afschrift.audit.sentences import line
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.event import Header

PAYLOAD = {"plan": "0" * 64}


def header(seq: int, type_: str = "plan_kept") -> Header:
    return Header(seq, "2026-11-28T02:20:00.000000Z", "req-7k3m9x2p4v0q", type_, "system", "0" * 64, "1" * 64)


def logged(folder: Path, *lines: str) -> Path:
    (folder / "attempt=1.log").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def test_erased_event_is_compared_by_number_type_and_digest(tmp_path: Path) -> None:
    written = line(header(14), PAYLOAD)
    erased = [(header(14), None)]

    whole = compare(read_logs(logged(tmp_path, written)), erased)
    other_text = compare(read_logs(logged(tmp_path, written.replace("holds", "held"))), erased)
    other_type = compare(read_logs(logged(tmp_path, written.replace("plan_kept", "packed"))), erased)

    assert (whole.findings, whole.erased, whole.lines) == ([], 1, 1)
    assert other_text.findings == []
    assert [(finding.code, finding.seq) for finding in other_type.findings] == [("log_line_altered", 14)]


def test_lines_of_a_dropped_year_are_counted_and_not_compared(tmp_path: Path) -> None:
    lines = (line(header(3), PAYLOAD), line(header(9), PAYLOAD))

    found = compare(read_logs(logged(tmp_path, *lines)), [(header(9), PAYLOAD)])

    assert (found.findings, found.dropped) == ([], 1)


def test_a_long_trail_is_gone_through_once_and_not_kept(tmp_path: Path) -> None:
    """What a run's log lacks, and a line in the log of another request's run, are found on the way."""
    started, other = {"run": "req-7k3m9x2p4v0q.1"}, {"run": "req-000000000001.1"}
    folder = tmp_path / "run_id=req-000000000001.1" / "task_id=classify"
    folder.mkdir(parents=True)
    logged(folder, line(header(4), PAYLOAD))
    alive: weakref.WeakSet[Header] = weakref.WeakSet()
    most = 0

    def trail() -> Iterator[tuple[Header, dict[str, object]]]:
        nonlocal most
        events: dict[int, tuple[Header, dict[str, object]]] = {
            3: (header(3, "run_started"), started),
            4: (header(4), PAYLOAD),
            5: (replace(header(5, "run_started"), request="req-000000000001"), other),
            6: (replace(header(6), request="req-000000000001"), PAYLOAD),
        }
        for seq in range(1, 5_000):
            event, payload = events.get(seq) or (header(seq, "swept"), {"n": seq})
            events.pop(seq, None)
            alive.add(event)
            yield event, payload
            most = max(most, len(alive))

    found = compare(read_logs(tmp_path), trail())
    assert [(finding.code, finding.seq) for finding in found.findings] == [
        ("log_other_request", 4),
        ("log_lacks_event", 6),
    ]
    assert most < 10


def test_a_finding_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no task log below"):
        read_logs(tmp_path)
    folder = tmp_path / "run_id=a.1"
    folder.mkdir()
    logged(folder, "::group::", line(header(9), PAYLOAD))

    [finding] = compare(read_logs(tmp_path), [(header(8), PAYLOAD)]).findings

    assert finding.text == "run_id=a.1/attempt=1.log:2: the trail has no such event"
