"""Every route of the application, and bodies made to hold it up. Routes come from the application itself."""

import asyncio
import base64
import resource
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from testbed.running import installation
from testbed.small import write_database, write_inventory
from tests.airflow_support import AirflowEnv, log_in
from tests.support.nightly import nightly_after

pytestmark = [pytest.mark.airflow]
SECONDS = 15
"""Ten times what the slowest takes."""

MEMORY = 500_000_000
"""Bytes beyond the most that the process had till then; ten times what the largest body takes."""

ROLES = """
people:
  Anna: {accounts: ["airflow:anna"], roles: [officer]}
"""
CHUNK = b"x" * 65_536
IDS = dict.fromkeys(
    (
        "question_id",
        "request_id",
        "request",
        "owner",
        "case",
        "restriction",
        "run_id",
        "letter_id",
        "delivery_id",
    ),
    "x",
)
IDS |= {"whose": "canary", "right": "access", "of": "requests", "name": "hold", "code": "nl"}


@pytest.fixture(scope="module")
def app(airflow_env: AirflowEnv, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from afschrift.web.app import create

    home = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINI_SHOP", str(write_database(home / "shop.sqlite")))
        patch.setenv("AFSCHRIFT_HOME", str(home / "home"))
        patch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(home / "map")))
        installation(home / "home", home / "map")
        (home / "home" / "roles.yml").write_text(ROLES, encoding="utf-8")
        from airflow.api_fastapi.app import create_auth_manager

        made = create(lambda *_: "", lambda *_: "")
        made.state.auth_manager = create_auth_manager()
        yield made


def routes(app: Any) -> list[Any]:
    from fastapi.routing import APIRoute

    found = [route for route in app.routes if isinstance(route, APIRoute)]
    assert len(found) > 20
    return found


def ask(
    app: Any, method: str, path: str, headers: dict[str, str], chunks: Callable[[], AsyncIterator[bytes]]
) -> tuple[int, int]:
    """The status of a request, and how many bytes of its body were read."""
    came, status = 0, 0

    async def run() -> None:
        body = chunks()

        async def receive() -> dict[str, Any]:
            nonlocal came
            try:
                chunk = await anext(body)
            except StopAsyncIteration:
                return {"type": "http.request", "body": b"", "more_body": False}
            came += len(chunk)
            return {"type": "http.request", "body": chunk, "more_body": True}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        }  # fmt: skip
        await app(scope, receive, send)

    asyncio.run(run())
    return status, came


async def endless() -> AsyncIterator[bytes]:
    for _ in range(2_000):  # 131 MB
        yield CHUNK
    raise AssertionError("all of it was read")


def form(*parts: tuple[str, str]) -> Callable[[], AsyncIterator[bytes]]:
    """A form of these fields, in chunks as a server gives them."""
    head = '--limit\r\nContent-Disposition: form-data; name="'
    return sent(
        "".join(f'{head}{name}"\r\n\r\n{value}\r\n' for name, value in parts).encode() + b"--limit--\r\n"
    )


def sent(whole: bytes) -> Callable[[], AsyncIterator[bytes]]:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), len(CHUNK)):
            yield whole[start : start + len(CHUNK)]

    return chunks


def of(user: str, kind: str = "application/json") -> dict[str, str]:
    token = log_in(user)
    return {"Authorization": f"Bearer {token}", "Content-Type": kind, "Sec-Fetch-Site": "same-origin"}


FORM = "multipart/form-data; boundary=limit"


@pytest.mark.parametrize("user", [None, "nobody-of-ours"])
def test_body_is_not_read_before_log_in_and_role(app: Any, user: str | None) -> None:
    for route in routes(app):
        for method in sorted(route.methods):
            for kind in ("application/json", FORM):
                headers = of(user, kind) if user else {"Content-Type": kind}
                status, came = ask(app, method, route.path.format_map(IDS), headers, endless)
                place = f"{method} {route.path}"
                assert (status in (303, 401, 403), came) == (True, 0), place


@pytest.mark.nightly
def test_body_is_read_up_to_the_limit(app: Any) -> None:
    from afschrift.web.body import JSON_BYTES
    from afschrift.web.multipart import BODY_BYTES

    most = max(JSON_BYTES, BODY_BYTES) + len(CHUNK)
    for route in routes(app):
        assert route.body_field is None, f"{route.path}: FastAPI reads its body before the log-in (Body)"
        for method in sorted(route.methods):
            for kind in ("application/json", FORM):
                headers = of("anna", kind)
                for length in ({}, {"Content-Length": str(10**12)}):
                    status, came = ask(app, method, route.path.format_map(IDS), headers | length, endless)
                    assert came <= (0 if length else most), f"{method} {route.path} as {kind}"
                    assert status < 500, f"{method} {route.path} as {kind}"


BODIES = {
    "deep": b"[" * 1_000_000,
    "deep objects": b'{"a":' * 500_000,
    "a long number": b'{"choice":' + b"1" * 3_000_000 + b"}",
    "many names": b"{" + b",".join(b'"%d":1' % n for n in range(100_000)) + b"}",
    "many lists": b'{"detail":{"a":[' + b"[]," * 300_000 + b"[]]}}",
    "no UTF-8": b'{"choice": "\xff"}',
    "half a pair": b'{"choice": "\\ud800", "text": "\\ud800", "to": "\\ud800"}',
}


@pytest.mark.parametrize("name", nightly_after(3, BODIES))
def test_json_of_every_route_of_the_api(app: Any, name: str) -> None:
    for route in routes(app):
        if "POST" in route.methods and route.path.startswith("/api"):
            with within():
                status, _ = ask(app, "POST", route.path.format_map(IDS), of("anna"), sent(BODIES[name]))
            assert 400 <= status < 500, route.path


@cache
def bomb(text: bytes) -> str:
    return base64.b64encode(zlib.compress(text, 9)).decode()


FORMS: dict[str, Callable[[], Callable[[], AsyncIterator[bytes]]]] = {
    "undo of lists": lambda: form(("do", "undo"), ("undo", bomb(b'{"a":[' + b"[]," * 9_000_000 + b"[]]}"))),
    "undo of a text": lambda: form(("do", "undo"), ("undo", bomb(b'{"shop.yml":"' + b"x" * 27_000_000 + b'"}'))),
    "undo many times": lambda: form(*[("undo", "x")] * 8_000, ("do", "write")),
    "many names": lambda: form(*((f"a.{n:x}", "yes") for n in range(8_000)), ("do", "write")),
    "many parts": lambda: form(*((f"a.{n:x}", "") for n in range(60_000)), ("do", "write")),
    "a long header": lambda: sent(b'--limit\r\nContent-Disposition: form-data; name="' + b"n" * 7_000_000),
    "many headers": lambda: sent(b"--limit\r\n" + b"A: b\r\n" * 300_000),
    "no end": lambda: sent(b"--limit\r\n" + b'Content-Disposition: form-data; name="do"\r\n\r\n' + b"\r\n--lim" * 900_000),
}  # fmt: skip


@pytest.mark.parametrize("name", nightly_after(3, FORMS))
def test_forms_of_every_page(app: Any, name: str) -> None:
    from afschrift.domain.errors import AfschriftError  # noqa: F401  (the pages are loaded outside of the clock)

    for route in routes(app):
        if "POST" in route.methods and not route.path.startswith("/api"):
            chunks = FORMS[name]()
            with within():
                status, _ = ask(app, "POST", route.path.format_map(IDS), of("anna", FORM), chunks)
            assert 400 <= status < 500, route.path


def test_undo_that_unpacks_to_much_is_refused(app: Any) -> None:
    """With a token of the page, so that the form is taken to be ours."""
    from afschrift.law.roles import Roles
    from afschrift.web.caller import Caller
    from afschrift.web.tokens import form_token

    headers = of("anna", FORM)
    by = Caller("airflow:anna", Roles(()), headers["Authorization"].removeprefix("Bearer "))
    token = form_token(by, "/inventory")
    for text in (b'{"a":[' + b"[]," * 9_000_000 + b"[]]}", b'{"shop.yml":"' + b"x" * 27_000_000 + b'"}'):
        chunks = form(("token", token), ("do", "undo"), ("undo", bomb(text)))
        with within():
            status, _ = ask(app, "POST", "/inventory", headers, chunks)
        assert status == 409


@contextmanager
def within() -> Iterator[None]:
    """In the seconds and memory of a door."""
    begun, peak = time.process_time(), _peak()
    yield
    seconds, more = time.process_time() - begun, _peak() - peak
    assert seconds < SECONDS, f"{seconds:.1f} s"
    assert more < MEMORY, f"{more / 1e6:.0f} MB"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_page_of_limits_names_the_limits() -> None:
    from afschrift.datamap.exchange.manifest import MOST
    from afschrift.outside import limits
    from afschrift.web import body, multipart

    text = (Path(__file__).parents[2] / "docs" / "operator" / "operations.md").read_text(encoding="utf-8")
    page = text.partition("## Limits")[2].partition("\n## ")[0]
    for number in (
        limits.DEPTH,
        limits.PARTS,
        limits.REPEATED,
        multipart.AT_MOST,
        multipart.FILES_AT_MOST,
        multipart.PARTS_READ,
    ):
        assert f"{number:,}" in page
    for size in (limits.BYTES, MOST, body.JSON_BYTES, multipart.FIELDS_BYTES):
        assert f"{size // 1_000_000} MB" in page
