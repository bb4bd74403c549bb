"""What the people did and wrote: searches, page views, reviews, messages, referrals, wish lists, uploads."""

from __future__ import annotations

import uuid

import numpy as np
import pyarrow as pa

from demo.assortment import PRODUCTS, product_titles
from demo.draw import DAY, HOUR, SECOND, Draw, dates, gaps, instants, money, numbered
from demo.words import COLOURS, ENDINGS, FIRST_NAMES, LAST_NAMES, MIDDLES, OPENERS, THINGS
from demo.world import END, World
from demo.zoo import PNG


def search_history(world: World) -> pa.Table:
    """Queries typed on the web site by people who were logged in."""
    draw = Draw(world.seed, "search_history")
    owners = world.spread(draw, 16, 6)
    n = len(owners)
    return pa.table(
        {
            "search_id": 30_000_001 + np.arange(n),
            "customer_id": world.ids[owners],
            "searched_at": instants(draw.between(world.created[owners], END, n)),
            "query": draw.phrase(n, COLOURS, THINGS),
            "filters": gaps(
                draw.pick(['{"maat": "M"}', '{"prijs": [10, 25.50]}', "{}"], n), draw.chance(n, 0.6)
            ),
            "results": draw.rng.poisson(12, n),
        }
    )


def page_view(world: World) -> pa.Table:
    """The largest table of the shop; it has no key, some rows occur twice and some name no person."""
    draw = Draw(world.seed, "page_view")
    owners = world.spread(draw, 90, 12)
    n = len(owners)
    product = draw.skewed(PRODUCTS, n)
    seen = pa.table(
        {
            "customer_id": gaps(
                pa.array(world.ids[owners]), draw.chance(n, 0.1) & (owners >= world.personas)
            ),
            "at": instants(draw.between(world.created[owners], END, n)),
            "path": numbered("/product/", 1 + product),
            "from": gaps(draw.pick(["/", "/zoeken", "https://zoekmachine.example/"], n), draw.chance(n, 0.3)),
            "stay_ms": gaps(pa.array(draw.between(300, 400_000, n)), draw.chance(n, 0.1)),
            "scroll_depth": np.round(draw.rng.random(n), 3),
            "visit_no": draw.between(1, 10**15, n),
        }
    )
    twice = seen.take(pa.array(np.flatnonzero(draw.chance(n, 0.005))))
    return pa.concat_tables([seen, twice])


def review(world: World) -> pa.Table:
    """Reviews; those of people who left are still there, without a name."""
    draw = Draw(world.seed, "review")
    owners = world.spread(draw, 2.4, 3)
    n = len(owners)
    product = draw.skewed(PRODUCTS, n)
    left = draw.chance(n, 0.02) & (owners >= world.personas)
    return pa.table(
        {
            "review_id": 31_000_001 + np.arange(n),
            "customer_id": gaps(pa.array(world.ids[owners]), left),
            "product_id": 1 + product,
            "product_title": product_titles(world).take(pa.array(product)),
            "rating": draw.between(1, 6, n),
            "title": gaps(draw.pick(["Top!", "Tja", "Nooit meer", ""], n), draw.chance(n, 0.2)),
            "body": draw.phrase(n, OPENERS, MIDDLES, ENDINGS),
            "tags": draw.lists(["mooi", "stevig", "te groot", "cadeau"], n, 3),
            "written_at": instants(draw.between(world.created[owners], END, n)),
            "helpful_votes": draw.rng.poisson(1.5, n),
            "sentiment": pa.array(np.round(draw.rng.uniform(-1, 1, n), 2).astype(np.float32)),
            "shop_reply": gaps(
                draw.pick(["Dank voor je review!", "Vervelend, we bellen je."], n), draw.chance(n, 0.8)
            ),
        }
    )


def message(world: World) -> pa.Table:
    """Messages between customers; a reply goes back to who wrote the first one."""
    draw = Draw(world.seed, "message")
    sender = world.spread(draw, 4, 3)
    n = len(sender)
    recipient = draw.rng.integers(world.personas, world.size, n)
    sent = draw.between(np.maximum(world.created[sender], world.created[recipient]), END - 3 * DAY, n)
    answered = np.flatnonzero(draw.chance(n, 0.4))
    total = n + len(answered)
    names = pa.array(world.names)
    who = np.concatenate([sender, recipient[answered]])
    whom = np.concatenate([recipient, sender[answered]])
    when = np.concatenate([sent, sent[answered] + draw.between(SECOND, 2 * DAY, len(answered))])
    first = 32_000_001
    original = np.concatenate([np.zeros(n, dtype=np.int64), first + answered])
    return pa.table(
        {
            "message_id": first + np.arange(total),
            "sender_id": world.ids[who],
            "recipient_id": world.ids[whom],
            "sender_name": names.take(pa.array(who)),
            "recipient_name": names.take(pa.array(whom)),
            "sent_at": instants(when),
            "read_at": instants(when + draw.between(SECOND, 20 * HOUR, total), draw.chance(total, 0.15)),
            "subject": draw.pick(["Hoi", "Nog te koop?", "Samen lopen zondag", ""], total),
            "body": draw.phrase(total, OPENERS, MIDDLES, ENDINGS),
            "attachments": draw.lists(["foto.jpg", "kaart.gpx"], total, 1),
            "reply_to": pa.array(original, mask=original == 0),
        }
    )


def referral(world: World) -> pa.Table:
    """Friends' e-mail addresses, typed by the person; some friends are customers themselves."""
    draw = Draw(world.seed, "referral")
    owners = world.spread(draw, 0.6, 2)
    n = len(owners)
    known = draw.chance(n, 0.3)
    friend = draw.rng.integers(world.personas, world.size, n)
    emails = [
        world.emails[f] if k else f"vriend.{i}@example.com"
        for i, (k, f) in enumerate(zip(known, friend, strict=True))
    ]
    return pa.table(
        {
            "referral_id": [str(uuid.UUID(bytes=draw.rng.bytes(16), version=4)) for _ in range(n)],
            "customer_id": world.ids[owners],
            "friend_email": emails,
            "friend_name": draw.phrase(n, FIRST_NAMES, LAST_NAMES),
            "note": gaps(draw.pick(["Echt iets voor jou!", "Kijk hier eens 👀", ""], n), draw.chance(n, 0.3)),
            "referred_at": instants(draw.between(world.created[owners], END, n)),
            "friend_joined": known,
            "reward": gaps(money(np.full(n, 500)), ~known),
        }
    )


def wish_lists(world: World) -> dict[str, pa.Table]:
    """Lists, who shares them, and what is on them: many people to many lists."""
    draw = Draw(world.seed, "wishlist")
    owners = world.spread(draw, 0.5, 1)
    n = len(owners)
    ids = 33_000_001 + np.arange(n)
    made = draw.between(world.created[owners], END - 30 * DAY, n)
    partner = draw.rng.integers(world.personas, world.size, n)
    together = draw.chance(n, 0.35) & (partner != owners) & (owners >= world.personas)
    places = np.concatenate([np.arange(n), np.flatnonzero(together)])
    members = np.concatenate([owners, partner[together]])
    items = draw.rng.poisson(4, n)
    lists = np.repeat(np.arange(n), items)
    total = len(lists)
    product = draw.skewed(PRODUCTS, total)
    by = np.where(together[lists] & draw.chance(total, 0.5), partner[lists], owners[lists])
    return {
        "wishlist": pa.table(
            {
                "wishlist_id": ids,
                "title": draw.pick(["Verjaardag", "Sinterklaas", "Ons huis", "Later"], n),
                "occasion_on": gaps(dates(draw.between(20_000, 21_000, n)), draw.chance(n, 0.5)),
                "shared": together,
                "created_at": instants(made),
            }
        ),
        "wishlist_member": pa.table(
            {
                "wishlist_id": ids[places],
                "customer_id": world.ids[members],
                "role": ["owner"] * n + ["member"] * int(together.sum()),
                "joined_at": instants(np.where(np.arange(len(places)) < n, made[places], made[places] + DAY)),
            }
        ),
        "wishlist_item": pa.table(
            {
                "wishlist_id": ids[lists],
                "item_no": 1 + np.arange(total) - np.repeat(np.cumsum(items) - items, items),
                "product_id": 1 + product,
                "product_title": product_titles(world).take(pa.array(product)),
                "added_by": world.ids[by],
                "added_at": instants(made[lists] + draw.between(2 * DAY, 30 * DAY, total)),
                "note": gaps(
                    draw.pick(["maat M", "liefst in het blauw", ""], total), draw.chance(total, 0.6)
                ),
            }
        ),
    }


def upload(world: World) -> pa.Table:
    """Small files that people sent, with what the camera wrote into them."""
    draw = Draw(world.seed, "upload")
    owners = world.spread(draw, 0.3, 1)
    n = len(owners)
    at = draw.between(world.created[owners], END, n)
    gps = pa.StructArray.from_arrays(
        [np.round(draw.rng.normal(52.2, 0.5, n), 6), np.round(draw.rng.normal(5.3, 0.6, n), 6)],
        ["lat", "lon"],
    )
    exif = pa.StructArray.from_arrays(
        [
            draw.pick(["Kiekje 3", "Telefoon 12"], n),
            pa.array(at - DAY).cast(pa.timestamp("us")),
            gaps(gps, draw.chance(n, 0.5)),
        ],
        ["camera", "taken_at", "gps"],
    )
    return pa.table(
        {
            "upload_id": [str(uuid.UUID(bytes=draw.rng.bytes(16), version=4)) for _ in range(n)],
            "customer_id": world.ids[owners],
            "file_name": numbered("foto ", draw.between(1, 900, n)),
            "media_type": ["image/png"] * n,
            "content": [PNG + draw.rng.bytes(int(k)) for k in draw.between(0, 60, n)],
            "uploaded_at": instants(at),
            "exif": gaps(exif, draw.chance(n, 0.3)),
        }
    )
