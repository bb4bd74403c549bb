"""What officers do with a delivery: renew, take away, give again, and report that it reached another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from testbed.register_reader import faults
from testbed.running import drive, run
from tests.contract.test_s3_store import reached
from tests.support.days import local_today
from tests.support.deciding import Bureau, mandate
from tests.unit.steps.test_encrypted_delivery import Lost

from afschrift.casework.actions.action import Done, Subject, perform
from afschrift.casework.actions.actions import actions_of
from afschrift.casework.delivery.view import SeenDelivery, seen_deliveries
from afschrift.casework.disputes import DisputeService
from afschrift.casework.identity.breach import take_back
from afschrift.casework.identity.death import lift_death
from afschrift.casework.notices.breaches import breach_reminder, open_breaches
from afschrift.casework.record_death import record_death
from afschrift.domain.errors import ConfigurationError, NotAllowedError, RefusedError, TooLateError
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.encryption.aes_zip import is_locked
from afschrift.law.clock.clock import clock
from afschrift.operations.sweep import SweepResult, sweep
from afschrift.register.deliveries import DeliveryRow

MANDATE = mandate(kind="lawyer", identity_checked="bar_register")


def do(bureau: Bureau, name: str, row: DeliveryRow, by: str = "cli:anna", **given: Any) -> Done:
    [action] = [action for action in actions_of(Subject.DELIVERY) if action.name == name]
    return perform(bureau.officer(by), action, row.id, given)


def last(bureau: Bureau, request: str, *, begun: bool = False) -> DeliveryRow:
    return bureau.register.deliveries.of(request, begun=begun)[-1]


def seen(bureau: Bureau, request: str) -> SeenDelivery:
    return seen_deliveries(bureau.officer(), request)[0]


def lies(bureau: Bureau, row: DeliveryRow) -> bool:
    return Path(row.uri.removeprefix("file://")).exists()


def swept(bureau: Bureau) -> list[SweepResult]:
    found = sweep(lambda _request, run: run, settings=bureau.settings)
    return [each for each in found if each.finding.delivery]


def test_delivery_is_renewed_and_taken_away(bureau: Bureau) -> None:
    request = bureau.store()
    drive(bureau.services, request)
    row = last(bureau, request)
    with pytest.raises(NotAllowedError):
        do(bureau, "revoke", row, by="cli:ivo")

    do(bureau, "renew", row)

    until = last(bureau, request).expires_at
    assert until is not None
    assert until[:10] == str((utc_now() + timedelta(days=31)).date())
    assert "until" in seen(bureau, request).line
    do(bureau, "revoke", row)
    assert (lies(bureau, row), seen(bureau, request).lies) == (False, False)
    assert "Removed from outbox" in seen(bureau, request).line
    for name in ("renew", "revoke"):
        with pytest.raises(TooLateError, match="not lie at its destination") as error:
            do(bureau, name, row)
        assert "delivery again" in error.value.remedy
    assert faults(bureau.settings.register) == []


def test_link_of_a_store_after_a_renewal_leads_to_the_file_until_it_is_taken_away(
    bureau: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reached(tmp_path) as store:
        store.other.mkdir("outbox")
        monkeypatch.setitem(bureau.settings.destinations, "outbox", "s3://outbox/answers")
        request = bureau.store()
        drive(bureau.services, request)
        row = last(bureau, request)
        link = do(bureau, "renew", row).shown
        assert link is not None and row.name in link
        with urlopen(link) as answer:
            content = answer.read()
        assert (len(content), is_locked(BytesIO(content))) == (row.bytes, True)
        do(bureau, "revoke", row)
        with pytest.raises(HTTPError, match="404"):
            urlopen(link)


def test_hold_keeps_what_lies_there_but_not_what_reached_another(bureau: Bureau) -> None:
    request = bureau.store()
    run(bureau.services, request)
    row = last(bureau, request)
    DisputeService(bureau.officer()).hold(request, "court", "Er loopt een zaak.")
    for name in ("renew", "revoke"):
        with pytest.raises(RefusedError, match="under hold"):
            do(bureau, name, row)
    do(bureau, "received", row)
    assert (lies(bureau, row), bool(last(bureau, request).confirmed_at)) == (True, True)
    assert seen(bureau, request).remarks == ("A hold is in force: nothing of it is removed.",)

    done = do(bureau, "misdelivered", row, text="De post gaf het bij de buren af.")

    assert lies(bureau, row) is False
    [question] = bureau.questions(request)
    assert (question.kind, question.id) == ("possible_breach", done.question)
    assert question.detail["incident"] in done.lines[0]
    now = utc_now()
    for ahead, level, left in ((0, "known", 71), (49, "24", 22), (65, "8", 6), (73, "0", -2)):
        [breach] = open_breaches(bureau.register, now + timedelta(hours=ahead))
        assert (breach.level, breach.left) == (level, left)
        messages: list[Any] = []
        reminder = breach_reminder(bureau.register, "checks", now + timedelta(hours=ahead))
        assert [reminder.remind("mail", messages.append) for _ in range(2)] == [1, 0]
        assert request in messages[0].text
    bureau.reply(question, "no_risk", "De buren gaven het ongeopend terug.", advice="no_risk")
    assert list(open_breaches(bureau.register, now)) == []
    assert faults(bureau.settings.register) == []


def test_answer_is_given_again_on_another_day_and_never_late(bureau: Bureau) -> None:
    request = bureau.store(days=20)
    run(bureau.services, request)
    first = last(bureau, request)
    with pytest.raises(RefusedError, match="can be opened"):
        do(bureau, "again", first)
    do(bureau, "revoke", first)

    do(bureau, "again", first)

    timeline = bureau.register.facts.timeline(request)
    later = bureau.officer(now=utc_now() + timedelta(days=60))
    counted = clock(timeline, later.jurisdiction, later.today(timeline.zone))
    assert (timeline.state, counted.breaches, counted.colour) == (State.NEEDS_PERSON, (), "grey")
    run(bureau.services, request)
    second = last(bureau, request)
    assert (lies(bureau, second), second.sha256 != first.sha256) == (True, True)
    timeline = bureau.register.facts.timeline(request)
    assert clock(timeline, later.jurisdiction, later.today(timeline.zone)).breaches == ()
    assert faults(bureau.settings.register) == []


def test_answer_that_is_ready_is_given_again_and_its_question_closes(bureau: Bureau) -> None:
    request = bureau.store()
    drive(bureau.services, request)
    assert [q.kind for q in bureau.questions(request)] == ["tell_person"]
    do(bureau, "revoke", last(bureau, request))
    do(bureau, "again", last(bureau, request))
    assert bureau.questions(request) == ()
    drive(bureau.services, request)
    assert [q.kind for q in bureau.questions(request)] == ["tell_person"]
    assert faults(bureau.settings.register) == []


@pytest.mark.parametrize(("to", "stays"), [("representative", False), ("person", True)])
def test_mandate_that_is_revoked_freezes_the_delivery(bureau: Bureau, to: str, stays: bool) -> None:
    request = bureau.store(made_by="proxy", message="Alles van Zeynep T.", person={"name": "Zeynep T."})
    bureau.reply(bureau.asked(request), "proven", **MANDATE | {"answer_to": to})
    drive(bureau.services, request)
    row = last(bureau, request)

    take_back(bureau.officer(), request)

    assert lies(bureau, row) is stays
    assert seen(bureau, request).lies is stays


def test_file_goes_at_a_death_and_is_sent_again_once_that_was_an_error(bureau: Bureau) -> None:
    request = bureau.store()
    drive(bureau.services, request)
    first = last(bureau, request)
    words = bureau.register.deliveries.secret(first.id)
    DisputeService(bureau.officer()).hold(request, "court", "Er loopt een zaak.")
    record_death(bureau.officer(), request, "notary")
    assert (lies(bureau, first), last(bureau, request).has_secret) == (False, False)
    lift_death(bureau.officer("airflow:sam"), request, "Zij belde ons zelf.")

    drive(bureau.services, request)

    second = last(bureau, request)
    assert (second.sha256, lies(bureau, second)) == (first.sha256, True)
    assert bureau.register.deliveries.secret(second.id) not in (None, words)
    every = bureau.register.deliveries.of(request, begun=True)
    assert [row.id for row in every] == [first.id, second.id]
    assert faults(bureau.settings.register) == []


def test_complaint_that_is_upheld_sends_what_was_removed_again(bureau: Bureau) -> None:
    request = bureau.store()
    run(bureau.services, request)
    row = last(bureau, request)
    Path(row.uri.removeprefix("file://")).unlink()
    assert "not at outbox any more" in do(bureau, "received", row).lines[-1]
    disputes = DisputeService(bureau.officer())
    disputes.complain(request, "person", "z1", local_today())
    disputes.end_complaint(request, "z1", "upheld", reopen=True)
    drive(bureau.services, request)
    assert lies(bureau, last(bureau, request)) is True


@pytest.mark.parametrize("name", ["revoke", "received", "misdelivered"])
def test_another_file_under_that_name_is_never_taken_away(bureau: Bureau, name: str) -> None:
    request = bureau.store()
    run(bureau.services, request)
    row = last(bureau, request)
    Path(row.uri.removeprefix("file://")).write_bytes(b"another")
    done = do(bureau, name, row, **({"text": "Bij de buren."} if name == "misdelivered" else {}))
    assert "Another file has the name" in done.lines[-1]
    assert (lies(bureau, row), last(bureau, request).destroyed_at) == (True, None)
    assert last(bureau, request).has_secret is (name == "received")


@pytest.mark.parametrize("name", ["renew", "revoke", "sweep"])
def test_address_that_changed_is_named_and_nothing_is_recorded_as_gone(
    bureau: Bureau, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = bureau.store()
    run(bureau.services, request)
    row = last(bureau, request)
    if name == "sweep":
        bureau.register.deliveries.expire(row.id, utc_now() - timedelta(hours=1))
    old, new = (str(bureau.settings.home / folder) for folder in ("outbox", "moved"))
    with monkeypatch.context() as changed:
        changed.setitem(bureau.settings.destinations, "outbox", new)
        Path(new).mkdir()
        if name == "sweep":
            [found] = swept(bureau)
            message = found.action
        elif name == "revoke":
            message = do(bureau, name, row).lines[-1]
        else:
            with pytest.raises(ConfigurationError) as error:
                do(bureau, name, row)
            message = str(error.value)
        assert f"lies at {old}/{row.name}" in message.replace("file://", "")
        assert f"is now at {new}/{row.name}" in message and "back until" in message
        assert last(bureau, request).destroyed_at is None
    found = swept(bureau) if name != "renew" else [do(bureau, "revoke", row)]
    assert (len(found), lies(bureau, row)) == (1, False)


@pytest.mark.parametrize(("name", "stays"), [("misdelivered", False), ("revoke", True)])
def test_hold_does_not_keep_what_reached_another_while_its_place_was_down(
    bureau: Bureau, name: str, stays: bool
) -> None:
    request = bureau.store()
    run(bureau.services, request)
    row = last(bureau, request)
    folder = Path(row.uri.removeprefix("file://")).parent
    away = folder.rename(folder.with_name("away"))
    done = do(bureau, name, row, **({"text": "Bij de buren."} if name == "misdelivered" else {}))
    assert "cannot be used" in done.lines[-1]
    assert last(bureau, request).has_secret is False
    with pytest.raises(TooLateError, match="is to be removed"):
        do(bureau, "renew", row)
    DisputeService(bureau.officer()).hold(request, "court", "Er loopt een zaak.")
    away.rename(folder)

    [found] = swept(bureau)

    assert found.action.startswith("kept" if stays else "removed")
    assert lies(bureau, row) is stays


def test_mandate_that_is_revoked_freezes_what_a_killed_delivery_left(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = bureau.store(made_by="proxy", message="Alles van Zeynep T.", person={"name": "Zeynep T."})
    bureau.reply(bureau.asked(request), "proven", **MANDATE)
    losing = replace(bureau.services, destination=lambda name: Lost(bureau.services.destination(name)))
    with pytest.raises(KeyboardInterrupt):
        drive(losing, request)
    [row] = bureau.register.deliveries.of(request, begun=True)
    file = bureau.settings.home / "outbox" / row.name
    assert (swept(bureau), file.exists()) == ([], True)
    DisputeService(bureau.officer()).hold(request, "court", "Er loopt een zaak.")

    take_back(bureau.officer(), request)

    moved = bureau.settings.home / "moved"
    moved.mkdir()
    with monkeypatch.context() as changed:
        changed.setitem(bureau.settings.destinations, "outbox", str(moved))
        [found] = swept(bureau)
        assert f"is now at {moved}/{row.name}" in found.action.replace("file://", "")
        assert (file.exists(), last(bureau, request, begun=True).destroyed_at) == (True, None)
    [found] = swept(bureau)
    assert (found.finding.why, file.exists()) == ("never_arrived", False)
