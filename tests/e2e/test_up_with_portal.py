"""`afschrift up` and its portal: a request that Airflow answers is fetched in a browser over loopback."""

import hashlib
import json
import re
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser
from tests.support.airflow_up import airflow_up
from tests.support.browsing import keep
from tests.support.command_line import run_command
from tests.support.installed import CUSTOMERS
from tests.support.open_zips import open_zips
from tests.support.two_sources import two_sources, write_inventory

from afschrift.airflow_ext.local_portal import OPTIONS, local_portal

__all__ = ["two_sources"]

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.nightly,
    pytest.mark.timeout(600),
    pytest.mark.needs_program("chromium"),
]


def test_person_fetches_from_the_portal_of_up(browser: Browser, two_sources: Path, tmp_path: Path) -> None:
    inventory = str(write_inventory(tmp_path / "inventory"))
    with airflow_up(
        two_sources, tmp_path, {}, {"AFSCHRIFT_INVENTORY": inventory, "AFSCHRIFT_DEMO": "1"}
    ) as up:
        here, options = up.installation, up.installation.home / "portal" / "options.json"
        public = json.loads(options.read_text())["public"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AFSCHRIFT_DESTINATION_PORTAL_OPTIONS", str(options))  # as the terminal says
            request = here.submit(CUSTOMERS[0], "portability", destination="portal", language="nl")
            assert up.wait(up.trigger(request)) == "success"
            assert here.state(request) == "ready"
            [delivery] = re.findall(r"dlv-\w+", run_command("delivery", "list", "--request", request))
            [link] = re.findall(r"http\S+/o/\S+", run_command("delivery", "link", delivery))
            assert link.startswith(f"{public}/o/")
            words = run_command("delivery", "words", delivery).splitlines()[0]
            person = browser.new_context(locale="nl-NL", accept_downloads=True).new_page()
            person.goto(link)
            person.get_by_label("Uw code").fill(words)
            person.get_by_role("button", name="Openen").click()
            keep(person, "up-portal")
            with person.expect_download() as download:
                person.get_by_role("link", name="Downloaden").click()
            download.value.save_as(tmp_path / "fetched")
            assert hashlib.sha256((tmp_path / "fetched").read_bytes()).hexdigest() == here.packed(request)
            person.get_by_role("button", name="Ik heb het").click()
            run_command("sweep")
            assert dict(here.done(request)).keys() >= {"delivery_confirmed", "bundle_removed"}
    assert open_zips(here.home) == []
    with pytest.raises(httpx.ConnectError):  # it ended with Airflow
        httpx.get(public, trust_env=False)


def test_portal_of_up_keeps_its_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OPTIONS, raising=False)
    with ExitStack() as taken:
        for port in (8600, 8601):
            with suppress(OSError):  # another process has it, which does as well
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
        with local_portal(tmp_path) as first:
            pass
    with local_portal(tmp_path) as again:
        assert again == first != "http://127.0.0.1:8600"
