"""The look-up before an identity is confirmed: what it reads, what it keeps, and what it says."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed.mini import SHOP, write_database, write_inventory
from testbed.running import installation, store
from tests.support.driving import payloads, stopped
from tests.support.moves import moved
from tests.support.watched.auditing import audit

from afschrift.app.settings import Settings
from afschrift.casework.identity.confirm import confirm_identity
from afschrift.casework.identity.correct_keys import change_keys
from afschrift.casework.identity.look_up import IdentityView, ask_look_up, identity_view, is_decided
from afschrift.casework.officer import Officer
from afschrift.domain.errors import NotAllowedError, RefusedError, TooLateError
from afschrift.domain.state import State
from afschrift.law.roles import Person, Role, Roles
from afschrift.services import Services
from afschrift.sources import registry
from afschrift.steps.assess import assess
from afschrift.steps.read_identifying import look_up

ANNA = Person("Anna", frozenset({"cli:anna"}), frozenset({Role.OFFICER}))
KEEPER = Person("Kim", frozenset({"cli:kim"}), frozenset({Role.SOURCE_OWNER}))
ROLES = Roles((ANNA, KEEPER))
MARKED = {
    "      email: {origin: provided, category: user.contact.email}": "      email: {origin: provided, category: "
    "user.contact.email, identifies: true, title: {nl: Adres, en: Address}}",
    "      name: {origin: provided}\n": "      name: {origin: provided, identifies: true}\n",
    "      email: {origin: provided}\n      valid_from: {origin: observed}": "      email: {origin: provided, "
    "identifies: true}\n      valid_from: {origin: observed, identifies: true}",
}
CONFIRMED = {"method": "call_back", "level": "high"}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """The mini shop with marked columns, every contact with a source counted."""
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    sources = dict(registry.SOURCES)
    monkeypatch.setattr(registry, "SOURCES", sources)
    audit(sources, tmp_path / "statements")
    folder = write_inventory(tmp_path / "inventory")
    text = SHOP
    for before, after in MARKED.items():
        assert before in text
        text = text.replace(before, after, 1)
    (folder / "shop.yml").write_text(text, encoding="utf-8")
    yield installation(tmp_path / "home", folder)


def of(services: Services, by: str = "cli:anna") -> Officer:
    home = Path(str(services.register.store.database.url.database)).parent
    env = {"AFSCHRIFT_HOME": str(home), "AFSCHRIFT_INVENTORY": str(home.parent / "inventory")}
    return Officer(services.register, ROLES, by, settings=Settings.from_environment(env))


def looked_up(services: Services, keys: dict[str, str]) -> str:
    """A request whose keys an officer had looked up."""
    request = store(services, keys, authenticated=None)
    ask_look_up(of(services), request)
    look_up(services, request)
    return request


def looked(services: Services, keys: dict[str, str], masked: bool = False) -> IdentityView:
    return identity_view(services.register, looked_up(services, keys), masked=masked)


def shown(view: IdentityView) -> dict[str, tuple[Any, ...]]:
    return {table.title: table.rows for table in view.tables}


def test_look_up_reads_only_marked_columns_of_rows_with_the_keys(shop: Services, tmp_path: Path) -> None:
    view = looked(shop, {"customer_id": "1"})

    assert shown(view) == {
        "shop.customer": (("customer_id", ("ann@example.org", "Ann")),),
        "shop.customer_email": (
            ("customer_id", ("ann@example.org", "2023-01-01 00:00:00+00")),
            ("customer_id", ("old.ann@example.org", "2020-01-01 00:00:00+00")),
        ),
    }
    assert view.tables[0].columns == ("Address", "name")
    output = (tmp_path / "statements").read_text()
    assert not any(word in output for word in ("password_hash", "score", "orders"))


BOB = ("email", ("bob@example.org", "Bob"))


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        # No key is followed to another.
        ({"email": "Bob@example.org"}, {"customer": (BOB,), "customer_email": (("email", ("bob@example.org", "")),)}),
        # Keys that lead to different people show it.
        ({"customer_id": "1", "email": "bob@example.org"}, {"customer": (("customer_id", ("ann@example.org", "Ann")), BOB)}),
        # An address that passed on leads to its owner at the receipt.
        ({"email": "old.ann@example.org"}, {"customer_email": (("email", ("old.ann@example.org", "2023-06-01 00:00:00+00")),)}),
    ],
)  # fmt: skip
def test_each_row_is_shown_by_the_key_that_it_bears(
    shop: Services, keys: dict[str, str], found: dict[str, Any]
) -> None:
    assert {f"shop.{table}": rows for table, rows in found.items()}.items() <= shown(
        looked(shop, keys)
    ).items()


def test_masks_show_a_first_letter_and_no_length(shop: Services) -> None:
    view = looked(shop, {"customer_id": "1"}, masked=True)

    assert view.keys == (("customer_id", "1•••••"),)
    assert shown(view)["shop.customer"] == (("customer_id", ("a•••••", "A•••••")),)
    output = {len(value) for table in view.tables for _, values in table.rows for value in values}
    assert output == {6}


def test_five_rows_are_read_and_more_are_counted(shop: Services, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("INSERT INTO customer SELECT 1, 'n' || i, 'Ann', '', 1 FROM range(6) r(i)")

    [customer, _] = looked(shop, {"customer_id": "1"}).tables
    assert len(customer.rows) == 5
    assert customer.said == "7 rows bear these keys, more than 5: these are 5 of them."


def test_what_was_not_found_or_not_read_is_said(shop: Services, tmp_path: Path) -> None:
    view = looked(shop, {"device_id": "d1"})
    assert (view.tables, (tmp_path / "statements").exists()) == ((), False)
    assert view.said == (
        "No table that knows people by device_id has a marked column: nothing was looked up by it.",
    )

    view = looked(shop, {"customer_id": "4711"})
    assert view.said[0].startswith("Not found under these keys")
    assert [table.said for table in view.tables] == [
        "shop.customer holds nothing under these keys.",
        "shop.customer_email holds nothing under these keys.",
    ]

    (tmp_path / "shop.duckdb").rename(tmp_path / "away.duckdb")
    view = looked(shop, {"customer_id": "1"})
    assert [table.said for table in view.tables] == [
        "Source shop is down: shop.customer was not read.",
        "Source shop is down: shop.customer_email was not read.",
    ]


def test_a_table_that_cannot_be_read_hides_no_other(shop: Services, tmp_path: Path) -> None:
    """A database gives nothing more in a transaction in which a statement failed."""
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("ALTER TABLE customer RENAME TO raw")
        con.execute("CREATE VIEW customer AS SELECT * REPLACE (name::INTEGER::VARCHAR AS name) FROM raw")
    customer, emails = looked(shop, {"customer_id": "1"}).tables
    assert customer.said.startswith("shop.customer cannot be read as the inventory describes it")
    assert len(emails.rows) == 2


def test_an_inventory_without_a_mark_says_how_to_mark(services: Services, tmp_path: Path) -> None:
    request = store(services, {"customer_id": "1"}, authenticated=None)
    with pytest.raises(RefusedError, match=r"mark name, e-mail address and such by `identifies`"):
        ask_look_up(of(services), request)
    assert services.register.look_ups.going(request) is None


def test_trail_has_account_and_counts_of_a_look_up(shop: Services) -> None:
    request = store(shop, {"email": "bob@example.org"}, authenticated=None)
    ask = ask_look_up(of(shop), request)
    assert ask_look_up(of(shop), request) == ask
    output = look_up(shop, request)
    events = [(h.type, h.actor, p) for h, p in shop.register.trail.events(request) if "look" in h.type]

    actors = {"identity_look_up_asked": "cli:anna", "identity_looked_up": "system"}
    assert {kind: actor for kind, actor, _ in events} == actors
    assert events[0][2]["held"] == {"role": "officer", "source": "roles_file"}
    assert output["tables"] == {"shop.customer": 1, "shop.customer_email": 1}
    assert events[1][2]["tables"] == output["tables"]
    assert not any(word in f"{events}{output}".lower() for word in ("bob", "@"))


def decided(choice: str) -> Callable[[Services, str], object]:
    return lambda shop, request: shop.register.decisions.take(
        request, "identity", choice, "cli:anna", detail=CONFIRMED
    )


ENDS: dict[str, Callable[[Services, str], object]] = {
    "confirmed": decided("confirmed"),
    "not confirmed": decided("not_confirmed"),
    "withdrawn": lambda shop, request: moved(shop.register, request, State.WITHDRAWN),
    "other keys": lambda shop, request: change_keys(of(shop), request, {"customer_id": "2"}),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_was_found_goes_with_what_it_was_asked_for(shop: Services, end: str) -> None:
    request = looked_up(shop, {"customer_id": "1"})
    assert shop.register.look_ups.found(request) is not None

    ENDS[end](shop, request)
    assert shop.register.look_ups.found(request) is None
    assert shop.register.look_ups.going(request) is None
    [gone] = payloads(shop, request, "identity_look_up_destroyed")
    assert gone["served"] is True
    if "confirmed" in end:
        assert gone["why"] == "identity_decided"
    if end == "other keys":
        ask_look_up(of(shop), request)
        look_up(shop, request)
        view = identity_view(shop.register, request, masked=False)
        assert shown(view)["shop.customer"] == (("customer_id", ("bob@example.org", "Bob")),)


def test_look_up_is_possible_again_once_identity_is_asked_anew(shop: Services) -> None:
    request = store(shop, {"customer_id": "1"}, authenticated=None)
    shop.register.decisions.take(request, "identity", "not_confirmed", "cli:anna")
    with pytest.raises(TooLateError, match="is decided"):
        ask_look_up(of(shop), request)
    stopped(assess, shop, request)
    assert not is_decided(shop.register, request)
    ask_look_up(of(shop), request)
    look_up(shop, request)
    assert identity_view(shop.register, request).tables


def test_only_an_officer_asks(shop: Services) -> None:
    request = store(shop, {"customer_id": "1"}, authenticated=None)
    with pytest.raises(NotAllowedError):
        ask_look_up(of(shop, "cli:kim"), request)
    assert shop.register.look_ups.going(request) is None


def test_a_decision_while_the_sources_are_read_keeps_nothing(
    shop: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = store(shop, {"customer_id": "1"}, authenticated=None)
    ask_look_up(of(shop), request)
    serve = shop.register.look_ups.serve

    def late(*args: Any) -> None:
        confirm_identity(of(shop), request, detail=CONFIRMED)
        serve(*args)

    monkeypatch.setattr(shop.register.look_ups, "serve", late)
    with pytest.raises(TooLateError, match="nothing that was read is kept"):
        look_up(shop, request)
    assert shop.register.look_ups.found(request) is None
