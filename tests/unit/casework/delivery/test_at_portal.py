"""What each act of an officer does to a delivery at a portal: page, file, words, receipt and letter."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from testbed.running import drive, run
from tests.contract.test_portal_destination import options
from tests.support.deciding import Bureau
from tests.support.portal import Portal, running
from tests.unit.casework.delivery.test_deliveries import do, last, swept

from afschrift.casework.delivery.removing import link_of
from afschrift.casework.letters.make import make
from afschrift.destinations.portal import delivery_key
from afschrift.domain.errors import AfschriftError, TooLateError
from afschrift.domain.instants import utc_now
from afschrift.encryption.secret import apart


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(tmp_path_factory.mktemp("portal")) as started:
        yield started


class Desk:
    """A bureau whose answers go to a portal, and what is to be seen of one."""

    def __init__(self, bureau: Bureau, portal: Portal) -> None:
        self.bureau, self.portal = bureau, portal
        self.request = bureau.store()
        drive(bureau.services, self.request)
        self.row = last(bureau, self.request)
        self.words, self.link = apart(bureau.register.deliveries.secret(self.row.id) or "")
        self.path = f"/deliveries/{delivery_key(self.row.name)}"

    def entered(self, words: str = "") -> int:
        with self.portal.client() as client:
            return client.post(f"/api/o/{self.link}", json={"code": words or self.words}).status_code

    def letter(self) -> bool:
        places = {"where": "hier", "available_until": "2030-01-01"}
        try:
            return make(self.bureau.officer(), self.request, "delivery", places).letter is not None
        except AfschriftError as error:
            assert "not lie at its destination" in str(error)
            return False

    def seen(self) -> tuple[int, bool, bool, bool, bool]:
        """How the page answers link and words; whether file, words, officer's link and letter are there."""
        row, deliveries = last(self.bureau, self.request), self.bureau.register.deliveries
        file = (self.portal.home / "files" / self.path.rpartition("/")[2]).exists()
        link = link_of(self.bureau.settings, self.bureau.register, row)
        assert (row.destroyed_at is None) == file
        return self.entered(), file, deliveries.secret(row.id) is not None, link is not None, self.letter()


@pytest.fixture
def desk(bureau: Bureau, portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    file = tmp_path / "options.json"
    file.touch(0o600)
    file.write_text(json.dumps({**options(portal), "public": portal.outer}))
    monkeypatch.delitem(bureau.settings.destinations, "outbox")
    monkeypatch.setitem(bureau.settings.destination_options, "outbox", file)
    monkeypatch.setattr("testbed.running.open_delivered", lambda *_: Path())  # no folder
    if portal.process is None:
        portal.start()
    yield Desk(bureau, portal)


LIES, OVER, GIVEN = (
    (200, True, True, True, True),
    (403, False, False, False, False),
    (403, False, False, False, True),
)
ACTS: dict[str, tuple[Any, str]] = {
    "link": (LIES, "link_shown"),
    "words": (LIES, "secret_shown"),
    "renew": (LIES, "delivery_renewed"),
    "unfreeze": (LIES, "delivery_unfrozen"),
    "received": (GIVEN, "delivery_confirmed"),
    "revoke": (OVER, "delivery_revoked"),
    "misdelivered": (OVER, "delivery_misdelivered"),
}


@pytest.mark.parametrize("name", ACTS)
def test_act_changes_page_file_words_and_letter(desk: Desk, name: str) -> None:
    bureau, (seen, event) = desk.bureau, ACTS[name]
    given = {"text": "Bij de buren."} if name == "misdelivered" else {}
    assert desk.seen() == LIES
    if name == "unfreeze":
        with desk.portal.client(inner=True) as client:
            assert client.patch(desk.path, json={"frozen": True}).is_success
        assert desk.entered() == 403
    if name == "renew":
        bureau.register.deliveries.expire(desk.row.id, utc_now() + timedelta(days=2))
    done = do(bureau, name, desk.row, **given)
    assert desk.seen() == seen
    events = [header.type for header, _ in bureau.register.trail.events(desk.request)]
    assert event in events and desk.link not in repr(done.lines)
    if name == "link":
        assert done.shown == f"{desk.portal.outer}/o/{desk.link}"
    if name == "renew":
        with desk.portal.client(inner=True) as client:
            until = client.get(desk.path).json()["expires_at"]
        assert until[:19] == str(last(bureau, desk.request).expires_at)[:19]
    if seen == LIES:
        with pytest.raises(AfschriftError, match="can be opened"):
            do(bureau, "again", desk.row)
        return
    assert not {"secret_destroyed", "bundle_removed"} - {*events}
    before = desk.link, desk.words
    do(bureau, "again", desk.row)
    run(bureau.services, desk.request)
    desk.row = last(bureau, desk.request)
    desk.words, desk.link = apart(bureau.register.deliveries.secret(desk.row.id) or "")
    assert desk.entered() == 200 and not {desk.link, desk.words} & {*before}
    assert [receipt["kind"] for receipt in desk.portal.receipts(delivery_key(desk.row.name))] == []


@pytest.mark.parametrize("name", ACTS)
def test_act_while_the_portal_is_away_is_done_when_it_is_back(desk: Desk, name: str) -> None:
    bureau, (seen, event) = desk.bureau, ACTS[name]
    desk.portal.stop()
    before, given = last(bureau, desk.request), {"text": "Bij de buren."} if name == "misdelivered" else {}
    if name in ("renew", "unfreeze"):
        with pytest.raises(AfschriftError, match="does not answer"):
            do(bureau, name, desk.row)
        assert last(bureau, desk.request) == before
        assert event not in [header.type for header, _ in bureau.register.trail.events(desk.request)]
        seen = LIES
    else:
        do(bureau, name, desk.row, **given)
        if seen == OVER:  # who looks at it sees no words any more, though the file is there
            assert bureau.register.deliveries.secret(desk.row.id) is None
    desk.portal.start()
    swept(bureau)
    assert desk.seen() == seen
    if seen != LIES:
        with pytest.raises(TooLateError, match="not lie at its destination"):
            do(bureau, "renew", desk.row)
