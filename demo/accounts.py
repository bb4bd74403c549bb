"""Who the people are: account, e-mail addresses, addresses, devices, consents, log-ins, newsletter."""

from __future__ import annotations

import uuid

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.draw import DAY, Draw, dates, gaps, instants, numbered
from demo.words import CITIES, INTERESTS, SIZES, STREETS, TOPICS, USER_AGENTS
from demo.world import END, FIRST_ADDRESS, LAKE_END, World


def customer(world: World) -> pa.Table:
    """One row each; a mixed table on purpose, with what was given beside what was computed."""
    draw, n = Draw(world.seed, "customer"), world.size
    sizes = pa.StructArray.from_arrays(
        [pa.array(draw.between(350, 480, n) // 5 * 5 / 10), draw.pick(SIZES, n)], ["shoe", "shirt"]
    )
    settings = pa.StructArray.from_arrays(
        [draw.pick(["licht", "donker"], n), pa.array(draw.chance(n, 0.4)), sizes],
        ["theme", "reminders", "sizes"],
    )
    last_login = draw.between(world.created, END, n)
    last_login[: world.personas] = END - DAY
    status = pc.if_else(pa.array(np.arange(n) >= world.personas), draw.pick(["A", "A", "A", "S"], n), "A")
    return pa.table(
        {
            "customer_id": world.ids,
            "customer_uuid": [str(uuid.UUID(bytes=draw.rng.bytes(16), version=4)) for _ in range(n)],
            "user_name": [f"{world.first[i].lower()}_{i:05d}" for i in range(n)],
            "email": world.emails,
            "first_name": world.first,
            "last_name": world.last,
            "date_of_birth": dates(draw.between(-12_000, 13_500, n)),
            "phone": gaps(numbered("+31 6 0000 ", draw.between(1_000, 10_000, n)), draw.chance(n, 0.3)),
            "language": draw.pick(["nl", "nl", "nl", "en"], n),
            "interests": draw.lists(INTERESTS, n, 4),
            "settings": gaps(settings, draw.chance(n, 0.2)),
            "preferences": draw.pick(['{"leveren": "avond"}', '{"leveren": "ochtend", "buren": true}'], n),
            "marketing_opt_in": gaps(pa.array(draw.chance(n, 0.4)), draw.chance(n, 0.1)),
            "created_at": instants(world.created),
            "last_login_at": instants(last_login),
            "status": status,
            "staff_note": gaps(
                draw.pick(["belt vaak over levering", "vaste klant", ""], n), draw.chance(n, 0.9)
            ),
            "password_hash": [f"$argon2id$v=19$demo${draw.rng.bytes(16).hex()}" for _ in range(n)],
            "segment": draw.pick(["S1", "S2", "S3", "S4"], n),
            "credit_score": pa.array(draw.between(0, 1000, n)),
            "churn_probability": np.round(draw.rng.beta(2, 5, n), 4),
        }
    )


def customer_email(world: World) -> pa.Table:
    """Every address with its time; a few people changed it once. The personas' are in `stories`."""
    owners = np.arange(world.personas, world.size)
    moved = owners[world.moved_email[owners] > 0]
    changed, born = world.moved_email[owners], world.created[owners]
    begin = np.concatenate([np.where(changed > 0, changed, born), world.created[moved]])
    end = np.concatenate([np.zeros(len(owners), dtype=np.int64), world.moved_email[moved]])
    return pa.table(
        {
            "customer_id": world.ids[np.concatenate([owners, moved])],
            "email": [world.emails[i] for i in owners] + [world.old_email(i) for i in moved],
            "valid_from": instants(begin),
            "valid_to": instants(end, end == 0),
        }
    )


def address(world: World) -> pa.Table:
    """One to three each; the position was computed from the text by a geocoder."""
    draw = Draw(world.seed, "address")
    owners = np.repeat(np.arange(world.size), world.addresses)
    n = len(owners)
    place = np.where(draw.chance(n, 0.8), world.city[owners], draw.rng.integers(0, len(CITIES), n))
    letters = np.array(list("ABCDEFGHJKLMNPRSTUVWXZ"))[draw.rng.integers(0, 22, (n, 2))]
    return pa.table(
        {
            "address_id": FIRST_ADDRESS + np.arange(n),
            "customer_id": world.ids[owners],
            "kind": draw.pick(["home", "home", "delivery", "work"], n),
            "street": draw.pick(STREETS, n),
            "house no": numbered("", draw.between(1, 240, n)),
            "postcode": [
                f"{d} {a}{b}" for d, (a, b) in zip(draw.between(1000, 10_000, n), letters, strict=True)
            ],
            "city": pa.array([name for name, _, _ in CITIES]).take(pa.array(place)),
            "country": draw.pick(["NL"] * 19 + ["BE"], n),
            "instructions": gaps(
                draw.pick(["achterom", "bij de buren op 12", "bel doet het niet", ""], n),
                draw.chance(n, 0.7),
            ),
            "valid_until": gaps(dates(draw.between(20_000, 22_000, n)), draw.chance(n, 0.9)),
            "latitude": np.round(np.array([c[1] for c in CITIES])[place] + draw.rng.normal(0, 0.02, n), 6),
            "longitude": np.round(np.array([c[2] for c in CITIES])[place] + draw.rng.normal(0, 0.03, n), 6),
        }
    )


def device(world: World) -> pa.Table:
    """Which device was whose and when. The personas' pairings are in `stories`."""
    draw = Draw(world.seed, "device")
    uses = [use for use in world.uses if use.owner >= world.personas]
    n = len(uses)
    ends = np.array([use.end for use in uses])
    return pa.table(
        {
            "pairing_id": 70_000_001 + np.arange(n),
            "customer_id": world.ids[[use.owner for use in uses]],
            "device_id": [use.device_id for use in uses],
            "nickname": gaps(draw.pick(["mijn horloge", "📱", "werk", "oude"], n), draw.chance(n, 0.5)),
            "model": [f"{use.kind.capitalize()} {1 + len(use.device_id) % 5}" for use in uses],
            "paired_at": instants(np.array([use.begin for use in uses])),
            "unpaired_at": instants(ends, ends == LAKE_END),
        }
    )


def consent(world: World) -> pa.Table:
    """Consent for the coaching, the location and the newsletter, of everybody but the personas."""
    draw = Draw(world.seed, "consent")
    owners, purposes = [], []
    for purpose, asked in world.consents.items():
        agreed = np.flatnonzero(asked)
        agreed = agreed[agreed >= world.personas]
        owners.append(agreed)
        purposes += [purpose] * len(agreed)
    who = np.concatenate(owners)
    n = len(who)
    granted = world.created[who] + draw.between(0, 30 * DAY, n)
    withdrawn = granted + draw.between(DAY, 60 * DAY, n)
    keeps = ~(draw.chance(n, 0.12) & (np.array(purposes) == "newsletter"))
    return pa.table(
        {
            "customer_id": world.ids[who],
            "purpose": purposes,
            "granted_at": instants(granted),
            "withdrawn_at": instants(withdrawn, keeps),
            "text_version": draw.pick(["2024-1", "2025-2"], n),
            "proof": pa.StructArray.from_arrays(
                [_ip(draw, n), draw.pick(USER_AGENTS, n), draw.pick(["app", "web"], n)],
                ["ip", "user_agent", "form"],
            ),
        }
    )


def login(world: World) -> pa.Table:
    """Log-ins, with the address and the program they came from."""
    draw = Draw(world.seed, "login")
    owners = world.spread(draw, 24, 6)
    n = len(owners)
    return pa.table(
        {
            "login_id": 80_000_001 + np.arange(n),
            "customer_id": world.ids[owners],
            "at": instants(draw.between(world.created[owners], END, n)),
            "ip": _ip(draw, n),
            "user_agent": draw.pick(USER_AGENTS, n),
            "method": draw.pick(["password", "password", "link", "passkey"], n),
            "success": ~draw.chance(n, 0.06),
        }
    )


def newsletter(world: World) -> pa.Table:
    """Known by the e-mail address alone, in whatever case it was typed; some are no customer's."""
    draw = Draw(world.seed, "newsletter")
    owners = np.flatnonzero(world.consents["newsletter"])
    owners = owners[owners >= world.personas]
    n = len(owners)
    since = draw.between(world.created[owners], END, n)
    emails = [world.email_at(int(who), moment) for who, moment in zip(owners, since, strict=True)]
    emails = [
        email.title() if loud else email for email, loud in zip(emails, draw.chance(n, 0.1), strict=True)
    ]
    strangers = [f"lezer.{i}@example.com" for i in range(max(2, n // 50))]
    total = n + len(strangers)
    since = np.concatenate([since, draw.between(END - 900 * DAY, END, len(strangers))])
    return pa.table(
        {
            "email": emails + strangers,
            "topic": draw.pick(TOPICS, total),
            "subscribed_at": instants(since),
            "unsubscribed_at": instants(np.minimum(since + 90 * DAY, END), ~draw.chance(total, 0.15)),
            "opens": gaps(pa.array(draw.rng.poisson(9, total)), draw.chance(total, 0.1)),
        }
    )


def _ip(draw: Draw, n: int) -> pa.Array:
    """Addresses reserved for documentation (RFC 5737, RFC 3849)."""
    return pc.binary_join_element_wise(
        draw.pick(["192.0.2.", "198.51.100.", "203.0.113.", "2001:db8::"], n),
        numbered("", draw.between(1, 255, n)),
        "",
    )
