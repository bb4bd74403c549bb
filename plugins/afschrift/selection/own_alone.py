"""Nobody else's row has a key of the person, as it is spelled or as what a join goes by."""

from __future__ import annotations

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Unique, key_form
from afschrift.domain.origin import Origin
from afschrift.domain.sources import Source
from afschrift.inventory.joins import on_the_way
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.key_statements import KeyStatements


class OwnAlone:
    """Looks in the tables of one source, each once, for rows that are of several persons by their keys."""

    def __init__(
        self, source: SourceFile, identity: IdentityFile, session: Source, statements: KeyStatements
    ) -> None:
        self._source, self._identity = source, identity
        self._session, self._statements = session, statements
        self._spelled: set[str] = set()
        self._crossed: set[str] = set()

    def require(self, name: str) -> None:
        """Of a table and of those on its way to the person.

        Of a look-up that holds nobody's data no row is given, and none on its way is asked about.

        Raises:
            ConfigurationError: another person's row has a key of the person.
        """
        columns = self._source.tables[name].columns.values()
        given = any(column.origin is not Origin.NOT_PERSONAL for column in columns)
        for table in on_the_way(self._source, name) if given else (name,):
            if table not in self._spelled:
                self._spelled.add(table)
                self._require_spelled(table)
            if given and table not in self._crossed:
                self._crossed.add(table)
                self._require_crossed(table)

    def _require_spelled(self, table: str) -> None:
        for key, link in self._source.tables[table].subject.items():
            own = self._source.tables[table].key == (link.column,)
            if not own and self._identity.keys[key].unique is not Unique.YES:
                continue
            if self._alike(table, key) and (own or self._is_person(table, key)):
                raise ConfigurationError(
                    f"Rows of {self._source.source}.{table} have keys {key} that differ in their spelling "
                    "alone, and each row is a person there: whose they are is not known.",
                    remedy="mend these keys in the source: `afschrift inventory check --live` counts them.",
                )

    def _alike(self, table: str, key: str) -> bool:
        """Whether two spellings of the person's have one normal form: by the definition, and not in SQL."""
        statement = self._statements.spellings(table, key)
        if statement is None:
            return False
        match = self._source.tables[table].subject[key].match
        texts = [str(text) for (text,) in self._session.rows(statement)]
        return len({key_form(text, match) for text in texts}) < len(texts)

    def _is_person(self, table: str, key: str) -> bool:
        """Whether no two rows of the table have the same key, so that a row is a person."""
        return not int(self._session.rows(self._statements.repeated(table, key))[0][0])

    def _require_crossed(self, table: str) -> None:
        for words, statement in self._statements.crossings(table):
            if int(self._session.rows(statement)[0][0]):
                raise ConfigurationError(
                    f"{self._source.source}.{table} by {words}: rows of several persons have the same key "
                    "there, so it is not known whose the rows are that point to it.",
                    remedy="let the join name a column more, or mend the keys; where such rows are of each, "
                    "say `shared_rows`, with who decided.",
                )
