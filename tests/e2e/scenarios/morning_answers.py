"""Requests of the morning that end with an answer: sent by post, by mail, given at the counter, or that nothing is held.

Each begins in the night before: it comes in, and a run goes as far as it may. After its `yield` it is worked off.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.e2e.scenarios.morning_office import Morning
from tests.support.mail_server import Manner

PORTAL = {"destination": "portal"}


def by_post(m: Morning) -> Iterator[None]:
    """The plain case, answered weeks ago."""
    request = m.arrives("known, informed by letter", 118, days=25)
    m.goes(request)
    m.tells(request)
    yield


def at_the_counter(m: Morning) -> Iterator[None]:
    """The second one of this customer."""
    request = m.arrives("known, handed over at the counter", 118, days=12)
    m.goes(request)
    m.types(
        *("request", "handed-over", request, "--on", m.ago(0), "--channel", "by_hand", "--proof", "receipt-7")
    )
    yield


def by_itself(m: Morning) -> Iterator[None]:
    """A verified address and a mail server that is up: no officer does anything."""
    with m.post() as server:
        request = m.arrives(
            "known, the letter goes by itself", 102, keys={"email": "c102@example.org"}, **PORTAL
        )
        m.goes(request)
    m.must(len(server.messages) == 2, "the receipt and the answer were mailed")
    yield


def server_down(m: Morning) -> Iterator[None]:
    """The mail server is down in the night."""
    request = m.arrives("known, the mail server is down", 103, keys={"email": "c103@example.org"}, **PORTAL)
    m.goes(request)
    yield
    m.types("letter", "list", "--request", request)
    with m.post():
        for letter in m.letters(request):
            m.types("letter", "send", letter)


def turned_down(m: Morning) -> Iterator[None]:
    """The mailbox is not there any more."""
    with m.post(Manner.NO_SUCH_MAILBOX):
        request = m.arrives("known, their mailbox is gone", 104, keys={"email": "c104@example.org"}, **PORTAL)
        m.goes(request)
    yield
    m.types("letter", "list", "--request", request)
    m.tells(request)


def came_back(m: Morning) -> Iterator[None]:
    """The letter that ended a request comes back."""
    request = m.arrives("known, the letter of the answer comes back", 106)
    m.goes(request)
    m.tells(request)
    yield
    letter = m.letter_of(request, state="sent")
    output = m.types("letter", "bounced", letter, "--on", m.ago(0), "--reason", "returned_by_post")
    m.must("refused" not in output, "nothing is said of a refusal")
    m.tells(request)


def withdrawn_while_ready(m: Morning) -> Iterator[None]:
    """Never mind, says the person, when all is packed."""
    request = m.arrives("known, withdrawn when all was ready", 107)
    m.goes(request)
    yield
    m.types("request", "withdraw", request, "--channel", "phone")
    m.made(request, "withdrawal_confirmed", withdrawn_on=m.ago(0))
    m.by_post(request)


def nothing_held(m: Morning) -> Iterator[None]:
    """No such customer."""
    request = m.arrives("known, and nothing is held", 9999)
    m.goes(request)
    yield
    m.answers(request, "nothing_held", "confirm_none", "Searched by number in every table.")
    m.tells(request)


def nothing_portable(m: Morning) -> Iterator[None]:
    """All there is was made up about the person."""
    request = m.arrives("known, and nothing can be taken along", 4, "portability")
    m.goes(request)
    yield
    m.tells(request, "We have a score of you, which we worked out ourselves.")


def nothing_in_limits(m: Morning) -> Iterator[None]:
    """The person's own limits leave nothing."""
    quote = "Only your price list."
    limits = {"tables": ["shop.sku"], "quote": quote}
    request = m.arrives("known, and their own limits leave nothing", 108, message=quote, limits=limits)
    m.goes(request)
    yield
    m.answers(request, "nothing_in_limits", "answer_none", "Asked by phone: only that.")
    m.tells(request)


def in_parts(m: Morning) -> Iterator[None]:
    """A source is down: a part now, the rest later."""
    with m.club.away():
        request = m.arrives("known, a source was down: in two parts", 129)
        m.goes(request)
        m.answers(request, "source_down", "partial", "Its server is being mended.", rest_by=m.on(9))
    yield
    m.types("request", "show", request)
    m.made(
        request,
        "partial_delivery",
        missing=["The loyalty card."],
        rest_by=m.on(9),
        where="At the counter.",
        available_until=m.on(20),
    )
    m.by_post(request)
    m.goes(request)
    m.tells(request)


def held_back(m: Morning) -> Iterator[None]:
    """A reviewer holds a bundle back, and looks again."""
    request = m.arrives("a neighbour is in it: held back, then approved", 131)
    m.goes(request)
    yield
    m.types("review", "show", request)
    m.types(
        "review", "hold-back", request, "--text-file", "-", stdin="I ask a colleague about the neighbour."
    )
    m.goes(request)
    m.types("review", "approve", request, "--text-file", "-", stdin="The neighbour wrote it herself.")
    m.goes(request)
    m.tells(request)


def redacted(m: Morning) -> Iterator[None]:
    """A neighbour's name is masked."""
    request = m.arrives("a neighbour is in it: her name is masked", 132, "portability")
    m.goes(request)
    yield
    output = m.types("review", "show", request, "--table", "shop.ticket")
    lines = [
        line.partition(" GROUND")[0].strip()
        for line in output.splitlines()
        if "GROUND  " in line or " GROUND " in line
    ]
    lines = [line for line in lines if line.startswith("shop.ticket ")]
    m.must(bool(lines), "places are pointed out, each as a line to copy")
    m.redact(request, [f"{line} rights_of_others" for line in dict.fromkeys(lines)])
    m.goes(request)
    m.types("review", "approve", request, "--text-file", "-", stdin="Masked as decided.")
    m.goes(request)
    m.tells(request)


def not_searched(m: Morning) -> Iterator[None]:
    """The paper archive is in the data map from this morning on, and is closed."""
    yield
    m.has_paper()
    request = m.arrives("a system that could not be searched", 134)
    m.goes(request)
    m.on_page("kim", request, "manual", {"choice": "not_searched", "f.reason": "unavailable"})
    m.tells(request)


ALL = (
    *(by_post, at_the_counter, by_itself, server_down, turned_down, came_back, withdrawn_while_ready),
    *(nothing_held, nothing_portable, nothing_in_limits, in_parts, held_back, redacted),
)
