"""`afschrift review` at a terminal: look, redact, approve, hold back; and what is turned down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from testbed.running import members
from tests.support.reviewing import BALANCE, BODY, CODES, LINE, NEIGHBOUR, Reviewers
from typer.testing import CliRunner

from afschrift.cli.main import app
from afschrift.domain.errors import AfschriftError, ConfigurationError, FormError, RefusedError

pytestmark = pytest.mark.slow


@pytest.fixture
def reviewers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reviewers]:
    yield Reviewers.set_up(tmp_path, monkeypatch)


def run(*words: str, stdin: str | None = None) -> str:
    result = CliRunner().invoke(app, list(words), input=stdin)
    if result.exception is not None:
        raise result.exception
    return result.output


def turned_down(error: type[AfschriftError], *words: str, stdin: str | None = None) -> str:
    with pytest.raises(error) as message:
        run(*words, stdin=stdin)
    return str(message.value)


def test_a_review_from_look_to_delivery(reviewers: Reviewers, tmp_path: Path) -> None:
    request = reviewers.store(language="en")
    reviewers.asked(request)

    shown = run("review", "show", request)
    assert "state needs_person" in shown
    assert "policy" in shown
    assert "shop.ticket_message: 3 rows" in shown
    assert BODY[:60] in shown
    assert BODY in run("review", "show", request, "--table", "shop.ticket_message", "--row", "id=1")
    form = tmp_path / "form.yml"
    form.write_text(json.dumps({"detail": CODES, "texts": {"redactions": [LINE], **BALANCE}}))
    done = run("review", "redact", request, "--form", str(form))
    assert "Recorded: review = redact." in done
    reviewers.asked(request)
    whole = json.loads(run("review", "show", request, "--json", "--table", "shop.ticket_message"))
    assert NEIGHBOUR not in json.dumps(whole)
    assert "Recorded: review = approved." in run("review", "approve", request)
    assert NEIGHBOUR.encode() not in members(reviewers.deliver(request))["data/shop/ticket_message.csv"]


def test_what_is_turned_down_at_a_terminal(reviewers: Reviewers) -> None:
    request = reviewers.store()
    assert "No review" in turned_down(ConfigurationError, "review", "approve", request)
    reviewers.asked(request)
    assert "--table" in turned_down(ConfigurationError, "review", "show", request, "--row", "#1")
    assert "why" in turned_down(FormError, "review", "hold-back", request)
    assert "no such table" in turned_down(RefusedError, "review", "show", request, "--table", "shop.x")
    bad = json.dumps({"texts": {"redactions": [LINE.replace("id=1", "id=77")]}})
    message = turned_down(FormError, "review", "redact", request, "--form", "-", stdin=bad)
    assert "line 1: no row has this key" in message
    run("review", "hold-back", request, "--text-file", "-", stdin="Eerst bellen.")
    assert "held_back" in reviewers.asked(request).detail["why"]
