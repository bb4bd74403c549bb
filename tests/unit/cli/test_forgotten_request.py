"""A request whose data key was destroyed: every command says so, none fails, and its bundle is still proven."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.command_line import in_this_process, run_command
from tests.support.remains import rows_of
from tests.support.reviewing import Reviewers
from tests.support.trail_matrix import TOOL

from afschrift.domain.plan import Plan
from afschrift.domain.right import Right

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def forgotten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Reviewers, str, Path]]:
    """A request that was reviewed and delivered, then forgotten, and its bundle."""
    folder = tmp_path_factory.mktemp("forgotten")
    patch = pytest.MonkeyPatch()
    reviewers = Reviewers.set_up(folder, patch)
    request = reviewers.store(formats=["csv"])
    reviewers.answer(reviewers.asked(request), "approved")
    bundle = reviewers.deliver(request)
    copy = folder / "bundle.zip"
    copy.write_bytes(bundle.read_bytes())
    assert reviewers.services.register.data_keys.shred(request, "retention_identity", "officer")
    yield reviewers, request, copy
    patch.undo()


def test_bundle_of_a_forgotten_request_is_still_provable(
    forgotten: tuple[Reviewers, str, Path], tmp_path: Path
) -> None:
    reviewers, request, bundle = forgotten
    text = run_command("audit", "verify", "--max-age", "0", "--bundle", str(bundle))
    events = [header for header, _ in reviewers.services.register.trail.events(request)]
    [sealed] = [header for header in events if header.type == "bundle_sealed"]
    [arrived] = [header for header in events if header.type == "bundle_arrived"]
    assert f"sealed at {sealed.at} (event {sealed.seq}, request {request})" in text
    assert f"delivered at {arrived.at} (event {arrived.seq}, request {request})" in text
    assert "The trail is whole" in text

    export = tmp_path / "export.jsonl"
    run_command("audit", "export", str(export))
    public = tmp_path / "public.pem"
    public.write_text(run_command("key", "public"), encoding="utf-8")
    checked = [sys.executable, TOOL, export, "--key", public]
    subprocess.run(checked, capture_output=True, check=True)


def test_forgotten_bundle_cannot_be_made_again(forgotten: tuple[Reviewers, str, Path]) -> None:
    """The bundle names its plan by a digest, which depends on the destroyed key and is nowhere else."""
    reviewers, _, bundle = forgotten
    with zipfile.ZipFile(bundle) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/bag-info.txt")]
        info = dict(line.split(": ", 1) for line in archive.read(name).decode().splitlines())
    plan, sealed_at = info["Afschrift-Plan-SHA256"], info["Afschrift-Sealed-At"]
    rows = rows_of(reviewers.folder / "home" / "register.db")
    assert (len(plan), plan in repr(rows), sealed_at in repr(rows)) == (64, False, False)

    at = "2026-03-02T10:00:00Z"
    keyed = Plan("req-a", Right.ACCESS, "nl", ("csv",), (), (), "a", "b", "0.1.0", at, keys="k")
    assert keyed.digest() != replace(keyed, keys="l").digest()


def test_another_file_is_named_by_no_event(forgotten: tuple[Reviewers, str, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(forgotten[2].read_bytes() + b"x")
    assert "sealed at" not in run_command("audit", "verify", "--max-age", "0", "--bundle", other, code=1)


def test_every_look_at_it_says_that_it_is_gone(forgotten: tuple[Reviewers, str, Path]) -> None:
    reviewers, request, _ = forgotten
    register = reviewers.services.register
    shown = run_command("request", "show", request)
    assert "data_key_destroyed" in shown
    assert "(erased)" in shown
    assert json.loads(run_command("request", "show", request, "--json"))["request"]["state"] == "delivered"
    assert request in run_command("requests", "--all")
    run_command("requests", "--all", "--json")
    [case] = [case.id for case in register.cases.all() if request in case.requests]
    assert "destroyed" in run_command("case", "show", case)
    run_command("case", "list", "--all")
    lines = [json.loads(line) for line in run_command("audit", "show", request, "--json").splitlines()]
    assert {line["type"] for line in lines if line["payload"]} >= {"bundle_sealed", "data_key_destroyed"}
    run_command("questions", "--all")
    run_command("letter", "list")
    swept = [line for line in run_command("sweep", "--dry-run").splitlines() if request in line]
    assert [line.split("|")[2].strip() for line in swept] == ["copy_remains"]  # of what was delivered
    refused = in_this_process(("review", "show", request))
    assert refused.code == 1
    assert "destroyed" in refused.errors or "Nothing is planned" in refused.errors
    assert register.trail.verify() == []
