"""Who sees what: each route in each state of a delivery. Strangers see one answer, made by the same work."""

import asyncio
import hashlib
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from tests.support.portal import CODE, Sealed, bundle

from afschrift_portal import container
from afschrift_portal.answers import Guarded
from afschrift_portal.container import hash_of_link
from afschrift_portal.gate import MOST_WAITING, Gate
from afschrift_portal.identity import Identity, create_identity
from afschrift_portal.inner import MOST_FACTS, build_inner
from afschrift_portal.outer import MOST_BODY, build_outer
from afschrift_portal.pages import cookie_name
from afschrift_portal.serve import _keep_time
from afschrift_portal.settings import PortalSettings
from afschrift_portal.store import Store

WRONG = "anker brood cello dorp emmer gitaar"
NOTHING = "nothing"
TABLE = Path(__file__).with_name("who_sees_what.md")
STATES = ("ready", "unknown", "malformed", "uploading", "frozen", "over", "revoked")


class Here:
    """A portal in this process."""

    def __init__(self, home: Path) -> None:
        create_identity(home, "t" * 32)
        self.settings = PortalSettings(home=home, reserve=0)
        self.store = Store(home)
        self.gate = Gate(self.store, Identity(home))
        app = Guarded(build_outer(self.store, self.gate, self.settings), MOST_BODY, 60)
        self.outer = TestClient(app, "https://portal.example.org", follow_redirects=False)
        inner = build_inner(self.store, Identity(home), self.settings)
        key = {"Authorization": f"Bearer {'t' * 32}"}
        self.inner = TestClient(Guarded(inner, MOST_FACTS, 60), headers=key)

    def put(self, sealed: Sealed, *, whole: bool = True) -> Sealed:
        path = f"/deliveries/{sealed.delivery}"
        assert self.inner.put(path, json=sealed.announced()).status_code == 201
        content = sealed.content if whole else sealed.content[:-1]
        sent = self.inner.patch(f"{path}/content", content=content, headers=sealed.upload())
        assert sent.status_code == 200, sent.text
        return sealed

    def change(self, sealed: Sealed, **changes: Any) -> None:
        assert self.inner.patch(f"/deliveries/{sealed.delivery}", json=changes).status_code == 200

    def receipts(self, sealed: Sealed) -> list[str]:
        rows = self.inner.get("/receipts").json()
        return [row["kind"] for row in rows if row["delivery"] == sealed.delivery]

    def try_code(self, sealed: Sealed, code: str = WRONG) -> int:
        return self.outer.post(f"/api/o/{sealed.link}", json={"code": code}).status_code


@pytest.fixture(scope="module", autouse=True)
def _quick_codes() -> Iterator[None]:
    """A code costs a thousandth of what it costs outside, as it does in `test_download.py`."""
    of_portal, of_sender = container.Scrypt, hashlib.scrypt
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(container, "Scrypt", lambda **given: of_portal(**given | {"n": 2**5}))
        patch.setattr(hashlib, "scrypt", lambda code, **given: of_sender(code, **given | {"n": 2**5}))
        yield


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path / "home")


Deliveries = tuple[Here, dict[str, Sealed], dict[str, str]]


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deliveries]:
    """A delivery in each state, and the key of each."""
    here = Here(tmp_path_factory.mktemp("portal") / "home")
    made = {state: Sealed(bundle()) for state in STATES}
    keys = {}
    for state in ("ready", "frozen", "over", "revoked"):
        here.put(made[state])
        keys[state] = here.outer.post(f"/api/o/{made[state].link}", json={"code": CODE}).json()["key"]
    here.put(made["uploading"], whole=False)
    here.change(made["frozen"], frozen=True)
    here.change(made["over"], expires_at=datetime.fromtimestamp(time.time() - 1, UTC).isoformat())
    here.inner.delete(f"/deliveries/{made['revoked'].delivery}")
    yield here, made, keys


def seen(answer: httpx.Response) -> str:
    """What an answer shows, in a word or two."""
    if answer.status_code in (303, 403, 422, 204, 404):
        kept = " and cookie" if "__Host-" in answer.headers.get("Set-Cookie", "") else ""
        return f"{answer.status_code}{kept}"
    if answer.headers["Content-Type"].startswith("application/zip"):
        return f"{answer.status_code} the file"
    if "kanarie-in-het-overzicht" in answer.text:
        return f"{answer.status_code} page of the bundle"
    if "z-2026-0042" in answer.text:
        return f"{answer.status_code} the delivery"
    return f"{answer.status_code} form"


def test_table_of_routes_and_states(deliveries: Deliveries) -> None:
    here, made, keys = deliveries
    other = here.put(Sealed(bundle()))
    other_key = here.outer.post(f"/api/o/{other.link}", json={"code": CODE}).json()["key"]
    callers = [("link alone", state, "") for state in STATES]
    callers += [("link and key", state, key) for state, key in keys.items()]
    callers += [("key of another delivery", "ready", other_key)]
    routes = [("GET", ""), ("HEAD", ""), ("GET", "/bundle"), ("HEAD", "/bundle"), ("GET", "/read/index.html"),
              ("GET", "/read/data/orders.bin"), ("POST", "/received"), ("POST", " with the code"), ("POST", " with a wrong code")]  # fmt: skip
    rows = []
    for prefix in ("/o", "/api/o"):
        for method, path in routes:
            if method == "HEAD" and prefix == "/api/o":
                continue
            cells = []
            for _, state, key in callers:
                link = made[state].link if state != "malformed" else "geen-link"
                cookie = {"Cookie": f"{cookie_name(link)}={key}"}
                more: dict[str, Any] = {"headers": cookie if prefix == "/o" else {"Afschrift-Key": key}}
                if path.startswith(" "):
                    form = {"code": CODE if path.endswith("the code") else WRONG}
                    more["data" if prefix == "/o" else "json"] = form
                here.outer.cookies.clear()
                url = f"{prefix}/{link}{path.partition(' ')[0]}"
                cells.append(seen(here.outer.request(method, url, **more)))
            rows.append(f"| {method} {prefix}/…{path} | {' | '.join(cells)} |")
    head = [
        " | ".join(["| route", *(f"{who}, {state}" for who, state, _ in callers)]) + " |",
        "|---" * (len(callers) + 1) + "|",
    ]
    text = "\n".join(["Made by test_answers.py: what each route answers to whom.", "", *head, *rows, ""])
    assert text == TABLE.read_text("utf-8")


def test_strangers_get_one_answer_and_one_derivation(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, made, keys = deliveries
    derived = []
    derive = container.derive
    monkeypatch.setattr(container, "derive", lambda code, salt: derived.append(code) or derive(code, salt))
    for prefix, body in (("/o", {"data": {"code": WRONG}}), ("/api/o", {"json": {"code": WRONG}})):
        answers = set()
        for state in STATES:
            link = made[state].link if state != "malformed" else "x"
            answer = here.outer.post(f"{prefix}/{link}", headers={"Accept-Language": "nl"}, **body)  # type: ignore[arg-type]
            answers.add((answer.status_code, answer.content, tuple(sorted(answer.headers.items()))))
            assert derived == [WRONG], state
            derived.clear()
        assert len(answers) == 1
    pages = {here.outer.get(f"/o/{made[state].link}").content for state in STATES}
    assert len(pages) == 1
    done: dict[str, list[str]] = {}
    here.change(made["ready"], frozen=False)  # tries
    for state in STATES:
        add = done.setdefault(state, []).append
        here.store._base.set_trace_callback(lambda text, add=add: add(text.partition(" WHERE")[0]))
        here.outer.post(f"/api/o/{made[state].link}", json={"code": WRONG})
    here.store._base.set_trace_callback(None)
    assert {tuple(re.sub(r"'\w*'|\d+", "?", text) for text in each) for each in done.values()} == {
        tuple(re.sub(r"'\w*'|\d+", "?", text) for text in done["ready"])
    }
    looked = []
    monkeypatch.setattr(here.store, "open_delivery", looked.append)
    name = cookie_name(made["ready"].link)
    for key in ("", "A" * 43, "A" * 64, "é", keys["ready"][::-1], keys["over"]):  # not of this link
        here.outer.get(f"/o/{made['ready'].link}", headers=[(b"Cookie", f"{name}={key}".encode())])
    assert looked == []  # no row or file is read, whose time would tell that the link is one
    here.outer.get(f"/o/{made['ready'].link}", headers={"Cookie": f"{name}={keys['ready']}"})
    assert looked == [hash_of_link(made["ready"].raw_link)]


def test_tries_are_limited_in_a_quarter_and_in_all(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = here.put(Sealed(b"text"))
    clock = {"now": (now := time.time())}
    monkeypatch.setattr("afschrift_portal.store.time.time", lambda: clock["now"])
    assert [here.try_code(sealed, CODE) for _ in range(7)] == [200] * 7  # a right one is given back
    for quarter in range(4):
        clock["now"] = now + quarter * 901
        assert [here.try_code(sealed) for _ in range(5)] == [403] * 5
        assert here.try_code(sealed, CODE) == 403  # not before the quarter is over
        assert here.receipts(sealed) == ([] if quarter < 3 else ["frozen"])
    clock["now"] = now + 90_000
    assert here.try_code(sealed, CODE) == 403
    here.change(sealed, frozen=False)
    assert here.try_code(sealed, CODE) == 200
    here.change(sealed, expires_at=datetime.fromtimestamp(clock["now"] + 60, UTC).isoformat())
    clock["now"] += 61
    assert here.try_code(sealed, CODE) == 403
    here.store.expire()
    assert here.receipts(sealed) == ["frozen", "expired"]
    assert not list(here.store.files.iterdir())
    assert here.inner.get(f"/deliveries/{sealed.delivery}").status_code == 404


def test_crowd_waits_or_is_sent_away_without_a_count(here: Here) -> None:
    sealed = here.put(Sealed(b"text"))
    here.gate._waiting = MOST_WAITING
    answers = [here.outer.post(f"/o/{link}", data={"code": CODE}).status_code for link in (sealed.link, "x")]
    assert answers == [503, 503]
    answer = here.outer.post(f"/api/o/{sealed.link}", json={"code": CODE})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    here.gate._waiting = 0
    assert here.try_code(sealed, CODE) == 200


def test_locked_database_is_asked_again_and_nothing_is_lost(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = here.put(Sealed(bundle()))
    page, path = f"/o/{sealed.link}", f"/deliveries/{sealed.delivery}"
    key = {"Afschrift-Key": here.outer.post(f"/api{page}", json={"code": CODE}).json()["key"]}
    here.store._base.execute("PRAGMA busy_timeout=20")
    with closing(sqlite3.connect(here.settings.home / "portal.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        form = here.outer.post(page, data={"code": CODE}, headers={"Accept-Language": "nl"})
        assert (form.status_code, CODE in form.text) == (503, True)
        for client, method, route, more in (
            (here.outer, "POST", f"/api{page}", {"json": {"code": CODE}}),
            (here.outer, "POST", f"/api{page}/received", {"headers": key}),
            (here.inner, "GET", path, {}),
            (here.inner, "DELETE", path, {}),
            (here.inner, "PATCH", path, {"json": {"frozen": True}}),
        ):
            answer = client.request(method, route, **more)  # type: ignore[arg-type]
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60"), (method, route)
    assert here.outer.post(page, data={"code": CODE}).status_code == 303
    noted, later = here.store.end_sending, [1, 2]

    def locked(*given: Any, **more: Any) -> None:
        if later:
            raise sqlite3.OperationalError(later.pop())
        noted(*given, **more)

    monkeypatch.setattr(here.store, "end_sending", locked)
    assert here.outer.get(f"/api{page}/bundle", headers=key).content == sealed.plain
    assert here.receipts(sealed) == ["fetched"]


def test_removal_before_the_first_byte_is_no_fault(
    here: Here, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sealed = here.put(Sealed(bundle()))
    path = f"/api/o/{sealed.link}"
    key = {"Afschrift-Key": here.outer.post(path, json={"code": CODE}).json()["key"]}
    begin, remove = here.store.begin_sending, here.store.remove
    monkeypatch.setattr(here.store, "begin_sending", lambda *given: remove(given[0]) or begin(*given))
    with pytest.raises(ConnectionAbortedError):
        here.outer.get(f"{path}/bundle", headers=key)
    assert not [record for record in caplog.records if record.name == "afschrift_portal"]


def test_clock_goes_on_after_a_locked_database(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def locked() -> None:
        looks.append(time.time())
        raise sqlite3.OperationalError

    monkeypatch.setattr(here.store, "expire", locked)
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(_keep_time(here.store, [], 0.01), 0.3))
    assert len(looks) > 2


@pytest.mark.parametrize(
    ("offset", "content", "status"),
    [
        ("1", b"", 409),
        ("-1", b"", 422),
        ("x", b"", 422),
        ("0", "more", 413),
        ("0", "altered", 422),
        ("0", "format", 422),
    ],
)
def test_upload_that_is_not_what_was_announced_is_refused(
    here: Here, offset: str, content: Any, status: int
) -> None:
    sealed = Sealed(b"text" * 1000)
    if content == "format":
        sealed.content = bytes(len(sealed.content))
    path = f"/deliveries/{sealed.delivery}"
    here.inner.put(path, json=sealed.announced())
    whole = sealed.content
    raw = {"more": whole + b"x", "altered": whole[:-1] + b"x", "format": whole}.get(content, b"")
    headers = sealed.upload() | {"Upload-Offset": offset}
    answer = here.inner.patch(f"{path}/content", content=raw, headers=headers)
    assert answer.status_code == status, answer.text
    assert here.inner.get(path).json()["state"] == "uploading"
    if status == 422 and offset == "0":
        assert (answer.headers["Upload-Offset"], here.inner.get(path).json()["received"]) == ("0", 0)


def test_a_whole_file_waits_for_its_digest(here: Here, tmp_path: Path) -> None:
    """Which a portal that was started anew meanwhile reads from the file."""
    for started_anew in (False, True):
        sealed = Sealed(b"text" * 1000)
        path, size = f"/deliveries/{sealed.delivery}", len(sealed.content)
        here.inner.put(path, json=sealed.announced())
        for part in (sealed.content[:100], sealed.content[100:], b""):
            headers = {"Upload-Offset": str(here.inner.get(path).json()["received"])}
            sent = here.inner.patch(f"{path}/content", content=part, headers=headers).json()
            assert sent.get("state") == "uploading", sent
        assert sent["received"] == size
        if started_anew:
            here = Here(tmp_path / "home")
        for given, status in (({"Upload-Digest": "x"}, 422), ({}, 200)):
            answer = here.inner.patch(f"{path}/content", headers=sealed.upload(size) | given)
            assert answer.status_code == status
        assert answer.json()["state"] == "ready"
        assert here.inner.get(path).json()["sha256"] == sealed.upload()["Upload-Digest"]


def test_inner_listener_refuses_what_it_must(here: Here) -> None:
    sealed = here.put(Sealed(b"text"))
    path = f"/deliveries/{sealed.delivery}"
    for key in ("", "Bearer x", "Basic " + "t" * 32):
        for route in (path, "/receipts", "/health", "/deliveries/x"):
            assert here.inner.get(route, headers={"Authorization": key}).status_code == 401
    other = Sealed(b"other", delivery=sealed.delivery)
    assert here.inner.put(path, json=other.announced()).status_code == 409
    assert here.inner.put(path, json=sealed.announced()).status_code == 200
    twin = Sealed(b"twin", raw_link=sealed.raw_link)
    assert here.inner.put(f"/deliveries/{twin.delivery}", json=twin.announced()).status_code == 201
    to = f"/deliveries/{twin.delivery}/content"
    assert here.inner.patch(to, content=twin.content, headers=twin.upload()).status_code == 422
    for changes in ({"name": "../x.zip"}, {"name": 'a".zip'}, {"bytes": 3}, {"sha256": "x"}, {"expires_at": "2026-01-01"},
                    {"expires_at": "9999-12-31T23:59:59-23:59"}, {"expires_at": "0001-01-01T00:00:00+23:59"}, {"facts": {"a": "x" * 1001}}, {"language": "<b>"}, {"more": 1}):  # fmt: skip
        answer = here.inner.put(f"/deliveries/{'0' * 64}", json=sealed.announced() | changes)
        assert answer.status_code == 422
        assert "x" * 20 not in answer.text
    answer = here.inner.put(f"/deliveries/{'0' * 64}", json=sealed.announced() | {"bytes": 2**46})
    assert answer.status_code == 507
    assert here.inner.delete(path).status_code == here.inner.delete(path).status_code == 204


def test_link_leads_nowhere_but_to_its_own_page(here: Here) -> None:
    for path, status, location in (
        ("/o/a%0D%0ASet-Cookie:%20x=1/bundle", 303, "/o/a%0D%0ASet-Cookie%3A%20x%3D1"),
        ("/o/%E2%82%AC/bundle?language=nl", 303, "/o/%E2%82%AC?language=nl"),
        ("/o/x/bundle?language=%22%0A", 303, "/o/x"),
        ("/o/x/", 404, None),  # no redirection to http, which would show the link
    ):
        answer = here.outer.get(path, headers={"Host": "other.example"})
        assert (answer.status_code, answer.headers.get("Location")) == (status, location), path


def test_languages_have_the_same_texts_and_a_third_comes_by_its_folder(tmp_path: Path) -> None:
    from afschrift_portal.texts import Languages

    third = '[words]\nname = "Frysk"\ncode_title = "Iepenje jo gegevens"\n'
    (tmp_path / "fy.toml").write_text(third, "utf-8")
    languages = Languages(str(tmp_path), "nl")
    assert languages.texts["nl"]._words.keys() == languages.texts["en"]._words.keys()
    for asked, accepted, code in (
        (None, "fy-NL, nl;q=0.5", "fy"), ("en", "nl", "en"), ("xx", "", "nl"), (None, "de;q=x, en;q=0.1", "en"), (None, "", "nl"),
    ):  # fmt: skip
        assert languages.choose(asked, accepted).language == code
    fy = languages.texts["fy"]
    assert (fy["code_title"], fy["code_button"]) == ("Iepenje jo gegevens", "Open")
    used = set()
    for path in (Path(__file__).parents[2] / "portal" / "afschrift_portal" / "templates").glob("*.j2"):
        used |= set(re.findall(r"""t\[['"]([a-z_]+)['"]\]""", path.read_text("utf-8")))
    assert used <= languages.texts["en"]._words.keys()


def test_long_body_is_refused_before_it_is_read(here: Here) -> None:
    assert here.outer.post("/o/x", content=b"x" * (MOST_BODY + 1)).status_code == 413
    put = {
        "content": b"x" * (MOST_FACTS + 1),
        "headers": {"Authorization": ""},
    }  # else it is read before that
    assert here.inner.put(f"/deliveries/{'0' * 64}", **put).status_code == 413
    assert here.outer.post("/api/o/x", json={"code": "x", "more": "geheim"}).status_code == 422
    assert "geheim" not in here.outer.post("/api/o/x", json={"code": "x", "more": "geheim"}).text
