from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from afschrift.domain.decision import Action, ColumnFacts, ConsentState, Policy, PurposeFacts, decide
from afschrift.domain.right import Right
from afschrift.domain.vocabulary import BASES, CONSENT, SPECIAL_CONDITIONS, Origin
from afschrift.inventory.base import fides_categories
from afschrift.inventory.column import Column
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile, Organisation, PolicyFile
from afschrift.inventory.table import Table

FOLDER = Path(__file__).parents[3] / "include" / "inventory"
MODELS: dict[str, type[BaseModel]] = {
    "shop.yml": SourceFile,
    "app.yml": SourceFile,
    "identity.yml": IdentityFile,
    "controller.yml": Organisation,
    "policy.yml": PolicyFile,
}
CATEGORIES = fides_categories()
ORIGINS_BY_ROW = {"customer": Origin.PROVIDED, "agent": Origin.ASSIGNED, "bot": Origin.INFERRED}


def read(name: str) -> BaseModel:
    return MODELS[name].model_validate(YAML(typ="safe").load((FOLDER / name).read_text(encoding="utf-8")))


SOURCES: dict[str, SourceFile] = {name: read(f"{name}.yml") for name in ("shop", "app")}  # type: ignore[misc]
COLUMNS = [
    (source, table, name)
    for source, declared in SOURCES.items()
    for table, content in declared.tables.items()
    for name in content.columns
]


def find(source: str, table: str, name: str) -> tuple[Table, Column]:
    declared = SOURCES[source].tables[table]
    return declared, declared.columns[name]


def decision(right: Right, place: str, consent: ConsentState = ConsentState.GRANTED) -> str:
    source, table, name = place.split(".")
    declared, column = find(source, table, name)
    purposes = declared.purposes if column.purposes is None else column.purposes
    facts = ColumnFacts(
        origin=Origin(column.origin) if column.origin else Origin.PROVIDED,
        purposes=tuple(
            PurposeFacts(p, q.basis, q.special, q.public_task, consent if q.consent else None)
            for p in purposes
            for q in [SOURCES[source].purposes[p]]
        ),
        about=column.about,
        third_party=column.third_party,
        protect=column.protect,
    )
    return decide(right, facts, Policy()).action.value


@pytest.mark.parametrize("name", MODELS)
def test_file_fits_its_model(name: str) -> None:
    assert read(name)


def test_no_other_file_and_the_loader_takes_them() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(MODELS)
    inventory = load(FOLDER)
    assert set(inventory.sources) == {"shop", "app"}
    assert inventory.identity.person == "customer_id"


def test_every_column_is_in_map_and_database(demo_rows: duckdb.DuckDBPyConnection) -> None:
    held = demo_rows.execute(
        "SELECT database_name, table_name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND database_name IN ('shop', 'app')"
    ).fetchall()
    assert set(held) == {(s, SOURCES[s].in_source(t), c) for s, t, c in COLUMNS}


def test_declared_keys_tell_rows_apart(demo_rows: duckdb.DuckDBPyConnection) -> None:
    without = set()
    for source, declared in SOURCES.items():
        for name, table in declared.tables.items():
            place = f"app.{name}" if source == "app" else declared.in_source(name)
            if not table.key:
                without.add(place)
                continue
            key = ", ".join(f'"{column}"' for column in table.key)
            twice = demo_rows.execute(
                f"SELECT count(*) FROM (SELECT {key} FROM {place} GROUP BY ALL HAVING count(*) > 1)"
            )
            assert twice.fetchall() == [(0,)], place
    assert without == {"page_view", "app.app_event"}


@pytest.mark.parametrize(("source", "table", "name"), COLUMNS)
def test_column_is_classified(source: str, table: str, name: str) -> None:
    declared, column = find(source, table, name)
    assert column.origin or declared.origin
    assert column.origin != "mixed"
    assert column.category in CATEGORIES
    if declared.personal:
        assert column.title
        purposes = declared.purposes if column.purposes is None else column.purposes
        assert purposes
        assert set(purposes) <= set(SOURCES[source].purposes)
    else:
        assert column.origin is Origin.NOT_PERSONAL
    if column.origin in (Origin.DERIVED, Origin.INFERRED):
        assert column.meaning
    if column.about == "third_party":
        assert column.third_party


@pytest.mark.parametrize(("source", "table"), sorted({(s, t) for s, t, _ in COLUMNS}))
def test_table_says_who_decided_and_why(source: str, table: str) -> None:
    declared = SOURCES[source].tables[table]
    assert declared.title
    for column in declared.columns.values():
        decided = column.decided or declared.decided
        assert decided
        assert decided.why
    if not declared.personal:
        assert not declared.subject
        assert not declared.join


@pytest.mark.parametrize("source", SOURCES)
def test_purposes_have_the_bases_they_need(source: str) -> None:
    for name, purpose in SOURCES[source].purposes.items():
        assert purpose.basis in BASES
        assert purpose.special is None or purpose.special in SPECIAL_CONDITIONS
        assert bool({purpose.basis, purpose.special} & CONSENT) == (purpose.consent is not None), name
        assert purpose.retention, name


def test_consents_of_the_inventory_are_in_the_data(demo_rows: duckdb.DuckDBPyConnection) -> None:
    for source in SOURCES.values():
        for purpose in source.purposes.values():
            if purpose.consent:
                table = purpose.consent.table.removeprefix("shop.")
                found = demo_rows.execute(
                    f"SELECT count(*) FROM {table} WHERE {purpose.consent.column} = $v",
                    {"v": purpose.consent.value},
                )
                assert found.fetchall()[0][0] > 0


def test_codes_explain_every_code_in_the_data(demo_rows: duckdb.DuckDBPyConnection) -> None:
    coded = 0
    for source, table, name in COLUMNS:
        _, column = find(source, table, name)
        if column.codes:
            coded += 1
            place = f"app.{table}" if source == "app" else table
            found = demo_rows.execute(
                f'SELECT DISTINCT CAST("{name}" AS VARCHAR) FROM {place} WHERE "{name}" IS NOT NULL'
            )
            assert {value for (value,) in found.fetchall()} <= set(column.codes), (place, name)
    assert coded > 12


def test_rows_of_the_help_desk_have_an_author_that_the_inventory_names(
    demo_rows: duckdb.DuckDBPyConnection,
) -> None:
    origin = SOURCES["shop"].tables["ticket_message"].origin
    assert origin
    assert origin.by == "author_type"
    assert origin.otherwise == "block"
    assert origin.values == ORIGINS_BY_ROW
    found = demo_rows.execute("SELECT DISTINCT author_type FROM ticket_message").fetchall()
    assert {author for (author,) in found} == set(ORIGINS_BY_ROW)


PORTABLE = (
    *("shop.customer.email", "shop.customer.user_name", "shop.customer.date_of_birth", "shop.address.street"),
    *("shop.orders.ordered_at", "shop.order_line.product_title", "shop.search_history.query"),
    *("app.search.query", "app.location.lat", "app.heart_rate.bpm", "shop.review.body"),
    *("shop.referral.friend_email", "shop.message.body", "shop.consent.purpose", "shop.upload.content"),
)
ACCESS_ONLY = (
    *("shop.customer.segment", "shop.customer.credit_score", "shop.customer.churn_probability"),
    *("shop.customer.staff_note", "shop.enrichment.income_band", "shop.profile.embedding", "shop.login.at"),
    *(
        "shop.login.user_agent",
        "shop.login.ip",
        "shop.consent.proof",
        "shop.ticket.tags",
        "app.app_event.day",
    ),
    *("shop.address.latitude", "app.app_event.experiment_arm"),
)


@pytest.mark.parametrize("place", PORTABLE)
def test_columns_that_go_into_portability(place: str) -> None:
    assert decision(Right.PORTABILITY, place) == Action.INCLUDE
    assert decision(Right.ACCESS, place) == Action.INCLUDE


@pytest.mark.parametrize("place", ACCESS_ONLY)
def test_columns_that_go_into_access_only(place: str) -> None:
    assert decision(Right.PORTABILITY, place) == Action.EXCLUDE
    assert decision(Right.ACCESS, place) == Action.INCLUDE


@pytest.mark.parametrize(
    ("place", "portability", "access"),
    [
        ("shop.customer.password_hash", Action.EXCLUDE, Action.EXISTS_ONLY),
        ("shop.orders.card_token", Action.MASK, Action.MASK),
        ("shop.shipment.signed_by", Action.EXCLUDE, Action.MASK),
        ("shop.ticket.agent_id", Action.EXCLUDE, Action.MASK),
        ("shop.ticket_message.agent_name", Action.EXCLUDE, Action.MASK),
        ("shop.referral.friend_joined", Action.EXCLUDE, Action.MASK),
        ("shop.referral_received.friend_joined", Action.EXCLUDE, Action.INCLUDE),
        ("shop.referral_received.friend_email", Action.EXCLUDE, Action.INCLUDE),
        ("shop.referral_received.note", Action.INCLUDE, Action.INCLUDE),
        ("shop.referral_received.customer_id", Action.EXCLUDE, Action.MASK),
        ("shop.referral_received.reward", Action.EXCLUDE, Action.MASK),
    ],
)
def test_protected_and_masked(place: str, portability: Action, access: Action) -> None:
    assert decision(Right.PORTABILITY, place) == portability
    assert decision(Right.ACCESS, place) == access


@pytest.mark.parametrize("right", Right)
def test_nothing_asks_a_person_where_every_consent_is_given(right: Right) -> None:
    personal = [(s, t, c) for s, t, c in COLUMNS if SOURCES[s].tables[t].personal]
    asking = [".".join(place) for place in personal if decision(right, ".".join(place)) == Action.ASK]
    assert asking == []


def test_withdrawn_consent_asks_for_the_heart_rate() -> None:
    assert decision(Right.PORTABILITY, "app.heart_rate.bpm", ConsentState.WITHDRAWN) == Action.ASK
    assert decision(Right.ACCESS, "app.heart_rate.bpm", ConsentState.WITHDRAWN) == Action.INCLUDE


def test_lake_rows_carry_their_own_time() -> None:
    for table in SOURCES["app"].tables.values():
        assert table.subject["device_id"].at in table.columns
