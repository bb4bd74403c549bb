"""Whether a file of the inventory has the form that a draft can be added to: mappings where those belong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.confirmation import Confirmation, confirmations
from afschrift.inventory.document import Document


class _Loose(BaseModel):
    """What else stands there, `inventory check` judges."""

    model_config = ConfigDict(extra="allow")


class _Table(_Loose):
    table: str | None = None
    subject: dict[str, Any] | None = None
    confirmed: Annotated[tuple[Confirmation, ...], BeforeValidator(confirmations)] = ()
    columns: dict[str, dict[str, Any] | None] | None = None


class _Source(_Loose):
    purposes: dict[str, Any] | None = None
    stores: dict[str, Any] | None = None
    tables: dict[str, _Table | None] | None = None


def words_of_file(text: str | bytes, name: str) -> Mapping[str, Any]:
    """What a file says, of which every part that a merge looks into is of the right form.

    Args:
        text: YAML of a source; empty: there is no file yet.
        name: of the file, for errors.

    Raises:
        ConfigurationError: it is no YAML, or of another form; says each place with its line.
    """
    if not text.strip():
        return {}
    document = Document(Path(name), read=text.encode() if isinstance(text, str) else text)
    if document.data is None and not document.faults[1:] and "no mapping" in document.faults[0].message:
        return {}  # comments alone
    document.parse(_Source)
    if document.faults:
        told = "\n".join(f"  {fault}" for fault in document.faults)
        raise ConfigurationError(f"{name} cannot be added to:\n{told}\n", remedy="mend it first.")
    found: Mapping[str, Any] = document.data
    return found
