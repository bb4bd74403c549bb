"""What the next run gives after a part: what is missing, nothing twice, and what changed whole once more."""

import dataclasses
import io
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from testbed import small
from testbed.delivered import stem
from testbed.running import installation, members, run
from tests.support.active_files import pdf
from tests.support.days import local_today
from tests.support.in_parts import (
    SOON,
    WHY,
    Club,
    Part,
    again,
    asked,
    coverage,
    partial_response_service,
    partly,
    question,
    rows,
    run_to_its_end,
    says,
    tables_of,
)
from tests.support.manual import add_systems, reviewed, system, waits
from tests.support.properties import fewer
from tests.support.watched.auditing import audit

from afschrift.bundle.container.verify import verify
from afschrift.casework.manual.scan import scan
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind
from afschrift.law.partial_response import awaited
from afschrift.register.database.tables import plan as plan_table
from afschrift.services import Services
from afschrift.sources import registry
from afschrift.steps.classify import classify

pytestmark = pytest.mark.slow


def test_what_changed_is_given_whole_once_more(services: Services, club: Club, tmp_path: Path) -> None:
    request = asked(services, "portability")
    first = partly(services, request, club)
    shop = tmp_path / "inventory" / "shop.yml"
    text = shop.read_text(encoding="utf-8")
    shop.write_text(text.replace("name: {origin: provided}", "name: {origin: assigned}"), encoding="utf-8")
    services = again(services, tmp_path)
    second = run(services, request)
    assert "name" in rows(first)["data/shop/customer.csv"][0]
    whole = coverage(second)
    assert tables_of(whole, "rows", "nothing_given", "withheld") == {
        "club.card",
        "club.visit",
        "shop.customer",
    }
    given_first = tables_of(coverage(first), "rows", "nothing_given", "withheld")
    assert tables_of(whole, "given_before") == given_first - {"shop.customer"}


def test_other_keys_mean_that_all_is_given_once_more(part: Part, tmp_path: Path) -> None:
    services, request, first = part.services, part.request, part.bundle
    small.execute(
        tmp_path / small.FILE, "UPDATE customer SET email = 'ann@new.example' WHERE customer_id = 1"
    )
    second = run(services, request)
    assert "ann@new.example" in str(rows(second)["data/shop/customer.csv"])
    assert set(rows(second)) >= set(rows(first))
    page = members(second)["index.html"].decode()
    assert "It takes the place of that part." in page
    assert "given_before" not in members(second)["data/coverage.json"].decode()


def test_a_part_that_another_version_kept_is_given_once_more(part: Part) -> None:
    services, request, first = part.services, part.request, part.bundle
    [given_before] = services.register.facts.timeline(request).of(FactKind.PARTLY_DELIVERED)
    register = services.register
    plan = dataclasses.replace(register.plans.get(request, given_before.detail["plan"]), package="0")
    with register.store.database.write() as tx:
        key = register.plans._key(tx, request)
        sealed = key.encrypt(msgspec.json.encode(plan), "plan", "ciphertext", given_before.detail["plan"])
        kept = plan_table.c.digest == given_before.detail["plan"]
        tx.execute(update(plan_table).where(kept).values(ciphertext=sealed))
    second = run(services, request)
    assert set(rows(second)) >= set(rows(first))
    assert "It takes the place of that part." in members(second)["index.html"].decode()
    assert services.register.requests.get(request).state is State.DELIVERED


PDF = pdf()


def test_what_people_found_is_given_once(services: Services, club: Club, tmp_path: Path) -> None:
    add_systems(tmp_path / "inventory", system("mail", "mailbox"), system("paper", "paper"))
    services = again(services, tmp_path)
    request = asked(services)
    waiting = waits(services, request)
    new = scan("brief.pdf", io.BytesIO(PDF), len(PDF), 10_000_000)
    services.register.questions.answer(waiting["mail"], "given", "cli:bea", files=[new])
    services.register.questions.answer(waiting["paper"], "nothing_held", "cli:bea")
    with club.away():
        partial_response_service(services).leave(request, "club", SOON, WHY)
        first = reviewed(services, request)
    second = reviewed(services, request)
    assert [path for path in members(first) if "/files/" in path] == ["data/files/mail/000001.pdf"]
    assert [path for path in members(second) if "/files/" in path] == []
    searched = {search["source"]: search for search in coverage(second)["searched"]}
    assert {search["status"] for search in searched.values()} == {"given_before"}
    assert searched["mail"]["before"]["files"] == 1
    assert searched["paper"]["before"]["status"] == "nothing_given"
    assert not verify(second, {}).problems


def test_an_empty_rest_is_still_announced(services: Services, club: Club, tmp_path: Path) -> None:
    club.declare(tmp_path / "inventory", origin="assigned", seen="assigned")
    services = again(services, tmp_path)
    request = asked(services, "portability")
    partly(services, request, club)
    assert classify(services, request)["sources"] == ["club"]  # without one, Airflow would skip the rest
    second = run(services, request)
    assert tables_of(coverage(second), "withheld") == {"club.card", "club.visit"}
    assert rows(second) == {}
    assert services.register.requests.get(request).state is State.DELIVERED


def test_two_sources_come_back_one_after_the_other(services: Services, club: Club, tmp_path: Path) -> None:
    other = Club(tmp_path, "gym")
    other.declare(tmp_path / "inventory")
    services = again(services, tmp_path)
    request = asked(services)
    bundles = []
    with other.away():
        with club.away():
            for _ in range(2):  # one after the other is asked about
                assert run_to_its_end(services, request) is None
                says(services, request, "partial")
            bundles.append(run(services, request))
        assert run_to_its_end(services, request) is None  # the gym is still down: asked again
        assert question(services, request).detail["source"] == "gym"
        says(services, request, "partial", str(local_today() + timedelta(days=20)))
        bundles.append(run(services, request))
    assert services.register.requests.get(request).state is State.ACCEPTED
    _, rest_by = awaited(services.register.facts.timeline(request)) or (None, None)
    assert rest_by == local_today() + timedelta(days=20)
    bundles.append(run(services, request))
    names = [stem(path).removeprefix(f"{request}-access-") for path in bundles]
    assert names == ["partial", "partial-2", "supplement"]
    sources = [{path.split("/")[1] for path in rows(bundle)} for bundle in bundles]
    assert sources == [{"shop"}, {"club"}, {"gym"}]
    assert services.register.requests.get(request).state is State.DELIVERED
    covered = [tables_of(coverage(bundle), "rows", "nothing_given", "withheld") for bundle in bundles]
    assert len(set().union(*covered)) == sum(map(len, covered))
    assert tables_of(coverage(bundles[2]), "given_before") == covered[0] | covered[1]


def test_what_is_left_for_later_or_given_already_is_not_opened(
    services: Services, club: Club, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Club(tmp_path, "gym").declare(tmp_path / "inventory")
    services = again(services, tmp_path)
    sources = dict(registry.SOURCES)
    monkeypatch.setattr(registry, "SOURCES", sources)
    log = tmp_path / "statements"
    audit(sources, log)
    request = asked(services)
    partial_response_service(services).leave(request, "club", SOON, WHY)  # though it is up

    def contacts(since: int, *calls: str) -> set[str]:
        lines = [line.split() for line in log.read_text().splitlines()[since:]]
        return {source for _, source, call in lines if not calls or call in calls}

    assert stem(run(services, request)).endswith("-partial")
    assert contacts(0) == {"shop", "gym"}
    before = len(log.read_text().splitlines())
    run(services, request)
    assert contacts(before) == {"shop", "club"}  # the keys are looked up in the shop
    assert contacts(before, "stream") == {"club"}


NAMES = ("club", "gym", "spa")


@pytest.mark.nightly
@fewer(8)
@given(back=st.lists(st.sampled_from(NAMES), min_size=1, unique=True), edits=st.lists(st.booleans()))
def test_no_table_is_in_two_parts_or_in_none(
    tmp_path_factory: pytest.TempPathFactory, back: list[str], edits: list[bool]
) -> None:
    """Sources come back one a run, in any order; the inventory may be edited in between."""
    folder = tmp_path_factory.mktemp("parts")
    inventory = small.write_inventory(folder / "inventory")
    (inventory / "shop.yml").unlink()
    clubs = {name: Club(folder, name) for name in ("base", *NAMES)}
    for source in clubs.values():
        source.declare(inventory)
    services = installation(folder / "home", inventory)
    request = asked(services)
    bundles = []
    for number in range(len(back) + 1):
        for name in back[number:]:
            partial_response_service(services).leave(request, name, SOON, WHY)
        gone = [clubs[name] for name in back[number:]]
        for source in gone:
            source.take()
        bundles.append(run(services, request))
        for source in gone:
            source.put_back()
        if edits[number : number + 1] == [True]:
            with (inventory / "base.yml").open("a", encoding="utf-8") as file:
                file.write("# looked at again\n")
            services = again(services, folder)
    parts = [tables_of(coverage(bundle), "rows", "nothing_given", "withheld") for bundle in bundles]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 2 * len(clubs)
    assert services.register.requests.get(request).state is State.DELIVERED
