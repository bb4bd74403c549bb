"""Errors by what happens next: try again, ask a person, correct the configuration, or stop.

Every message names the place and the remedy. None holds personal data, since messages reach task logs.
"""

from __future__ import annotations

from collections.abc import Mapping


class AfschriftError(Exception):
    """Base class of the errors that the software raises.

    Attributes:
        for_officers: a page says it in words, though the installation is at fault.
    """

    remedy: str = ""
    for_officers: bool = False

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy or self.remedy

    def __str__(self) -> str:
        message = super().__str__()
        gap = "" if message.endswith("\n") else " "
        return f"{message}{gap}What to do: {self.remedy}" if self.remedy else message


class RetriableError(AfschriftError):
    """The same step may succeed later: a source is down, a disk is full.

    Attributes:
        code: error code of the underlying system, such as an SQLSTATE; never a value or a place.
    """

    def __init__(self, message: str, *, remedy: str = "", code: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code


class SourceDownError(RetriableError):
    """A source cannot be opened, or failed while it was read.

    Attributes:
        source: its name in the inventory.
    """

    def __init__(self, source: str, error: RetriableError) -> None:
        super().__init__(str(error.args[0]), remedy=error.remedy, code=error.code)
        self.source = source


class StagedFileError(RetriableError):
    """A staged file is missing or damaged, or was staged for another request or under another key.

    Attributes:
        path: of the file.
        why: `missing` or `damaged`.
    """

    def __init__(self, request: str, path: str, why: str, task: str) -> None:
        """`task`: that makes the file again."""
        fault = {"missing": "is not there", "damaged": "is damaged, or was staged under another key"}[why]
        super().__init__(
            f"The staged file {path} of request {request} {fault}.",
            remedy=f"clear `{task}` and what follows, or start a new run of `fulfil_request`: the file is "
            "made again.",
        )
        self.path, self.why = path, why


class NeedsPersonError(AfschriftError):
    """A person must decide; the question is in the register and the run ends.

    Attributes:
        question: kind of the question, for example `identity` or `unclassified`.
        detail: codes, tables and columns that the question is about; never values.
    """

    def __init__(
        self, message: str, *, question: str, detail: dict[str, object] | None = None, remedy: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.question = question
        self.detail = detail or {}


class ConfigurationError(AfschriftError):
    """Inventory, policy, keys or settings are wrong; a retry does not help."""


class DamagedValueError(ConfigurationError):
    """A value of a column cannot be read exactly, though source and account are in order.

    Attributes:
        damage: a code for it; never a value.
    """

    def __init__(self, message: str, *, remedy: str = "", damage: str = "wrong_type") -> None:
        super().__init__(message, remedy=remedy)
        self.damage = damage


class VersionGoneError(ConfigurationError):
    """The version of a table that a plan reads was removed: its log, its snapshot or a file.

    Attributes:
        table, version: as the source names them.
    """

    def __init__(self, source: str, table: str, version: str) -> None:
        super().__init__(
            f"Version {version} of {source}.{table}, which the plan reads, was removed (VACUUM, expired "
            "snapshots).",
            remedy="clear `classify` and what follows: a new plan is made on the version of today.",
        )
        self.table, self.version = table, version


class UnreadFilesError(ConfigurationError):
    """A folder of a lake holds files that are neither read nor ignored by a decision."""


class OutOfMemoryError(ConfigurationError):
    """A correct statement needs more memory or disk for sorting than its source has."""


class RefusedError(AfschriftError):
    """The request is not allowed, by a rule that the message names (for example PDF for portability, R57)."""


class NotAllowedError(RefusedError):
    """The user does not have the role that this takes; names the role, never the user."""


class TooLateError(RefusedError):
    """Another user was first, or the request is closed: nothing was changed."""


class UnknownQuestionError(RefusedError):
    """No question has this id."""


class FormError(RefusedError):
    """An answer does not fit its question.

    Attributes:
        fields: name of the field -> what is wrong with it; never the value.
    """

    def __init__(self, message: str, fields: Mapping[str, str], *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.fields = dict(fields)

    @classmethod
    def listing(cls, message: str, fields: Mapping[str, str], *, remedy: str = "") -> FormError:
        """The error with all fields in its message too."""
        listed = " ".join(f"{name}: {fault}." for name, fault in fields.items())
        return cls(f"{message} {listed}", fields, remedy=remedy)


class GateError(AfschriftError):
    """A step was started without the decision that it needs in the register."""


class ValidationFailedError(AfschriftError):
    """A written file does not hold what was extracted; nothing is delivered."""


class BundleError(AfschriftError):
    """A bundle is damaged, hostile or not signed by a trusted key."""


class UnknownRequestError(AfschriftError):
    """No request, case or letter has this id."""


class OutsideStoreError(AfschriftError):
    """A row names a file outside its store; nothing was opened."""


class RewriteError(AfschriftError):
    """A file cannot be continued with its options; the table must be written again.

    Attributes:
        options: writer options for the next attempt.
    """

    def __init__(self, field: str, options: dict[str, str]) -> None:
        super().__init__(self._why(field))
        self.options = options

    @staticmethod
    def _why(field: str) -> str:
        return f"Values of field {field} do not fit the type that the file gave it."


class MarkerCollisionError(RewriteError):
    """A text of the table equals the file's marker for NULL."""

    @staticmethod
    def _why(field: str) -> str:
        return f"A text of field {field} equals the marker for NULL."
