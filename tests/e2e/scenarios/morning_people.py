"""Requests of the morning that turn on who asks: unknown, without a key, with a wrong one, for another person."""

from __future__ import annotations

from collections.abc import Iterator

from tests.e2e.scenarios.morning_office import Morning

CALLED = {"method": "call_back", "level": "high"}


def unknown(m: Morning) -> Iterator[None]:
    """An officer looks up whose the keys are before deciding on the identity."""
    request = m.arrives("unknown sender", 109, known=False)
    m.goes(request)
    yield
    m.types("request", "look-up", request, "--run")
    m.types("request", "identity", request)
    m.on_page(
        "anna", request, "identity", {"choice": "confirmed", "f.method": "call_back", "f.level": "high"}
    )
    m.tells(request)


def keyless(m: Morning) -> Iterator[None]:
    """A message that gives no key is a request."""
    request = m.arrives("a message without a key", None, known=False)
    m.goes(request)
    yield
    m.types("request", "identity", request)
    m.made(request, "identity_request", doubt="Your message gives no number.", ways=["call_back"])
    m.by_post(request)
    m.types("request", "keys", request, "--file", "-", stdin='customer_id: "110"')
    m.types("request", "look-up", request, "--run")
    m.types("request", "identity", request)
    m.answers(request, "identity", "confirmed", **CALLED)
    m.tells(request)


def wrong_key(m: Morning) -> Iterator[None]:
    """A wrong number is corrected, and the right one leads to no one."""
    request = m.arrives("a wrong key, corrected, that leads to no one", 105, known=False)
    m.goes(request)
    yield
    m.types("request", "look-up", request, "--run")
    m.types("request", "identity", request, "--unmask")
    m.types("request", "keys", request, "--file", "-", stdin='customer_id: "9998"')
    m.types("request", "look-up", request, "--run")
    m.types("request", "identity", request)
    m.answers(request, "identity", "confirmed", **CALLED)
    m.answers(request, "nothing_held", "confirm_none", "No such number.")
    m.tells(request)


def never_proven(m: Morning) -> Iterator[None]:
    """More proof is asked, and none comes."""
    request = m.arrives("identity never proven", 114, days=20, known=False)
    m.goes(request)
    m.answers(request, "identity", "not_confirmed", "The address is not in our file.", doubt="other_address")
    m.types(
        *("request", "suspend", request, "--ground", "identity", "--doubt", "other_address"),
        *("--sent-on", m.ago(15), "--channel", "registered_post", "--proof", "3SABC124"),
    )
    yield
    m.types("questions", "open", request)
    m.decides(request, "refuse", "identity_failure", asked_on=m.ago(15), reasons="No proof came.")
    m.signs(request)
    m.by_post(request)


def suspended(m: Morning) -> Iterator[None]:
    """The clock was suspended for five days."""
    request = m.arrives("suspended for identity", 115, days=20, known=False)
    m.types(
        *("request", "suspend", request, "--ground", "identity", "--doubt", "unknown_sender"),
        *("--sent-on", m.ago(16), "--channel", "registered_post", "--proof", "3SABC125"),
    )
    m.goes(request)
    yield
    m.types("request", "resume", request, "--on", m.ago(11))
    m.answers(request, "identity", "confirmed", **CALLED)
    m.tells(request)


def other_language(m: Morning) -> Iterator[None]:
    """A message in a language of which there are no texts is answered in one that there is."""
    french = "Bonjour, envoyez-moi toutes mes données."
    m.not_stored(130, message=french, language="fr")
    request = m.arrives("a message in French", 130, known=False, message=french)
    m.goes(request)
    yield
    m.answers(request, "identity", "confirmed", **CALLED)
    m.tells(request)


def _for_another(m: Morning, kind: str, customer: int, made_by: str) -> str:
    name = {"name": "R. Vertegen", "email": "r.vertegen@example.org"}
    request = m.arrives(kind, customer, made_by=made_by, representative=name)
    m.goes(request)
    return request


def _proven(m: Morning, kind: str, **more: str) -> dict[str, str]:
    form = {"checked_on": m.ago(0), "scope": "both", "identity_checked": "eid", "answer_to": "representative"}
    return {"kind": kind, **form, "answer_by": "post", **more}


def mandate_lacking(m: Morning) -> Iterator[None]:
    """A mandate is asked for, and comes."""
    request = _for_another(m, "a mandate is lacking, and comes", 116, "proxy")
    yield
    m.answers(request, "mandate", "not_proven", lacking="authority")
    m.made(request, "mandate_request", lacking="A signed mandate.")
    m.by_post(request)
    m.answers(request, "mandate", "proven", **_proven(m, "written_mandate"))
    m.tells(request)


def mandate_withdrawn(m: Morning) -> Iterator[None]:
    """The person takes the mandate back when all is ready, and the representative brings no other."""
    request = _for_another(m, "a mandate is taken back", 117, "proxy")
    m.answers(request, "mandate", "proven", **_proven(m, "written_mandate"))
    yield
    m.types("request", "mandate-withdrawn", request, "--text-file", "-", stdin="She called: not any more.")
    m.goes(request)
    m.answers(request, "mandate", "not_proven", lacking="withdrawn")
    m.types("questions", "open", request)
    given = {"lacking": "withdrawn", "asked_on": m.ago(0), "reasons": "The mandate was taken back."}
    m.decides(request, "refuse", "no_mandate", **given)
    m.signs(request)
    m.by_post(request)


def child(m: Morning) -> Iterator[None]:
    """A child of twelve asks alone, and is answered itself."""
    request = m.arrives("a child asks alone", 111)
    m.goes(request)
    yield
    m.answers(request, "minor", "answer_child", "She understands it well.", reason="able_to_decide")
    m.tells(request)


def parent(m: Morning) -> Iterator[None]:
    """A parent asks, and something stays secret: a second person signs."""
    request = _for_another(m, "a parent asks, with something secret", 112, "parent")
    yield
    text = "The other parent's address stays out."
    m.answers(request, "mandate", "proven", text, **_proven(m, "parental_authority", secrecy="care"))
    m.signs(request, "mandate_signed")
    m.tells(request)


ALL = (
    *(unknown, keyless, wrong_key, never_proven, suspended, other_language),
    *(mandate_lacking, mandate_withdrawn, child, parent),
)
