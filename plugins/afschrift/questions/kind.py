"""A kind of question: what is asked, what each answer does, and the form of the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from afschrift.domain.event import digest
from afschrift.law.manual_search import NewFile
from afschrift.law.roles import Role
from afschrift.register.records import DecisionRow


@dataclass(frozen=True)
class GivenAnswer:
    """An answer as it is given.

    Attributes:
        choice: one of the question's options.
        detail: the form's fields; codes, numbers and dates only.
        texts: words by field, of kinds that rest on grounds; kept encrypted.
        text: a reason in words; kept encrypted.
        files: found in a system that no query reaches.
        authority: the role in which they answer and its source; empty until the role is checked.
    """

    choice: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    text: str | None = field(default=None, repr=False)
    files: Sequence[NewFile] = field(default=(), repr=False)
    authority: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answered:
    """The result of an answer.

    Attributes:
        letter: id of the letter that was made and must be sent.
        signer: id of the question to the second signer.
        next_step: what is left to do, in words; empty: nothing but the next run.
    """

    decision: DecisionRow
    request: str
    letter: str | None = None
    signer: str | None = None
    next_step: str = ""


@dataclass(frozen=True)
class QuestionKind:
    """A kind of question; the page, the terminal, REST and the documentation are made from it.

    It holds only words, options and forms; `casework/answer_rows.py` names what takes its answers.

    Attributes:
        name: code in the register and the trail.
        title: as a heading and in the list.
        asks: what it asks, in a sentence or two.
        does: option -> what choosing it does; a question may offer some of them.
        role: who answers.
        form: JSON Schema of `choice` and the fields; None: no fields.
        runs: whether a run goes on after its answer.
        reason: whether the terminal asks for a reason in words.
        in_words: choices that need a reason in words.
        files_with: the choice that files come with; empty: none takes files.
        on_grounds: its answers rest on the table of grounds, against which detail and texts are checked.
        hint: the remedy of a run that ends at it; may use `id`, `request`, `options` and `source`.
        note: further text for tools/questions_page.py, in Markdown.
    """

    name: str
    title: str
    asks: str
    does: Mapping[str, str]
    role: Role = Role.OFFICER
    form: Mapping[str, Any] | None = None
    runs: bool = True
    reason: bool = True
    in_words: tuple[str, ...] = ()
    files_with: str = ""
    on_grounds: bool = False
    hint: str = "answer with `afschrift answer {id} --choice {options}`."
    note: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """Every choice that it may offer."""
        return tuple(self.does)


@dataclass(frozen=True)
class OpenQuestion:
    """A question at which a run ends.

    Attributes:
        of: its kind.
        options: codes to choose from; none is a default.
        words: one sentence for the log.
        detail: tables, columns and counts; never values.
        bound: what an answer holds for, if that is more than kind and detail.
        form: JSON Schema, if it differs from that of the kind.
        role: who answers, if it differs from the role of the kind.
        person: name of the person that it is assigned to at once.
        kept: shown values that may be the person's. They are stored with the question, encrypted under the
            request's key, and are no part of what an answer holds for.
    """

    of: QuestionKind
    options: tuple[str, ...]
    words: str
    detail: dict[str, Any] = field(default_factory=dict)
    bound: str | None = None
    form: Mapping[str, Any] | None = None
    role: Role | None = None
    person: str | None = None
    kept: Mapping[str, Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not set(self.options) <= set(self.of.options):
            raise ValueError(f"a question of kind {self.kind} offers an option that the kind does not have")

    @property
    def kind(self) -> str:
        """Name of its kind."""
        return self.of.name

    @property
    def about(self) -> str:
        """Digest of what is asked: an answer to something else does not count."""
        return self.bound or digest({"kind": self.kind, "detail": self.detail})
