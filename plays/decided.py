"""Scenes about whole requests: repeated, refused, withdrawn."""

from __future__ import annotations

from plays.office import Office

REPEATING, WITHDRAWING = 100_006, 100_007

_FACTORS = {
    "ground": "manifestly_excessive",
    "change_rate": "hardly",
    "sensitivity": "ordinary",
    "harm": "none",
    "difference": "same",
}
_WORDS = {
    "objective": "Twelve requests for the same data in a year, each within a week of the last answer.",
    "subjective": "In her letter of 3 November she offers to stop asking for 500 euros.",
    "reasons": "You asked for the same data twelve times and offered to stop for money.",
    "to": "r.visser@example.org",
}


def twelfth(stage: Office) -> None:
    """Scene 1: the twelfth request of a year, and nobody demonstrates abuse (R46-R48)."""
    stage.begin("1. The twelfth request of a year is fulfilled, free (R46, R47, R48)")
    stage.tell("Eleven times this year somebody asked for her data, and took it back by phone.")
    for number in range(11):
        [earlier] = stage.submits(REPEATING, "access", days=330 - 30 * number, quiet=True)
        stage.quietly("request", "withdraw", earlier, "--channel", "phone")

    stage.tell("She asks for the twelfth time. The run stops at a question: a number refuses nothing.")
    [request] = stage.submits(REPEATING, "access")
    stage.goes(request, "needs_person")
    question = stage.asked("anna", request, "decision")
    [flag] = [one for one in question["detail"]["flags"] if one["flag"] == "repetition"]
    stage.must(flag["count"] == 11, "the question counts eleven earlier ones")

    stage.tell("Cost is no argument, and is not on the form.")
    stage.answers("anna", question, "refuse", detail={"ground": "own_costs"}, texts=_WORDS, turned_down=409)
    stage.tell("Who only advises or audits sees the question and cannot answer it (Art. 38(6)).")
    for name in ("dirk", "ada"):
        stage.answers(name, stage.asked(name, request, "decision"), "fulfil", turned_down=403)

    stage.tell("Nobody demonstrates abuse. The officer fulfils it.")
    told = stage.answers("anna", question, "fulfil")
    stage.waits(told["run"], request, "delivered")
    stage.must(len(stage.bundle(request).rows("shop/customer.csv")) == 1, "the bundle holds her account")


def refused(stage: Office) -> None:
    """Scene 2: the next one, with a demonstration and a second signer (R48, R45, R56)."""
    stage.begin("2. The thirteenth, with a demonstration and two signers, is refused by letter (R48, R56)")
    [request] = stage.submits(REPEATING, "access", days=2)
    stage.goes(request, "needs_person")
    question = stage.asked("anna", request, "decision")

    stage.tell("A form that lacks a field is told so.")
    lacking = {name: text for name, text in _WORDS.items() if name != "subjective"}
    told = stage.answers("anna", question, "refuse", detail=_FACTORS, texts=lacking, turned_down=422)
    stage.must("subjective" in told["fields"], "the field is named")

    stage.tell("The officer demonstrates it. That takes a second person.")
    told = stage.answers("anna", question, "refuse", detail=_FACTORS, texts=_WORDS)
    stage.must(told["run"] is None, "no run starts, and nothing is refused yet")
    for name in ("anna", "vera", "dirk"):
        signing = {"id": told["signer"]}
        stage.answers(name, signing, "agree", turned_down=403)
    signing = stage.asked("sam", request, "decision_signed")
    signed = stage.answers("sam", signing, "agree", text="The letter of 3 November is in the file.")

    stage.tell("A letter made is no letter sent: the request is refused when it has gone (R45).")
    stage.letter(request, signed["letter"], "produced")
    stage.is_in(request, "needs_person")
    with stage.post() as server:
        stage.types("letter", "send", signed["letter"])
    stage.is_in(request, "refused")
    said = " ".join(server.messages[0][2].decode().replace("=\n", "").split())
    stage.must("Autoriteit Persoonsgegevens" in said, "the letter names the authority")
    stage.must("court" in said, "and the court")
    stage.must("500 euros" not in str(stage.trail(request)), "the trail holds codes, and none of the words")


def withdrawn(stage: Office) -> None:
    """Scene 6: the person takes a request back while a question is open."""
    stage.begin("6. A withdrawal ends it, whatever Airflow still does")
    [request] = stage.submits(WITHDRAWING, "portability", authenticated=None)
    stage.goes(request, "needs_person")
    question = stage.asked("anna", request, "identity")
    stage.tell("The person calls: never mind.")
    stage.types("request", "withdraw", request, "--channel", "phone")
    stage.is_in(request, "withdrawn")
    stage.tell("An answer that comes after it changes nothing, and a run does nothing.")
    confirmed = {"method": "call_back", "level": "substantial"}
    stage.answers("anna", question, "confirmed", detail=confirmed, turned_down=409)
    checked = stage.goes(request, "withdrawn")
    stage.must(checked.tasks["assess"] == "failed", "the run ends at its first step")
    stage.must("is closed" in checked.log, "and its log says why")
