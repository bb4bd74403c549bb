"""What the people bought: orders, their lines, what came back and how the parcels went."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.assortment import PRODUCTS, product_titles
from demo.draw import DAY, HOUR, SECOND, Draw, dates, decimals, gaps, instants, money, numbered
from demo.words import CARRIERS, COLOURS, ENDINGS, LAST_NAMES, SIZES
from demo.world import END, World

FIRST_ORDER = 50_000_001


def tables(world: World) -> dict[str, pa.Table]:
    """The four tables; they are made together because they must agree."""
    draw = Draw(world.seed, "orders")
    owners = world.spread(draw, 8, 4)
    n = len(owners)
    at = draw.between(world.created[owners], END - 10 * DAY, n)
    lines_of = 1 + np.minimum(draw.rng.poisson(1.8, n), 30)
    address = world.main_address(owners)
    gift = draw.chance(n, 0.02) & (owners >= world.personas)
    others = draw.rng.integers(world.personas, world.size, n)
    address = np.where(gift, world.main_address(others), address)
    lines, total = _lines(world, lines_of)
    return {
        "orders": _orders(draw, world.ids[owners], address, at, gift, total),
        "order_line": lines,
        "return_line": _returns(world, lines, np.repeat(at, lines_of)),
        "shipment": _shipments(world, address, at),
    }


def _orders(
    draw: Draw, owners: np.ndarray, address: np.ndarray, at: np.ndarray, gift: np.ndarray, total: np.ndarray
) -> pa.Table:
    n = len(owners)
    card = draw.chance(n, 0.4)
    foreign = draw.chance(n, 0.05)
    rate = np.where(foreign, draw.between(112_000_000_000, 113_000_000_000, n), 10_000_000_000)
    quarter = at // (900 * SECOND) * 900 % 86_400  # the seconds of the day at a quarter of an hour
    message = draw.pick(["Gefeliciteerd!", "Voor jou,\nmet liefs 🎁", "Beterschap", ""], n)
    return pa.table(
        {
            "order_id": FIRST_ORDER + np.arange(n),
            "customer_id": owners,
            "address_id": address,
            "ordered_at": instants(at),
            "delivery_date": gaps(dates(at // DAY + draw.rng.integers(1, 9, n)), draw.chance(n, 0.05)),
            "delivery_from": gaps(pa.array(quarter * SECOND).cast(pa.time64("us")), draw.chance(n, 0.5)),
            "status": draw.pick(["D", "D", "D", "D", "R", "C"], n),
            "payment_method": pc.if_else(
                pa.array(card), "card", draw.pick(["ideal", "afterpay", "voucher"], n)
            ),
            "card_token": gaps(numbered("tok_demo_", draw.between(1_000, 10_000, n)), ~card),
            "currency": pc.if_else(pa.array(foreign), "SEK", "EUR"),
            "exchange_rate": decimals(rate, 38, 10),
            "total": money(total),
            "is_gift": gift,
            "gift_message": gaps(message, ~gift),
        }
    )


def _lines(world: World, lines_of: np.ndarray) -> tuple[pa.Table, np.ndarray]:
    """Order lines, and the sum of each order in cents."""
    draw, n = Draw(world.seed, "order_line"), int(lines_of.sum())
    order = np.repeat(np.arange(len(lines_of)), lines_of)
    line_no = 1 + np.arange(n) - np.repeat(np.cumsum(lines_of) - lines_of, lines_of)
    product = draw.skewed(PRODUCTS, n)
    quantity = 1 + draw.rng.poisson(0.4, n)
    cents = draw.between(295, 24_995, n)
    total = np.bincount(order, weights=cents * quantity, minlength=len(lines_of)).astype(np.int64)
    discount = np.where(draw.chance(n, 0.15), draw.between(1, 3_333_333_333, n), 0)
    choices = np.empty(2 * n, dtype=np.int64)  # a colour and a size by turns
    choices[0::2] = draw.rng.integers(0, len(COLOURS), n)
    choices[1::2] = draw.rng.integers(len(COLOURS), len(COLOURS) + len(SIZES), n)
    options = pa.MapArray.from_arrays(
        pa.array(np.arange(0, 2 * n + 1, 2), pa.int32()),
        pa.array(["kleur", "maat"]).take(pa.array(np.tile([0, 1], n))),
        pa.array([*COLOURS, *SIZES]).take(pa.array(choices)),
    )
    return (
        pa.table(
            {
                "order_id": FIRST_ORDER + order,
                "line_no": line_no,
                "product_id": 1 + product,
                "product_title": product_titles(world).take(pa.array(product)),
                "quantity": quantity,
                "unit_price": money(cents),
                "discount": decimals(discount, 38, 10),
                "options": gaps(options, draw.chance(n, 0.6)),
                "engraving": gaps(
                    draw.pick(["Oma ♥", "nr. 1", "“voor altijd”", ""], n), draw.chance(n, 0.95)
                ),
            }
        ),
        total,
    )


def _returns(world: World, lines: pa.Table, ordered: np.ndarray) -> pa.Table:
    draw = Draw(world.seed, "return_line")
    back = np.flatnonzero(draw.chance(lines.num_rows, 0.04))
    n = len(back)
    some = lines.take(pa.array(back))
    return pa.table(
        {
            "return_id": 55_000_001 + np.arange(n),
            "order_id": some["order_id"],
            "line_no": some["line_no"],
            "returned_at": instants(np.minimum(ordered[back] + draw.between(2 * DAY, 30 * DAY, n), END)),
            "reason": draw.pick(["R1", "R2", "R3", "R9"], n),
            "remark": gaps(draw.pick(ENDINGS, n), draw.chance(n, 0.5)),
            "inspection": gaps(draw.pick(["gebruikt", "ongeopend", "beschadigd"], n), draw.chance(n, 0.1)),
            "refund": some["unit_price"],
        }
    )


def _shipments(world: World, address: np.ndarray, at: np.ndarray) -> pa.Table:
    """A parcel leads to the person by its order and by its address; some have only one of the two."""
    draw = Draw(world.seed, "shipment")
    order = np.flatnonzero(draw.chance(len(at), 0.97))
    order = np.sort(np.concatenate([order, order[draw.chance(len(order), 0.06)]]))
    n = len(order)
    sent = at[order] + draw.between(4 * HOUR, 3 * DAY, n)
    arrived = sent + draw.between(6 * HOUR, 4 * DAY, n)
    no_order, pick_up = draw.chance(n, 0.01), draw.chance(n, 0.08)
    return pa.table(
        {
            "shipment_id": 60_000_001 + np.arange(n),
            "order_id": gaps(pa.array(FIRST_ORDER + order), no_order),
            "address_id": gaps(pa.array(address[order]), pick_up & ~no_order),
            "carrier": draw.pick(CARRIERS, n),
            "tracking_code": numbered("GKNL", draw.between(10**12, 10**13, n)),
            "shipped_at": instants(sent),
            "delivered_at": instants(arrived, draw.chance(n, 0.03)),
            "weight_g": draw.between(80, 12_000, n),
            "signed_by": gaps(draw.pick([f"buren ({name})" for name in LAST_NAMES], n), draw.chance(n, 0.8)),
        }
    )
