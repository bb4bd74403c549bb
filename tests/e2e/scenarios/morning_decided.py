"""Requests of the morning that an officer decides not to fulfil, or that end without an answer."""

from __future__ import annotations

from collections.abc import Iterator

from tests.e2e.scenarios.morning_office import Morning


def _refused(m: Morning, kind: str, customer: int) -> str:
    request = m.arrives(kind, customer)
    m.types("questions", "open", request)
    m.decides(request, "refuse", "malicious_intent", reasons="You wrote that you want to keep us busy.")
    m.signs(request)
    return request


def third_of_a_year(m: Morning) -> Iterator[None]:
    """A further copy costs its postage."""
    request = m.arrives("the third in a year: a fee", 118, days=2)
    m.goes(request)
    yield
    earlier = m.cases[0].id
    m.decides(request, "charge", "further_copy", earlier=earlier, reasons="It is the third copy of the same.")
    m.signs(request)
    m.by_post(request)
    m.decides(request, "fulfil")
    m.tells(request)


def refused(m: Morning) -> Iterator[None]:
    """The letter goes."""
    request = _refused(m, "refused", 119)
    yield
    m.by_post(request)


def refusal_came_back(m: Morning) -> Iterator[None]:
    """The letter of refusal comes back after the end, and goes again."""
    request = _refused(m, "refused; the letter comes back", 120)
    m.by_post(request)
    yield
    letter = m.letter_of(request, state="sent")
    m.types("letter", "bounced", letter, "--on", m.ago(0), "--reason", "not_collected")
    m.types("letter", "again", letter)
    m.by_post(request)


def two_refusals(m: Morning) -> Iterator[None]:
    """A second refusal replaces the first before the person is informed."""
    request = _refused(m, "refused twice, informed once", 121)
    first = m.letter_of(request)
    yield
    m.types("questions", "open", request)
    m.decides(request, "refuse", "manifestly_unfounded", reasons="You asked for the same, for money.")
    m.signs(request)
    output = m.types("letter", "send", first, fails=True)
    m.write(f"   {output.strip()}")
    m.by_post(request)


def refused_in_part(m: Morning) -> Iterator[None]:
    """The order lines stay."""
    request = m.arrives("refused in part", 122)
    m.types("questions", "open", request)
    m.decides(request, "refuse_part", "rights_of_others", places=["shop.line"], reasons="They name a friend.")
    yield
    m.signs(request)
    m.by_post(request)
    m.types("review", "show", request)
    m.on_page("anna", request, "review", {"choice": "approved"})
    m.tells(request)


def lifted(m: Morning) -> Iterator[None]:
    """A hidden restriction is lifted when the answer without it is packed."""
    request = m.arrives("restricted, and lifted in the middle", 123)
    m.types("questions", "open", request)
    question = m.question(request, "decision")
    hidden = {"refused": None, "given": None, "reasons": None, "existence": "hidden"}
    m.decides(request, "restrict", "restriction", places=["shop.line"], review_on=m.on(60), **hidden)
    m.signs(request)
    yield
    m.types("review", "show", request)
    m.types(
        *("case", "reviewed", request, "--restriction", question, "--outcome", "lifted", "--text-file", "-"),
        stdin="The inquiry is over.",
    )
    m.signs_review(request, question)
    m.goes(request)
    m.types("review", "approve", request, "--text-file", "-", stdin="Nothing is kept back any more.")
    m.goes(request)
    m.tells(request)


def overdue(m: Morning) -> Iterator[None]:
    """It lay for six weeks: an extension comes too late."""
    request = m.arrives("overdue, and an extension too late", 124, days=45, known=False)
    m.goes(request)
    yield
    m.types("request", "extend", request, "--reason", "processors_must_answer", fails=True)
    m.types("request", "acknowledge", request, "--text-file", "-", stdin="It lay in another mailbox.")
    m.made(request, "late", reasons="Your message lay in another mailbox.", expected_on=m.on(2))
    m.by_post(request)
    m.answers(request, "identity", "confirmed", method="call_back", level="high")
    m.tells(request)


def specified(m: Morning) -> Iterator[None]:
    """The person is asked what they want to know."""
    request = m.arrives("asked to specify", 125)
    m.types("questions", "open", request)
    m.decides(request, "specify", "large_quantity", overview=["Orders."], question="Which data do you want?")
    m.by_post(request)
    yield
    m.types("request", "resume", request)
    m.decides(request, "fulfil")
    m.tells(request)


def merged(m: Morning) -> Iterator[None]:
    """The same is asked again while the first is open."""
    earlier = m.arrives("known, asked again meanwhile", 126, days=9)
    m.goes(earlier)
    later = m.arrives("the same asked again, goes on in the earlier", 126, days=3)
    m.goes(later)
    yield
    m.decides(later, "merge", "overlap", earlier=earlier)
    m.made(later, "merged")
    m.by_post(later)
    m.tells(earlier)


def complained(m: Morning) -> Iterator[None]:
    """An authority upholds a complaint about a refusal."""
    request = _refused(m, "refused; a complaint is upheld", 127)
    m.by_post(request)
    yield
    known = ("case", "complaint", request, "--reference", "z-2026-17")
    m.types(*known, "--from", "authority", "--received", m.ago(0))
    m.types(*known, "--outcome", "upheld", "--reopen")
    m.goes(request)
    m.decides(request, "fulfil")
    m.tells(request)


def not_received(m: Morning) -> Iterator[None]:
    """A message to an address that was plainly not meant for it."""
    request = m.arrives("sent to the address for job applications", 128, known=False, channel="jobs")
    yield
    case = m.register.requests.get(request).case
    m.types(
        *("case", "not-received", case, "--published-on", "2024-01-01", "--text-file", "-"),
        stdin="The address for applications, and our page names the right one.",
    )
    m.signs(request, "not_received")


ALL = (
    *(third_of_a_year, refused, refusal_came_back, two_refusals, refused_in_part, lifted),
    *(overdue, specified, merged, complained, not_received),
)
