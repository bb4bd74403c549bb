"""Each event has a sentence, which quotes no person and accepts any payload."""

import json
import re
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes

from afschrift.audit.against_logs import compare, read_logs
from afschrift.audit.sentences import line, parse, sentence
from afschrift.audit.wording import FOLDER, wording
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.event import Header
from afschrift.law.case_facts import CaseFactKind
from afschrift.law.clock.facts import FactKind
from afschrift.outside.read_yaml import read_yaml

_NEW = re.compile(r'NewEvent\(\s*"([a-z_]+)"')
_NAMED = re.compile(r'"(letter_[a-z_]+)", by')

_BY_NAME = {
    *("keys_rotated", "wrapping_keys_retired", "wrapping_keys_lost", "index_key_forgotten"),
    *("signing_key_revoked", "register_restored", "checkpoint_made", "checkpoint_sent"),
    *("checkpoint_not_sent", "segment_dropped", "clock_went_back", "payloads_erased", "gate_refused"),
    *("destruction_proposed", "destruction_refused", "destruction_turned_down", "sweep_found"),
    *("bundle_sealed", "bundle_arrived", "data_key_destroyed"),
    *("events_adopted", "rows_adopted", "rows_told_again", "identity_look_up_asked"),
    "map_samples_shown",
    *("nothing_held", "nothing_portable", "nothing_in_limits"),
}
"""Types that the product gives by the name of a constant."""


def header(type_: str, actor: str = "system") -> Header:
    return Header(14, "2026-11-28T02:20:00.000000Z", "req-7k3m9x2p4v0q", type_, actor, "0" * 64, "1" * 64)


def test_each_type_that_the_product_appends_has_a_sentence(project_root: Path) -> None:
    files = (file for file in (project_root / "plugins").rglob("*.py") if file.parent.name != "audit")
    sources = [file.read_text(encoding="utf-8") for file in files]
    appended = {type_ for text in sources for type_ in (*_NEW.findall(text), *_NAMED.findall(text))}
    assert len(appended) > 40
    constants = {type_ for type_ in _BY_NAME if any(f'"{type_}"' in text for text in sources)}
    assert constants == _BY_NAME
    facts = {f"fact_{kind}" for kind in FactKind} | {f"case_fact_{kind}" for kind in CaseFactKind}

    assert (appended | constants | facts) - wording("en").types == set()
    assert [t for t in wording("en").types - facts if not any(f'"{t}"' in text for text in sources)] == []


@pytest.mark.parametrize("type_", sorted(wording("en").types))
def test_a_payload_of_another_release_breaks_no_log(type_: str) -> None:
    payloads: list[dict[str, Any]] = [{}, {"fact": None}, {"tables": 3, "columns": 7, "files": "x"}]
    for payload in payloads:
        text = sentence(header(type_), payload)
        assert text
        assert "{" not in text


def test_unknown_type_shows_its_codes_alone() -> None:
    payload = {"n": 3, "reason": "too_slow", "text": "Anna de Vries, +31 6 1234", "many": [1, 2]}
    text = sentence(header("something_new"), payload)
    assert text == "Recorded by the system: many: 2, n=3, reason=too_slow."
    assert sentence(header("plan_frozen"), None) == "What it said was erased."


def test_a_line_is_read_as_it_was_written_and_stays_one_line() -> None:
    of = header("extracted")
    payload = {"source": "shop\nevil", "snapshot": "x", "tables": {"a": 0}, "files": {}}

    written = line(of, payload)

    assert "\n" not in written
    assert written.endswith(f" [{of.digest()[:12]}]")
    text = parse(f"{written} [afschrift.trail] loc=task_log.py:41")
    assert text is not None
    assert (text.seq, text.type, text.mark) == (14, "extracted", of.digest()[:12])
    assert text.text == "Source shop evil was read as of x: 1 table, 0 rows, 0 files. Without a row: a."
    assert parse(written.replace(": ", " ")) is None


SAMPLES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("sentences.json").read_text("utf-8"))
"""Events with the sentences that they make."""

LANGUAGES = {file.stem: read_yaml(file.read_text("utf-8")) for file in FOLDER.glob("*.yml")}


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["type"])
def test_an_event_makes_this_sentence(sample: dict[str, Any], language: str) -> None:
    header = Header(14, "2026-11-28T02:20:00.000000Z", "req-1", sample["type"], sample["actor"], "0", "1")

    assert sentence(header, sample["payload"], language) == sample[language]


def test_each_type_has_a_sample() -> None:
    assert {sample["type"] for sample in SAMPLES} == wording("en").types


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_languages_have_the_same_sentences_and_members(language: str) -> None:
    assert _members(LANGUAGES[language]) == _members(LANGUAGES["en"])


def _members(texts: Mapping[str, Any]) -> dict[str, set[str]]:
    """Type of event or phrase -> members that its template reads."""
    shared = {kind: of["sentence"] for of in texts["shared"] for kind in of["of"]}
    templates = {**texts["events"], **texts["phrases"], **shared}
    environment = Environment(autoescape=False)
    return {
        name: {found.name for found in environment.parse(text).find_all(nodes.Name)}
        for name, text in templates.items()
    }


PAYLOAD = {"plan": "0" * 64}


def plan_kept(seq: int, type_: str = "plan_kept") -> Header:
    return replace(header(type_), seq=seq)


def logged(folder: Path, *lines: str) -> Path:
    (folder / "attempt=1.log").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def test_erased_event_is_compared_by_number_type_and_digest(tmp_path: Path) -> None:
    written = line(plan_kept(14), PAYLOAD)
    erased = [(plan_kept(14), None)]

    whole = compare(read_logs(logged(tmp_path, written)), erased)
    other_text = compare(read_logs(logged(tmp_path, written.replace("holds", "held"))), erased)
    other_type = compare(read_logs(logged(tmp_path, written.replace("plan_kept", "packed"))), erased)

    assert (whole.findings, whole.erased, whole.lines) == ([], 1, 1)
    assert other_text.findings == []
    assert [(finding.code, finding.seq) for finding in other_type.findings] == [("log_line_altered", 14)]


def test_lines_of_a_dropped_year_are_counted_and_not_compared(tmp_path: Path) -> None:
    lines = (line(plan_kept(3), PAYLOAD), line(plan_kept(9), PAYLOAD))

    found = compare(read_logs(logged(tmp_path, *lines)), [(plan_kept(9), PAYLOAD)])

    assert (found.findings, found.dropped) == ([], 1)


def test_a_long_trail_is_gone_through_once_and_not_kept(tmp_path: Path) -> None:
    """What a run's log lacks, and a line in the log of another request's run, are found on the way."""
    started, other = {"run": "req-7k3m9x2p4v0q.1"}, {"run": "req-000000000001.1"}
    folder = tmp_path / "run_id=req-000000000001.1" / "task_id=classify"
    folder.mkdir(parents=True)
    logged(folder, line(plan_kept(4), PAYLOAD))
    alive: weakref.WeakSet[Header] = weakref.WeakSet()
    most = 0

    def trail() -> Iterator[tuple[Header, dict[str, object]]]:
        nonlocal most
        events: dict[int, tuple[Header, dict[str, object]]] = {
            3: (plan_kept(3, "run_started"), started),
            4: (plan_kept(4), PAYLOAD),
            5: (replace(plan_kept(5, "run_started"), request="req-000000000001"), other),
            6: (replace(plan_kept(6), request="req-000000000001"), PAYLOAD),
        }
        for seq in range(1, 5_000):
            event, payload = events.get(seq) or (plan_kept(seq, "swept"), {"n": seq})
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
    logged(folder, "::group::", line(plan_kept(9), PAYLOAD))

    [finding] = compare(read_logs(tmp_path), [(plan_kept(8), PAYLOAD)]).findings

    assert finding.text == "run_id=a.1/attempt=1.log:2: the trail has no such event"
