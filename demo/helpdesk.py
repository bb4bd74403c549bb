"""Support tickets. Customer, agent and bot write into one table, so the origin goes by row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.draw import DAY, HOUR, Draw, gaps, instants
from demo.words import AGENT_LINES, AGENTS, BOT_LINES, ENDINGS, MIDDLES, OPENERS, SUBJECTS
from demo.world import END, World

_FIRST = 34_000_001
_AUTHORS = ("customer", "bot", "agent")


def tables(world: World) -> dict[str, pa.Table]:
    """Tickets and their messages. Those that came by e-mail know the address alone."""
    draw = Draw(world.seed, "ticket")
    owners = world.spread(draw, 1.2, 2)
    n = len(owners)
    at = draw.between(world.created[owners], END - 20 * DAY, n)
    mailed = draw.chance(n, 0.15) & (owners >= world.personas)
    strange = mailed & draw.chance(n, 0.1)
    emails = [
        f"onbekend.{i}@example.com" if strange[i] else world.email_at(int(owners[i]), at[i]) for i in range(n)
    ]
    named = mailed | (draw.chance(n, 0.3) & (owners >= world.personas))
    ticket = pa.table(
        {
            "ticket_id": _FIRST + np.arange(n),
            "customer_id": gaps(pa.array(world.ids[owners]), mailed),
            "contact_email": gaps(pa.array(emails), ~named),
            "subject": draw.pick(SUBJECTS, n),
            "opened_at": instants(at),
            "closed_at": instants(at + draw.between(HOUR, 20 * DAY, n), draw.chance(n, 0.08)),
            "status": draw.pick(["closed", "closed", "open"], n),
            "priority": draw.pick(["P1", "P2", "P3"], n),
            "tags": draw.lists(["levering", "retour", "mopperaar", "coaching"], n, 2),
            "agent_id": gaps(pa.array(draw.between(501, 505, n)), draw.chance(n, 0.2)),
            "satisfaction": gaps(pa.array(draw.between(1, 6, n)), draw.chance(n, 0.6)),
            "summary": gaps(draw.phrase(n, ["Klant vraagt naar"], MIDDLES), draw.chance(n, 0.2)),
        }
    )
    return {"ticket": ticket, "ticket_message": _messages(world, at)}


def _messages(world: World, opened: np.ndarray) -> pa.Table:
    draw = Draw(world.seed, "ticket_message")
    counts = 1 + draw.rng.poisson(3, len(opened))
    of = np.repeat(np.arange(len(opened)), counts)
    n = len(of)
    turn = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    author = np.where(turn == 0, 0, draw.rng.integers(0, 3, n))
    by_customer, by_agent = pa.array(author == 0), author == 2
    body = pc.if_else(pa.array(by_agent), draw.pick(AGENT_LINES, n), draw.pick(BOT_LINES, n))
    return pa.table(
        {
            "message_id": 35_000_001 + np.arange(n),
            "ticket_id": _FIRST + of,
            "author_type": pa.array(_AUTHORS).take(pa.array(author)),
            "agent_name": gaps(draw.pick(AGENTS, n), ~by_agent),
            "sent_at": instants(np.minimum(opened[of] + turn * HOUR + draw.between(0, HOUR, n), END)),
            "body": pc.if_else(by_customer, draw.phrase(n, OPENERS, MIDDLES, ENDINGS), body),
            "sentiment": pa.array(np.round(draw.rng.uniform(-1, 1, n), 2).astype(np.float32)),
        }
    )
