"""A real SMTP server on loopback that takes messages, turns them down, or breaks off at some point."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from tests.support.deciding import Bureau

from afschrift.app.settings import Settings
from afschrift.wiring.build_services import build


class Manner(StrEnum):
    TAKES = "takes"
    NO_SUCH_MAILBOX = "no_such_mailbox"
    LATER = "later"  # 451 to the recipient
    LATER_AFTER_ALL = "later_after_all"  # 451 to the whole message
    SPAM = "spam"  # 554 to the whole message
    SENDER = "sender"  # 553 to the sender
    DROPS_ENVELOPE = "drops_envelope"
    DROPS_DATA = "drops_data"  # instead of letting the message come
    DROPS_HALFWAY = "drops_halfway"  # while the message comes
    DROPS_ANSWER = "drops_answer"  # has the message, and says nothing
    TAKES_AND_DROPS = "takes_and_drops"  # says that it has it, and no more


class Server:
    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.messages: list[tuple[str, str, bytes]] = []

    async def handle_MAIL(
        self, _server: Any, _session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.manner is Manner.SENDER:
            return "553 sender not allowed"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _: Any) -> str:
        if self.manner is Manner.DROPS_ENVELOPE:
            server.transport.abort()
        if self.manner is Manner.NO_SUCH_MAILBOX:
            return "550 no such mailbox"
        if self.manner is Manner.LATER:
            return "451 come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        self.messages.append((envelope.mail_from, envelope.rcpt_tos[0], envelope.content))
        if self.manner is Manner.DROPS_ANSWER:
            server.transport.abort()
        if self.manner is Manner.LATER_AFTER_ALL:
            return "451 come again"
        return "554 looks like spam" if self.manner is Manner.SPAM else "250 taken"


class Breaking(SMTP):
    """Breaks off where a handler cannot."""

    async def smtp_DATA(self, arg: str) -> None:
        manner = self.event_handler.manner
        if manner is Manner.DROPS_DATA:
            self.transport.abort()
        elif manner is Manner.DROPS_HALFWAY:
            await self.push("354 go on")
            await self._reader.readline()
            self.transport.abort()
        else:
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        if self.event_handler.manner is Manner.TAKES_AND_DROPS:
            self.transport.abort()
        else:
            await super().smtp_QUIT(arg)


@contextmanager
def serving(manner: Manner = Manner.TAKES, port: int = 0, **settings: Any) -> Iterator[tuple[Server, str]]:
    """The server and its address as `smtp://127.0.0.1:PORT`. The settings are those of aiosmtpd."""

    class Here(Controller):
        def factory(self) -> SMTP:
            return Breaking(self.handler, **self.SMTP_kwargs)

    server, port = Server(manner), port or unused_port()
    controller = Here(server, "127.0.0.1", port, **settings)
    controller.start()
    try:
        yield server, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def mail_file(folder: Path, server: str) -> Path:
    """The options of letters (AFSCHRIFT_MAIL) in a folder, with this server."""
    file = folder / "mail.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"server": server, "sender": "privacy@example.org"}), encoding="utf-8")
    return file


LINK = "https://portal.example.org/answers/{file}"


def mailed(bureau: Bureau, folder: Path, url: str, link: str | None = LINK) -> Bureau:
    """The same installation with a mail server, and a destination that people can fetch from."""
    options = folder / "outbox.json"
    options.touch(mode=0o600)
    options.write_text(json.dumps({"link": link, "days": 14} if link else {}), encoding="utf-8")
    places = {"HOME": bureau.settings.home, "INVENTORY": bureau.settings.inventory}
    places |= {"MAIL": mail_file(folder, url), "DESTINATION_OUTBOX": folder / "outbox"}
    places |= {"DESTINATION_OUTBOX_OPTIONS": options}
    settings = Settings.from_environment({f"AFSCHRIFT_{name}": str(place) for name, place in places.items()})
    return Bureau(settings, build(lambda _line: None, settings))
