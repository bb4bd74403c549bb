"""Errors by what happens next: try again, ask a person, mend the configuration, or stop.

Every message names the place and the remedy. None holds personal data: messages reach task logs.
"""

from __future__ import annotations

from collections.abc import Mapping


class AfschriftError(Exception):
    """Base of all errors that the software raises on purpose."""

    remedy: str = ""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy or self.remedy

    def __str__(self) -> str:
        message = super().__str__()
        gap = "" if message.endswith("\n") else " "
        return f"{message}{gap}What to do: {self.remedy}" if self.remedy else message


class RetriableError(AfschriftError):
    """The same step may succeed later: a source is down, a disk is full for a moment.

    Attributes:
        code: class of the error as the system below names it, such as an SQLSTATE; never a value or a place.
    """

    def __init__(self, message: str, *, remedy: str = "", code: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code


class SourceDownError(RetriableError):
    """A source cannot be opened, or broke off while it was read.

    Attributes:
        source: its name in the inventory.
    """

    def __init__(self, source: str, met: RetriableError) -> None:
        super().__init__(str(met.args[0]), remedy=met.remedy, code=met.code)
        self.source = source


class StagedFileError(RetriableError):
    """A staged file is gone, is damaged, or was staged for another request or under another key.

    Attributes:
        why: `missing` or `damaged`.
    """

    def __init__(self, request: str, path: str, why: str, task: str) -> None:
        """`task`: the one that makes the file again."""
        said = {"missing": "is not there", "damaged": "is damaged, or was staged under another key"}[why]
        super().__init__(
            f"The staged file {path} of request {request} {said}.",
            remedy=f"clear `{task}` and what follows, or start a new run of `fulfil_request`: the file is "
            "made again.",
        )
        self.why = why


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
    """Inventory, policy, keys or settings are wrong; a retry cannot help."""


class UnreadFilesError(ConfigurationError):
    """A folder of a lake holds files that are neither read nor passed over by a decision."""


class OutOfMemoryError(ConfigurationError):
    """A statement needs more memory or room for sorting than its source has; it is no wrong statement."""


class RefusedError(AfschriftError):
    """What was asked is not allowed, with the rule that says so (for example PDF for portability, R57)."""


class NotAllowedError(RefusedError):
    """Whoever asks does not hold the role that this takes; names the role, never the person."""


class TooLateError(RefusedError):
    """Somebody else was first, or the request is closed: nothing was changed."""


class UnknownQuestionError(RefusedError):
    """No question bears this id."""


class FormError(RefusedError):
    """An answer does not fit its question.

    Attributes:
        fields: name of the field -> what is wrong with it, never with what was filled in.
    """

    def __init__(self, message: str, fields: Mapping[str, str], *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.fields = dict(fields)

    @classmethod
    def listing(cls, message: str, fields: Mapping[str, str], *, remedy: str = "") -> FormError:
        """With every field and what is wrong with it in the message too."""
        listed = " ".join(f"{name}: {fault}." for name, fault in fields.items())
        return cls(f"{message} {listed}", fields, remedy=remedy)


class GateError(AfschriftError):
    """A step was started without the decision that it needs in the register."""


class ValidationFailedError(AfschriftError):
    """A written file does not read back as what was extracted; nothing is delivered."""


class BundleError(AfschriftError):
    """A bundle is damaged, hostile or not signed by a trusted key."""


class UnknownRequestError(AfschriftError):
    """No request bears this id."""


class OutsideStoreError(AfschriftError):
    """A row names a file outside its store; nothing was opened."""


class RewriteError(AfschriftError):
    """A file cannot go on as it was begun; the table is to be written again.

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
