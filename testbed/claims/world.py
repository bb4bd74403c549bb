"""A state as SQL and the drawn map show it: whose rows, and what of them leaves by the law.

Nothing here asks the product: the law of a column is written again, from Art. 15 and 20 and the map's words.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol

HELD = {
    "shop.customer": "SELECT * FROM customer WHERE customer_id = :p",
    "shop.orders": "SELECT o.* FROM orders o JOIN customer c USING (customer_id) WHERE c.customer_id = :p",
    "shop.ticket": "SELECT * FROM ticket WHERE customer_id = :p",
    "shop.ticket_message": "SELECT m.* FROM ticket_message m JOIN ticket t USING (ticket_id) WHERE t.customer_id = :p",
    "shop.topic": "SELECT * FROM topic WHERE customer_id = :p",
    "shop.consent": "SELECT * FROM consent WHERE customer_id = :p",
    "club.card": "SELECT * FROM card WHERE customer_id = :p",
    "club.visit": "SELECT v.* FROM visit v JOIN card c USING (card_id) WHERE c.customer_id = :p",
}
"""Every row about the person, by hand."""
COLUMNS = {
    "shop.customer": ("email", "name", "score"),
    "shop.orders": ("ordered_at",),
    "shop.ticket": (),
    "shop.ticket_message": ("body", "author"),
    "shop.topic": ("topic",),
    "shop.consent": ("purpose", "withdrawn_at"),
    "club.card": ("note",),
    "club.visit": ("place",),
}
"""Columns that are no keys; `password_hash` is secret."""
PURPOSE = {
    **dict.fromkeys(("shop.customer", "shop.orders", "shop.consent"), "account"),
    **dict.fromkeys(("shop.ticket", "shop.ticket_message"), "help"),
    **dict.fromkeys(("club.card", "club.visit"), "cards"),
    "shop.topic": "news",
    "shop.customer.score": "rating",
}
"""Table or column -> its purpose."""
RECEIVED = "SELECT received_at, right, state, language FROM request WHERE id = :r"
DELIVERED = "SELECT count(*) FROM delivery WHERE request_id = :r"
FACTS = "SELECT kind, detail FROM fact WHERE request_id = :r ORDER BY number"
RIGHTS = "SELECT DISTINCT q.right FROM request q JOIN request o ON o.case_id = q.case_id WHERE o.id = :r"
MASKED = HELD["shop.ticket_message"] + " AND m.author_type = 'agent' AND m.author IS NOT NULL"
STAFF = "SELECT s.* FROM staff s JOIN customer c ON c.email = s.mail WHERE c.customer_id = :p"
"""Rows with an address of the person that no way of the map reaches."""
POLICY = "SELECT payload FROM event JOIN event_payload USING (seq) WHERE type = 'denial_policy'"
SYSTEMS = {
    "mail": {"Postbus", "Mailbox"},
    "shop": {"De winkel", "The shop"},
    "club": {"De klantenkaart club", "The loyalty card club"},
}


class Drawn(Protocol):
    """What the generator knows of a state; see `tests.support.claim_states`."""

    map: Any
    person: int
    request: str
    right: str
    days: int
    away: bool
    kept_back: str
    existence: str
    mail: str
    party: str
    answer_to: str
    limit: str
    redacted: list[int]
    known: dict[str, int]
    files: dict[str, dict[str, bytes]]
    inventory: Any
    shop: Any
    club: Any
    register: Any


_ROWS: dict[tuple[str, str], list[tuple[Any, ...]]] = {}


@lru_cache(maxsize=4)
def read_only(file: str) -> sqlite3.Connection:
    """A connection for all questions about the states of a home."""
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True)


@dataclass
class World:
    """A state with the document that is judged."""

    state: Drawn
    document: str

    def rows(self, table: str, more: str = "") -> list[tuple[Any, ...]]:
        file = self.state.club if table.startswith("club") else self.state.shop
        key = (self.state.request, more or HELD[table])
        if key not in _ROWS:  # the sources stay as they are while a state is judged
            _ROWS[key] = self._ask(file, key[1], {"p": self.state.person})
        return _ROWS[key]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._ask(self.state.register, sql, {"r": self.state.request})

    def _ask(self, file: Any, sql: str, bound: dict[str, Any]) -> list[tuple[Any, ...]]:
        return read_only(str(file)).execute(sql, bound).fetchall()

    @property
    def portability(self) -> bool:
        return self.state.right == "portability"

    @cached_property
    def mail(self) -> str:
        """The answer about the mailbox; not searched where nothing was found by a number alone."""
        known = "SELECT email FROM customer WHERE customer_id = :p AND trim(email) > ''"
        by_number = self.state.mail == "nothing_held" and not self.rows("shop.customer", known)
        return "not_searched" if by_number else self.state.mail

    @cached_property
    def tables(self) -> list[str]:
        """Tables of this document: of a part, those that could be reached; of the rest, what came later."""
        part = self.document.split()[0]
        kind = self.document.split()[-1]
        if part == "part" or kind == "partial_delivery":
            return [name for name in HELD if name.startswith("shop")]
        if part == "rest" or kind == "supplement":
            return [name for name in HELD if name.startswith("club")]
        return list(HELD)

    def origin(self, table: str, column: str, row: str = "customer") -> str:
        if table == "shop.ticket_message":
            return {"customer": self.state.map.origins["said"], "agent": "assigned", "bot": "inferred"}[row]
        return str(self.state.map.origins[f"{table}.{column}"])

    def leaves(self, table: str, column: str, row: str = "customer") -> bool:
        """Art. 20(1): given or, by the policy, seen; on consent or contract, or freely by the policy."""
        if not self.portability:
            return True
        origin, law = self.origin(table, column, row), self.state.map
        from_person = origin == "provided" or (origin == "observed" and law.observed)
        basis = self.basis(table, column)
        return from_person and (basis in ("A6-1-a", "A6-1-b") or (basis == "A6-1-f" and law.interest))

    def basis(self, table: str, column: str) -> str:
        """Of the purpose of a column; who withdrew a consent asks for access alone in these states."""
        return str(self.state.map.basis[PURPOSE.get(f"{table}.{column}", PURPOSE[table])])

    def asked(self, table: str) -> bool:
        """Whether the request covers the table: the person may have asked for another alone (R24)."""
        return self.state.limit in ("", table)

    def given(self, table: str) -> int:
        """How many rows leave."""
        if table == self.state.kept_back or not self.asked(table):
            return 0
        if not self.portability:
            return len(self.rows(table))
        if table == "shop.ticket_message":
            sql = HELD[table] + " AND m.author_type = 'customer'"
            return len(self.rows(table, sql)) if self.leaves(table, "body") else 0
        return len(self.rows(table)) if any(self.leaves(table, c) for c in COLUMNS[table]) else 0

    def read(self, table: str) -> bool:
        """Whether a statement reads the table: some column of it may leave."""
        if not self.asked(table) or (table == self.state.kept_back and self.state.existence == "open"):
            return False
        return not self.portability or any(self.leaves(table, c) for c in COLUMNS[table])

    def values(self) -> Iterator[str]:
        """Origins of values that leave."""
        for table in self.shown:
            for column in COLUMNS[table]:
                kinds = ("customer", "agent", "bot") if table == "shop.ticket_message" else ("customer",)
                for row in kinds:
                    also = f" AND m.author_type = '{row}'" if table == "shop.ticket_message" else ""
                    if self.leaves(table, column, row) and self.filled(table, column, also):
                        yield self.origin(table, column, row)

    def filled(self, table: str, column: str, also: str = "") -> bool:
        """Whether a row of the person has a value there."""
        return bool(self.rows(table, f"SELECT count({column}) FROM ({HELD[table]}{also})")[0][0])

    @property
    def evasive(self) -> bool:
        """Two people signed the evasive words of a source before the request came."""
        signed = [policy for (text,) in self.ask(POLICY) if (policy := json.loads(text))["act"] == "signed"]
        return any(policy["evasive"] and policy["since"] <= self.ask(RECEIVED)[0][0] for policy in signed)

    @property
    def hidden(self) -> str:
        """The table of which the person may not know; empty where there is none."""
        return self.state.kept_back if self.state.existence == "hidden" else ""

    @property
    def shown(self) -> list[str]:
        """Tables of this document without what a restriction keeps back (Art. 23)."""
        return [table for table in self.tables if table != self.state.kept_back and self.asked(table)]

    def facts(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(detail or "{}") for name, detail in self.ask(FACTS) if name == kind]

    @property
    def held(self) -> int:
        return sum(len(self.rows(table)) for table in HELD)

    @cached_property
    def reasons(self) -> set[str]:
        """Why columns stay that a table with rows, or one that is not read, has; keys not counted."""
        found: set[str] = set()
        kept = self.state.existence == "open" and self.state.kept_back in self.tables
        if kept and (self.portability or self.rows(self.state.kept_back)):
            found.add("decided_restriction")
        if self.state.limit and not all(map(self.asked, self.tables)):
            found.add("own_limitation")
        if "shop.customer" in self.tables and self.rows("shop.staff", STAFF):
            found.add("mentioned")
        for table in filter(self.asked, self.tables) if self.portability else ():
            if table == "shop.ticket_message" and self.read(table):
                found.add("rows_not_from_you")
            if (self.rows(table) and table != self.hidden) or not self.read(table):
                found |= {
                    self._reason(table, column) for column in COLUMNS[table] if not self.leaves(table, column)
                }
        secret = (
            "shop.customer" in self.tables
            and self.asked("shop.customer")
            and (self.portability or self.filled("shop.customer", "password_hash"))
        )
        return found | ({"security_secret"} if secret else set())

    @property
    def masked(self) -> bool:
        """Whether something in this document is unreadable."""
        here = not self.portability and "shop.ticket_message" in self.shown
        by_map = self.state.map.masked and self.rows("shop.ticket_message", MASKED)
        return here and bool(by_map or self.state.redacted)

    @property
    def paths(self) -> set[str]:
        """Files of the bundle that the document belongs to."""
        files = self.state.files
        return set(
            files.get(self.document.split()[0], {path: b"" for part in files.values() for path in part})
        )

    @property
    def reasons_with_keys(self) -> set[str]:
        """The same with what may hold of keys and of rows that have another author."""
        keys = {"only_keys", "origin_assigned", "origin_inferred", "rows_not_from_you"}
        return self.reasons | (keys if self.portability else set())

    def _reason(self, table: str, column: str) -> str:
        origin = self.origin(table, column)
        if origin in ("derived", "inferred", "assigned"):
            return f"origin_{origin}"
        if origin == "observed" and not self.state.map.observed:
            return "policy_observed"
        public = self.basis(table, column) == "A6-1-e" and self.state.map.words["public_task"] == "true"
        return "public_task" if public and table.startswith("shop") else "basis_not_portable"
