"""A masked value has one token in all tables and sources of a request, and another one in the next request."""

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from testbed.running import installation, members, run, store
from tests.support import help_desk
from tests.support.driving import ANN, payloads

from afschrift.domain.plan import Plan
from afschrift.services import Services

pytestmark = pytest.mark.slow
NOT_LOOKED = {", free_text: true": ""}  # what is pointed out would wait for a review
WORDS = b"afschrift: salt of the masks of this request"


@dataclass
class Answer:
    """A request and the files of its bundle."""

    services: Services
    language: str = "nl"

    def __post_init__(self) -> None:
        self.request = store(self.services, ANN, language=self.language)
        self.files = members(run(self.services, self.request))
        self.salt = self.services.register.data_keys.fingerprint(self.request, WORDS)
        frozen = payloads(self.services, self.request, "extracted")[0]["plan"]
        self.plan: Plan = self.services.register.plans.get(self.request, frozen)

    def column(self, path: str, name: str) -> list[str | None]:
        rows = csv.DictReader(io.StringIO(self.files[f"data/{path}.csv"].decode(), newline=""))
        return [None if row[name] == "\\N" else row[name] for row in rows]

    def token(self, value: str) -> str:
        return f"[masked {hashlib.sha256((self.salt + value).encode()).hexdigest()[:8]}]"


def desk(folder: Path, amend: dict[str, str] = NOT_LOOKED) -> Services:
    return installation(folder / "home", help_desk.write(folder / "desk", amend))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def answers(home: Path) -> list[Answer]:
    services = desk(home)
    return [Answer(services), Answer(services, "en")]


def test_a_token_is_the_salted_hash_of_the_text_in_every_source(answers: list[Answer]) -> None:
    answer, _ = answers
    agents = [None if agent is None else answer.token(agent) for _, _, agent in help_desk.TICKETS]
    assert answer.column("shop/ticket", "agent") == agents
    assert len(set(agents)) == len(agents)  # another case, a space at the end and an empty text differ
    called = [answer.token(agent) for _, _, agent, _ in help_desk.CALLS]
    assert answer.column("calls/call", "agent") == called
    assert called[0] == agents[0]
    assert answer.column("calls/call", "agent_no") == [answer.token("17"), None]
    assert answer.token("17") == agents[-1]  # a number here and a text there name the same member of staff


def test_another_request_has_other_tokens_and_the_same_statements(answers: list[Answer]) -> None:
    first, second = (set(filter(None, answer.column("shop/ticket", "agent"))) for answer in answers)
    assert not first & second
    first_plan, other = ([e.statement for e in answer.plan.extracts] for answer in answers)
    assert first_plan == other


def test_the_salt_is_nowhere(answers: list[Answer], home: Path) -> None:
    kept = [file.read_bytes() for file in (home / "home").rglob("*") if file.is_file()]
    for answer in answers:
        events = answer.services.register.trail.events(answer.request)
        assert answer.salt not in json.dumps([payload for _, payload in events])
        assert answer.salt not in str(answer.plan)
        for content in (*answer.files.values(), *kept):
            assert answer.salt.encode() not in content
            assert bytes.fromhex(answer.salt) not in content


def test_the_bundle_says_what_a_token_is(answers: list[Answer]) -> None:
    for answer, words in zip(answers, ("twee keer dezelfde code", "the same code twice"), strict=True):
        for path in ("index.html", "README.txt"):
            assert words in answer.files[path].decode()
        (ticket, *_) = json.loads(answer.files["data/redactions.json"])["masked"]
        assert ticket["method"] == "token"
        package = json.loads(answer.files["data/datapackage.json"])
        assert "[masked 3f9a2c41]" in package["afschrift:valueForms"]["masked"]


def test_words_before_a_name_stay_and_the_name_is_masked(tmp_path: Path) -> None:
    agent = "agent: {origin: assigned, about: third_party,"
    first, *others = [name for _, _, name in help_desk.TICKETS if name]
    kept = agent.replace("about", f'mask_after: ["{first[:3]}"], about')
    answer = Answer(desk(tmp_path, NOT_LOOKED | {agent: kept}))
    found = set(answer.column("shop/ticket", "agent"))
    assert f"{first[:3]} {answer.token(first)}" in found
    assert not found & {first, *others}
    assert any(value and value.startswith("[masked") for value in found)


def test_label_mask_links_no_rows(tmp_path: Path) -> None:
    agent = "agent: {origin: assigned, about: third_party,"
    answer = Answer(desk(tmp_path, NOT_LOOKED | {agent: agent.replace("about", "mask: label, about")}))
    assert set(answer.column("shop/ticket", "agent")) == {"[masked]", None}
    assert answer.column("calls/call", "agent_no") == [answer.token("17"), None]
