"""Whatever is lost or damaged in staging is made again, from the step that the message names."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from testbed import small
from tests.support import staged_walk
from tests.support.staged_walk import REVIEW, SPOILS, STOPS, Stopped, data_of, finished, flipped, removed

from afschrift.domain.errors import StagedFileError
from afschrift.steps.deliver import deliver

pytestmark = [pytest.mark.slow, pytest.mark.hypothesis]

MAKES = {"keys": "classify", "bundle": "package"}
"""Which step makes a staged file, by the first part of its path; `extract` makes all others."""


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stopped]:
    return dict(staged_walk.stops(tmp_path_factory.mktemp("walk")))


@pytest.fixture(scope="module")
def undisturbed(stopped: dict[str, Stopped], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    case = stopped["classify"]
    services = case.spoilt(tmp_path_factory.mktemp("whole") / "home", case.files[0], lambda _: None)
    bundle, cleared = finished(services, case.request, "classify")
    assert cleared == []
    return data_of(bundle)


def cases(stop: str, files: list[str]) -> list[tuple[str, Any]]:
    """File, and what spoils it: all of them in depth; else each file after every other step, in turn."""
    if settings().max_examples > 100:
        return list(product(files, SPOILS))
    turns = enumerate(files, STOPS.index(stop))
    return [(file, SPOILS[turn // 2 % len(SPOILS)]) for turn, file in turns if turn % 2 or len(files) == 1]


def test_every_kind_of_file_is_walked(stopped: dict[str, Stopped]) -> None:
    kinds = {file.partition("/")[0] for file in stopped[REVIEW].files}
    assert kinds == {"keys.json.enc", "records", "samples", "overviews", "pointers", "data", "bundle.zip.enc"}
    assert {Path(file).suffixes[-2] for file in stopped[REVIEW].files if file.startswith("data/shop")} >= {
        f".{name}" for name in staged_walk.FORMATS
    }


@pytest.mark.parametrize("stop", STOPS)
def test_any_spoilt_file_is_made_again_as_its_message_says(
    stopped: dict[str, Stopped], undisturbed: dict[str, bytes], tmp_path: Path, stop: str
) -> None:
    faults, case = [], stopped[stop]
    for number, (file, spoil) in enumerate(cases(stop, case.files)):
        services = case.spoilt(tmp_path / str(number), file, spoil)
        try:
            bundle, cleared = finished(services, case.request, stop)
            fault = _fault(services, case.request, file, stop, cleared, data_of(bundle) == undisturbed)
            lying = list((tmp_path / str(number) / "outbox").iterdir())
            fault = fault or ("" if lying == [bundle] else f"{len(lying)} files at the destination")
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
        if fault:
            faults.append(f"after {stop}, {file} {spoil.__name__}: {fault}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "files",
    [
        ("records/shop.json.enc", "bundle.zip.enc"),
        ("keys.json.enc", "data/shop/ticket.csv.enc", "pointers/shop.json.enc"),
    ],
)
def test_several_files_lost_at_once_are_made_again(
    stopped: dict[str, Stopped], undisturbed: dict[str, bytes], tmp_path: Path, files: tuple[str, ...]
) -> None:
    case = stopped[REVIEW]
    services = case.spoilt(tmp_path / "home", files[0], removed)
    for file in files[1:]:
        flipped(tmp_path / "home" / "staging" / case.request / file)
    bundle, cleared = finished(services, case.request, REVIEW)
    assert (cleared, data_of(bundle)) == ([], undisturbed)  # a new run needs no advice
    payloads = [p for h, p in services.register.trail.events(case.request) if h.type == "staged_again" and p]
    assert sum(sum(kinds.values()) for case in payloads for kinds in case["files"].values()) == len(files)


def test_damaged_bundle_is_packed_again_by_the_next_delivery(
    stopped: dict[str, Stopped], undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    case = stopped[REVIEW]
    services = case.spoilt(tmp_path / "home", "bundle.zip.enc", flipped)
    staged_walk.go_on(services, case.request, "assess", until="classify")
    with pytest.raises(StagedFileError, match="clear `package` and what follows"):
        deliver(services, case.request)
    assert list((tmp_path / "home" / "outbox").iterdir()) == []
    bundle = staged_walk.go_on(services, case.request, "deliver")
    assert bundle is not None
    assert data_of(bundle) == undisturbed


def test_another_bundle_of_the_same_files_is_reviewed_anew_and_delivered(tmp_path: Path) -> None:
    """What the database says of its tables changed, and no row; the first bundle is lost."""
    folder = tmp_path / "walk"
    folder.mkdir()
    stop = dict(staged_walk.stops(folder))[REVIEW]
    services = stop.spoilt(tmp_path / "home", "records/shop.json.enc", removed)
    removed(tmp_path / "home" / "staging" / stop.request / "bundle.zip.enc")
    small.execute(
        folder / small.FILE,
        "ALTER TABLE ticket RENAME TO ticket_kept",
        "CREATE VIEW ticket AS SELECT * FROM ticket_kept",
    )
    _, cleared = finished(services, stop.request, REVIEW)
    events = services.register.trail.events(stop.request)
    packed = [payload["bundle"] for header, payload in events if header.type == "packed" and payload]
    assert cleared == []
    assert len(set(packed)) == len(packed) == 2
    asked = services.register.questions.all(request_id=stop.request, open_only=False)
    assert [q.about for q in asked if q.kind == REVIEW] == packed


def _fault(services: Any, request: str, file: str, stop: str, cleared: list[str], same: bool) -> str:
    maker = MAKES.get(re.split(r"[./]", file)[0], "extract")
    payloads = [
        payload
        for header, payload in services.register.trail.events(request)
        if header.type == "staged_again"
    ]
    if not same:
        return "another bundle came out"
    if not [
        q for q in services.register.questions.all(request_id=request, open_only=False) if q.kind == REVIEW
    ]:
        return "no review was asked for"
    if cleared not in ([], [maker]):
        return f"cleared {cleared}"
    if [case["step"] for case in payloads] != [maker] and (cleared or stop == REVIEW):
        return f"the trail has {payloads}"
    return ""
