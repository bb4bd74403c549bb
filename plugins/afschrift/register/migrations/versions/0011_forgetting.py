"""Numbers and digests of a fact may go once the data key of its request was destroyed (docs/keys.md)."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_FACTS = "facts are append-only"
_STAYS = (
    *("id", "request_id", "number", "kind", "at", "by", "day", "instant", "about", "letter", "channel"),
    *("proof", "other", "text"),
)
_KEY_IS_GONE = "NOT EXISTS (SELECT 1 FROM data_key WHERE owner = OLD.request_id)"


def upgrade() -> None:
    """Replace the guard against changes by one that lets the detail of a forgotten request be shortened."""
    if op.get_bind().dialect.name == "sqlite":
        same = " AND ".join(f'NEW."{column}" IS OLD."{column}"' for column in _STAYS)
        op.execute("DROP TRIGGER fact_no_update")
        op.execute(
            f"CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact WHEN NOT ({same} AND {_KEY_IS_GONE}) "
            f"BEGIN SELECT RAISE(ABORT, '{_FACTS}'); END"
        )
        return
    same = " AND ".join(f'NEW."{column}" IS NOT DISTINCT FROM OLD."{column}"' for column in _STAYS)
    op.execute("DROP TRIGGER fact_no_change ON fact")
    body = f"BEGIN IF {same} AND {_KEY_IS_GONE} THEN RETURN NEW; END IF; RAISE EXCEPTION '{_FACTS}'; END"
    op.execute(f"CREATE FUNCTION afschrift_only_forget() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    for name, when, function in (
        ("only_forget", "UPDATE", "afschrift_only_forget"),
        ("no_delete", "DELETE", "afschrift_fact_refuse"),
    ):
        op.execute(
            f"CREATE TRIGGER fact_{name} BEFORE {when} ON fact FOR EACH ROW EXECUTE FUNCTION {function}()"
        )
