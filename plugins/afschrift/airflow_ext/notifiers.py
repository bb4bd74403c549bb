"""Who is notified of notices and open questions: notifiers of Airflow, by a file of the installation.

    officers:
      notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier
      arguments:
        to: privacy@example.org
        from_email: afschrift@example.org
        subject: "{{ notices.subject }}"
        html_content: "{{ notices.html }}"
      roles: [officer]

`roles`: the roles whose open questions it is for (DAG `tell_questions`); left out: all. Any subclass of
Airflow's `BaseNotifier` can be used; its templates get `notices` (`casework.notices.reminder.Message`) in
addition to what Airflow gives them. Passwords belong into an Airflow connection, never into this file.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

from airflow.sdk import BaseNotifier, get_current_context
from airflow.sdk.exceptions import AirflowSkipException
from pydantic import BaseModel, ConfigDict, RootModel

from afschrift.app.settings import Settings
from afschrift.casework.notices.reminder import Message, Reminder
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.law.roles import Role

FILE = "notifiers.yml"
LOG = "log"

log = logging.getLogger("afschrift.run")


class NotifierEntry(BaseModel):
    """A notifier of the file.

    Attributes:
        roles: the roles whose open questions it is for; empty: all. Deadlines go to every notifier.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    notifier: str
    arguments: dict[str, Any] = {}
    roles: tuple[Role, ...] = ()


class NotifiersFile(RootModel[dict[str, NotifierEntry]]):
    """The whole file: a freely chosen name -> a notifier."""


class LogNotifier(BaseNotifier):
    """Writes the notices into the task's log; used where no file names notifiers."""

    def notify(self, context: Any) -> None:
        """Write them."""
        for line in context["notices"].text.splitlines():
            log.warning("%s", line)


def load_notifiers(settings: Settings | None = None) -> Mapping[str, NotifierEntry]:
    """Name -> notifier: `AFSCHRIFT_NOTIFIERS`, else `notifiers.yml` in the home, else the log alone.

    Raises:
        ConfigurationError: lists what is wrong with the file, with its lines.
    """
    from afschrift.inventory.document import Document

    settings = settings or Settings.from_environment()
    file = settings.notifiers or settings.home / FILE
    if settings.notifiers is None and not file.exists():
        return {LOG: NotifierEntry(notifier=f"{__name__}.{LogNotifier.__name__}")}
    document = Document(file, page="docs/deadlines.md")
    parsed = document.parse(NotifiersFile)
    if parsed is None or document.faults or not parsed.root:
        listing = "\n".join(f"  {fault}" for fault in document.faults) or "  it names no notifier"
        raise ConfigurationError(
            f"The notifiers file {file} cannot be used:\n{listing}\n",
            remedy="correct it; docs/deadlines.md shows one. Until then no one is notified of deadlines.",
        )
    return parsed.root


def make(name: str, entry: NotifierEntry) -> BaseNotifier:
    """The notifier of an entry.

    Raises:
        ConfigurationError: there is no such class, or it does not take these arguments.
    """
    module, _, kind = entry.notifier.rpartition(".")
    try:
        found = getattr(import_module(module), kind)
        made = found(**entry.arguments)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"The notifier '{name}' cannot be made ({type(error).__name__}).",
            remedy=f"see whether {entry.notifier} is installed, and which arguments it takes.",
        ) from None
    if not isinstance(made, BaseNotifier):
        raise ConfigurationError(
            f"The notifier '{name}' is none of Airflow's.", remedy="name a class made after BaseNotifier."
        )
    return made


def sender(name: str, entry: NotifierEntry) -> Callable[[Message], None]:
    """Returns the function that gives a notifier a message, within a task.

    Raises:
        ConfigurationError: as `make`.
        RetriableError: when called, the notifier did not take it; its own words stay out of the log.
    """
    notifier = make(name, entry)

    def send(message: Message) -> None:
        context: Any = {**get_current_context(), "notices": message}
        try:
            notifier(context)
        except Exception as error:
            raise RetriableError(
                f"The notifier '{name}' did not take its notices ({type(error).__name__}).",
                remedy="see its connection and its server; the next run notifies it again.",
            ) from None

    return send


def send_reminders(name: str, reminders: Iterable[Reminder[Any]]) -> int:
    """Send a notifier what is new for it, within a task; returns how many things that were.

    Raises:
        AirflowSkipException: nothing is new.
        ConfigurationError, RetriableError: as `sender`.
    """
    entry = load_notifiers()[name]
    send, roles = sender(name, entry), [role.value for role in entry.roles]
    sent = sum(reminder.remind(name, send, roles) for reminder in reminders)
    if not sent:
        raise AirflowSkipException(f"Nothing is new for '{name}'.")
    log.info("Sent to '%s': %d.", name, sent)
    return sent
