"""Portals that the tests of a file share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.dags.test_pages_proxy import started
from tests.support.authority import Authority
from tests.support.portal import Portal, running, unused_ports

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "portal-nginx.conf"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(tmp_path_factory.mktemp("portal")) as portal:
        yield portal


@pytest.fixture(scope="module")
def behind_nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Portal, str]]:
    """A portal, and the address of the nginx in front of it."""
    folder = Path(tempfile.mkdtemp(prefix="afschrift-portal-"))  # not pytest's: nginx runs by another account
    (port,) = unused_ports(1)
    public = f"https://127.0.0.1:{port}"
    plain = {"outer_cert": "", "outer_key": "", "organisation": "Webwinkel Zonnebloem", "public": public}
    try:
        with running(tmp_path_factory.mktemp("portal"), **plain) as portal:
            text = CONFIGURATION.read_text("utf-8")
            for before, now in (
                ("server 127.0.0.1:8600;", f"server {portal.outer.partition('//')[2]};"),
                ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
            ):
                assert text.count(before) == 1
                text = text.replace(before, now)
            (folder / "nginx.conf").write_text(text, "utf-8")
            for name in ("tls", "tmp"):
                (folder / name).mkdir()
            Authority(folder / "tls").issue("cert")
            (folder / "tls" / "cert.key").rename(folder / "tls" / "key.pem")
            with started(folder):
                yield portal, public
                assert not any(path.is_file() for path in (folder / "tmp").rglob("*"))
    finally:
        shutil.rmtree(folder)
