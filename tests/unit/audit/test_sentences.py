"""Each event has a sentence, which quotes no person and accepts any payload."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from afschrift.audit.sentences import event_types, line, parse, sentence
from afschrift.domain.event import Header
from afschrift.law.case_facts import CaseFactKind
from afschrift.law.clock.facts import FactKind

GENERIC = "Recorded by "
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

    assert (appended | constants | facts) - event_types() == set()
    assert [t for t in event_types() - facts if not any(f'"{t}"' in text for text in sources)] == []


@pytest.mark.parametrize("type_", sorted(event_types()))
@pytest.mark.parametrize("payload", [{}, {"fact": None}, {"tables": 3, "columns": 7, "files": "x"}])
def test_a_payload_of_another_release_breaks_no_log(type_: str, payload: dict[str, Any]) -> None:
    text = sentence(header(type_), payload)

    assert text
    assert "{" not in text


def test_unknown_type_shows_its_codes_alone() -> None:
    payload = {"n": 3, "reason": "too_slow", "text": "Anna de Vries, +31 6 1234", "many": [1, 2]}

    text = sentence(header("something_new"), payload)

    assert text == "Recorded by the system: many: 2, n=3, reason=too_slow."


def test_an_erased_event_says_that_it_was() -> None:
    assert sentence(header("plan_frozen"), None) == "What it said was erased."


@pytest.mark.parametrize(
    ("actor", "payload", "expected"),
    [
        ("channel:portal", {}, "by channel portal."),
        ("cli:anna", {}, "by a user at the terminal."),
        ("airflow:anna", {}, "by an account of Airflow."),
        ("airflow:anna", {"held": {"role": "keeper", "person": "Anna"}}, "by source owner."),
        ("airflow:anna", {"held": {"role": "officer"}, "question": "q-x9kdtq0zd9fg"}, "by officer, on "),
    ],
)
def test_decision_names_the_role_and_never_the_account(
    actor: str, payload: dict[str, Any], expected: str
) -> None:
    text = sentence(header("decision_taken", actor), {"kind": "identity", "choice": "confirmed", **payload})

    assert text.startswith(f"Decision identity: confirmed, {expected}")
    assert "nna" not in text


COLUMNS = [
    {"action": "include", "reason": "portable_provided", "rules": ["R18", "R20"], "columns": 60},
    {"action": "mask", "reason": "others_masked", "rules": ["R31"], "columns": 6},
    {"action": "exclude", "reason": "origin_inferred", "rules": ["R18"], "columns": 9},
    {"action": "exclude", "reason": "security_secret", "rules": ["R87"], "columns": 3},
    {"action": "exists_only", "reason": "security_secret", "rules": ["R87"], "columns": 1},
]


def test_plan_sentence_names_actions_and_rules() -> None:
    payload = {
        "plan": "0fd54108877c" + "0" * 52,
        "tables": 28,
        "withheld": 1,
        "withheld_tables": ["shop.login"],
        "columns": COLUMNS,
        "rests_on": {
            "identity": {"event": 3, "by": "channel portal"},
            "decision": {"event": 9, "by": "officer"},
        },
        "seconds": 3.24,
    }

    assert sentence(header("plan_frozen"), payload) == (
        "Plan 0fd54108877c is frozen: 28 tables to read, 1 withheld. Columns that go along: 60: 60 provided "
        "(R18, R20). Columns that go along masked: 6: 6 others masked (R31). Columns that are only said to exist: "
        "1: 1 security secret (R87). Columns that are left out: 12: 9 inferred (R18) and 3 security secret "
        "(R87). Withheld whole: shop.login. The gate let it pass on identity (#3, channel portal) and "
        "decision (#9, officer). It took 3.2 s."
    )


@pytest.mark.parametrize(
    "active", [{"macro": 2, "script": 1}, {"photo": {"macro": 2}, "mail": {"script": 1}}]
)
def test_files_with_active_content_are_named(active: dict[str, Any]) -> None:
    payload = {"source": "shop", "snapshot": "x", "tables": {"a": 1}, "active": active, "kept_back": 1}

    assert sentence(header("extracted"), payload) == (
        "Source shop was read as of x: 1 table, 1 row, 0 files. Something may run in files: 2 macro and "
        "1 script; 1 file kept back."
    )


@pytest.mark.parametrize(
    ("compared", "words"),
    [
        ({}, ""),
        ({"while_written": 3}, ", 3 while written and 1 now"),
        ({"while_written": 0}, ", 0 while written and 4 now"),
    ],
)
def test_validation_names_when_files_were_read_back(compared: dict[str, int], words: str) -> None:
    payload = {"files": 4, "rows": 7, "formats": {"csv": 3, "uploads": 1}, "columns": 12, **compared}

    assert sentence(header("validated"), payload) == (
        f"4 files (3 csv and 1 uploads) read again by another library{words}: their rows and 12 column "
        "checksums are as extracted, 7 rows in all."
    )
    payload = {"source": "shop", "snapshot": "x", "tables": {"a": 1}, "files": {"a": ""}, "read_back": 1}
    assert sentence(header("extracted"), payload) == (
        "Source shop was read as of x: 1 table, 1 row, 1 file. 1 file read back by another library while "
        "written."
    )


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
