"""What the map, the policy and the controller of a home of the claims say, and rows of its people."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from testbed import mini
from testbed.mini import POLICY
from tests.support import maps
from tests.support.deciding import Bureau
from tests.support.in_parts import Club
from tests.support.manual import add_systems, system
from tests.support.reviewing import policy

from afschrift.wiring.build_services import build

TABLES = """
CREATE TABLE staff (id INTEGER, mail TEXT);
CREATE TABLE topic (topic_id INTEGER, customer_id INTEGER, topic TEXT);
CREATE TABLE consent (consent_id INTEGER, customer_id INTEGER, purpose TEXT, withdrawn_at TIMESTAMP);
"""
NONE = "[]"
SUPPLIERS = "[{name: Belhuis Ltd, country: $country, tables: [$of]}]"
PERIODS = ("{period: P1Y, from: orders.ordered_at}", "{period: P40Y, from: orders.ordered_at}")
CRITERION = "{criterion: {nl: zolang u een account hebt, en: as long as you have an account}}"
DECIDES = "{logic: {nl: Wij tellen., en: We count.}, significance: {nl: Korting., en: Discount.}, consequences: {nl: Een prijs., en: A price.}}"


@dataclass(frozen=True)
class Map:
    """What the map, the policy and the controller of a home say; codes of the law as in a map."""

    observed: bool
    interest: bool
    origins: dict[str, str]
    basis: dict[str, str]
    masked: bool
    mailbox: bool
    reviewed: bool
    body: str
    dpo: bool
    court_late: bool
    words: dict[str, str]

    @classmethod
    def sampled(cls, dice: random.Random) -> Map:
        draw = dice.choice
        help_ = draw(["A6-1-b", "A6-1-f", "A6-1-e", "A6-1-c"])
        suppliers = SUPPLIERS.replace("$country", draw(["US", "NL"])).replace(
            "$of", draw(["ticket_message", "ticket"])
        )
        return cls(
            observed=dice.random() < 0.6,
            interest=dice.random() < 0.2,
            origins={
                "shop.customer.name": draw(["provided", "observed", "assigned"]),
                "shop.customer.email": draw(["provided", "provided", "assigned"]),
                "shop.customer.score": draw(["inferred", "derived"]),
                "shop.orders.ordered_at": draw(["observed", "observed", "assigned"]),
                "shop.topic.topic": draw(["provided", "observed"]),
                "shop.consent.purpose": "assigned",
                "shop.consent.withdrawn_at": "observed",
                "club.card.note": draw(["provided", "observed", "assigned"]),
                "club.visit.place": draw(["observed", "provided", "assigned"]),
                "said": draw(["provided", "provided", "observed"]),
            },
            basis={
                "account": draw(["A6-1-b", "A6-1-b", "A6-1-f", "A6-1-c"]),
                "help": help_,
                "rating": "A6-1-f",
                "news": "A6-1-a",
                "cards": draw(["A6-1-b", "A6-1-f", "A6-1-e"]),
            },
            masked=dice.random() < 0.7,
            mailbox=dice.random() < 0.4,
            reviewed=dice.random() < 0.4,
            body="public" if dice.random() < 0.2 else "private",
            dpo=dice.random() < 0.7,
            court_late=dice.random() < 0.8,
            words={
                "public_task": "true" if help_ == "A6-1-e" and dice.random() < 0.6 else "false",
                "account_kept": draw([*PERIODS, *PERIODS, CRITERION]),
                "help_kept": draw([*PERIODS, CRITERION]),
                "help_recipients": draw([NONE, suppliers, suppliers]),
                "marketing": draw(["true", "false"]),
                "special": draw(["null", "A9-2-a"]),
                "decides": draw(["false", DECIDES]),
            },
        )

    def open(self, folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, Club]:
        """A home with this map."""
        bureau, club = Bureau.open(folder, patch), Club(folder)
        inventory = bureau.settings.inventory
        bureau.execute(TABLES, "DELETE FROM customer; DELETE FROM orders; DELETE FROM ticket")
        if self.mailbox:
            add_systems(inventory, system("mail", "mailbox"))
        law = POLICY + policy("always" if self.reviewed else "never")
        for name, choice in (("observed", self.observed), ("legitimate_interest", self.interest)):
            law = law.replace(
                f"{name}: {{choice: {not choice}".lower(), f"{name}: {{choice: {choice}".lower()
            )
        club.declare(inventory, self.origins["club.card.note"], self.origins["club.visit.place"])
        cards = (inventory / "club.yml").read_text(encoding="utf-8")
        author = "{about: third_party, third_party: mask, when: [agent]}" if self.masked else "{}"
        origins = {name.rpartition(".")[2]: origin for name, origin in self.origins.items()}
        shop = maps.text("claims_shop.yml", author=author, **{**self.basis, **origins, **self.words})
        controller = mini.CONTROLLER.replace("body: private", f"body: {self.body}")
        for name, kept in (("dpo", self.dpo), ("court_late", self.court_late)):
            lines = controller.splitlines()
            controller = "\n".join(line for line in lines if kept or not line.startswith(f"{name}:"))
        for name, text in (
            ("policy", law),
            ("club", cards.replace("A6-1-b", self.basis["cards"])),
            ("shop", shop),
            ("controller", controller),
        ):
            (inventory / f"{name}.yml").write_text(text, encoding="utf-8")
        bureau.services = build(lambda _line: None, bureau.settings)
        return bureau, club


def fill(dice: random.Random, person: int, right: str) -> Iterator[tuple[str, str]]:
    """SQL for the shop or the club: the rows of a person."""
    if dice.random() < 0.85:
        email = f"'p{person}@example.net'" if dice.random() < 0.8 else "NULL"
        name, secret = (f"'{text}{person}'" if dice.random() < 0.8 else "NULL" for text in ("Name", "hash"))
        if dice.random() < 0.15:
            yield "shop", f"INSERT INTO staff VALUES ({person}, 'p{person}@example.net')"
        yield (
            "shop",
            f"INSERT INTO customer VALUES ({person}, {email}, {name}, {secret}, {dice.choice([1, 'NULL'])})",
        )
    for n in range(dice.choice([0, 0, 1, 2])):
        at = dice.choice(["NULL", "'2024-01-01 10:00:00'", "'2026-06-01 10:00:00'"])
        yield "shop", f"INSERT INTO orders VALUES ({person * 10 + n}, {person}, {at})"
    if dice.random() < 0.5:
        yield "shop", f"INSERT INTO ticket VALUES ({person}, {person})"
        for n in range(dice.choice([0, 1, 3])):
            by = dice.choice(["customer", "agent", "bot"])
            author = dice.choice(["'Zed'", "NULL"])
            yield (
                "shop",
                f"INSERT INTO ticket_message VALUES ({person * 10 + n}, {person}, '{by}', {author}, 'text')",
            )
    if dice.random() < 0.5:
        yield "shop", f"INSERT INTO topic VALUES ({person}, {person}, 'fietsen')"
        given = dice.choice(["NULL", "NULL", "'2024-05-01 10:00:00'", ""])
        given = "NULL" if right == "portability" else given  # else a person is asked about each column
        if given:
            yield "shop", f"INSERT INTO consent VALUES ({person}, {person}, 'news', {given})"
    for n in range(dice.choice([0, 0, 1, 2])):
        note = dice.choice(["'gold'", "NULL"])
        yield "club", f"INSERT INTO card VALUES ({person * 10 + n}, {person}, {note})"
        if dice.random() < 0.6:
            yield "club", f"INSERT INTO visit VALUES ({person * 10 + n}, {person * 10 + n}, 'Delft')"
