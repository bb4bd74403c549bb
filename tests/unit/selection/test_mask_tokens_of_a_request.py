"""A masked value has one token in all tables and sources of a request, and another one in the next request."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from testbed.running import installation, run, store
from tests.support import help_desk

from afschrift.domain.plan import Plan
from afschrift.services import Services

pytestmark = pytest.mark.slow

NOT_LOOKED = {", free_text: true": ""}  # what is pointed out would wait for a review
WORDS = b"afschrift: salt of the masks of this request"


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return installation(tmp_path / "home", help_desk.write(tmp_path / "desk", NOT_LOOKED))


def answer(services: Services, **more: str) -> tuple[str, dict[str, bytes]]:
    request = store(services, {"customer_id": "1"}, **more)
    with zipfile.ZipFile(run(services, request)) as opened:
        return request, {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}


def column(files: dict[str, bytes], path: str, name: str) -> list[str | None]:
    rows = csv.DictReader(io.StringIO(files[f"data/{path}.csv"].decode(), newline=""))
    return [None if row[name] == "\\N" else row[name] for row in rows]


def token(salt: str, value: str) -> str:
    return f"[masked {hashlib.sha256((salt + value).encode()).hexdigest()[:8]}]"


def plan(services: Services, request: str) -> Plan:
    events = services.register.trail.events(request)
    frozen = next(p["plan"] for header, p in events if header.type == "extracted" and p)
    return services.register.plans.get(request, frozen)


def test_a_token_is_the_salted_hash_of_the_text_in_every_source(services: Services) -> None:
    request, files = answer(services)
    salt = services.register.data_keys.fingerprint(request, WORDS)
    agents = [None if agent is None else token(salt, agent) for _, _, agent in help_desk.TICKETS]
    assert column(files, "shop/ticket", "agent") == agents
    assert len(set(agents)) == len(agents)  # another case, a space at the end and an empty text differ
    called = [token(salt, agent) for _, _, agent, _ in help_desk.CALLS]
    assert column(files, "calls/call", "agent") == called
    assert called[0] == agents[0]
    assert column(files, "calls/call", "agent_no") == [token(salt, "17"), None]
    assert token(salt, "17") == agents[-1]  # a number here and a text there name the same member of staff


def test_another_request_has_other_tokens_and_the_same_statements(services: Services) -> None:
    request, first = answer(services)
    other, second = answer(services)
    agents = column(first, "shop/ticket", "agent"), column(second, "shop/ticket", "agent")
    assert not (set(filter(None, agents[0])) & set(filter(None, agents[1])))
    frozen = [plan(services, each) for each in (request, other)]
    assert [e.statement for e in frozen[0].extracts] == [e.statement for e in frozen[1].extracts]


def test_the_salt_is_nowhere(services: Services, tmp_path: Path) -> None:
    request, files = answer(services)
    salt = services.register.data_keys.fingerprint(request, WORDS)
    trail = json.dumps([payload for _, payload in services.register.trail.events(request)])
    assert salt not in trail
    assert salt not in str(plan(services, request))
    kept = [file.read_bytes() for file in (tmp_path / "home").rglob("*") if file.is_file()]
    for content in (*files.values(), *kept):
        assert salt.encode() not in content
        assert bytes.fromhex(salt) not in content


def test_the_bundle_says_what_a_token_is(services: Services) -> None:
    for language, words in (("nl", "twee keer dezelfde code"), ("en", "the same code twice")):
        _, files = answer(services, language=language)
        for path in ("index.html", "README.txt"):
            assert words in files[path].decode()
        (ticket, *_) = json.loads(files["data/redactions.json"])["masked"]
        assert ticket["method"] == "token"
        package = json.loads(files["data/datapackage.json"])
        assert "[masked 3f9a2c41]" in package["afschrift:valueForms"]["masked"]


def test_label_mask_links_no_rows(tmp_path: Path) -> None:
    amend = NOT_LOOKED | {
        "agent: {origin: assigned, about: third_party,": "agent: {origin: assigned, mask: label, about: third_party,"
    }
    services = installation(tmp_path / "home", help_desk.write(tmp_path / "desk", amend))
    request, files = answer(services)
    assert set(column(files, "shop/ticket", "agent")) == {"[masked]", None}
    salt = services.register.data_keys.fingerprint(request, WORDS)
    assert column(files, "calls/call", "agent_no") == [token(salt, "17"), None]
