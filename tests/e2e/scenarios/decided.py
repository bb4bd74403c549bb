"""Scenarios about whole requests: repeated, refused, withdrawn."""

from __future__ import annotations

from tests.e2e.scenarios.with_people import ScenarioWithPeople

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


def twelfth(scenario: ScenarioWithPeople) -> None:
    """Scenario 1: the twelfth request of a year, without evidence of abuse (R46-R48)."""
    scenario.begin("1. The twelfth request of a year is fulfilled, free (R46, R47, R48)")
    scenario.tell("Eleven times this year a customer asked for her data, and withdrew by phone.")
    for number in range(11):
        [earlier] = scenario.submits(REPEATING, "access", days=330 - 30 * number, quiet=True)
        scenario.quietly("request", "withdraw", earlier, "--channel", "phone")

    scenario.tell("She asks for the twelfth time. The run stops at a question: a number refuses nothing.")
    [request] = scenario.submits(REPEATING, "access")
    scenario.goes(request, "needs_person")
    question = scenario.asked("anna", request, "decision")
    [flag] = [flag for flag in question["detail"]["flags"] if flag["flag"] == "repetition"]
    scenario.must(flag["count"] == 11, "the question counts eleven earlier ones")

    scenario.tell("Cost is no argument, and is not on the form.")
    scenario.answers(
        "anna", question, "refuse", detail={"ground": "own_costs"}, texts=_WORDS, turned_down=409
    )
    scenario.tell("Who only advises or audits sees the question and cannot answer it (Art. 38(6)).")
    for name in ("dirk", "ada"):
        scenario.answers(name, scenario.asked(name, request, "decision"), "fulfil", turned_down=403)

    scenario.tell("There is no evidence of abuse. The officer fulfils it.")
    answer = scenario.answers("anna", question, "fulfil")
    scenario.waits(answer["run"], request, "ready")
    scenario.must(len(list(scenario.bundle(request).csv("customer"))) == 1, "the bundle holds her account")


def refused(scenario: ScenarioWithPeople) -> None:
    """Scenario 2: the next one, with a demonstration and a second signer (R48, R45, R56)."""
    scenario.begin("2. The thirteenth, with a demonstration and two signers, is refused by letter (R48, R56)")
    [request] = scenario.submits(REPEATING, "access", days=2)
    scenario.goes(request, "needs_person")
    question = scenario.asked("anna", request, "decision")

    scenario.tell("A form that lacks a field is refused with the name of the field.")
    lacking = {name: text for name, text in _WORDS.items() if name != "subjective"}
    answer = scenario.answers("anna", question, "refuse", detail=_FACTORS, texts=lacking, turned_down=422)
    scenario.must("subjective" in answer["fields"], "the field is named")

    scenario.tell("The officer demonstrates it. That takes a second person.")
    answer = scenario.answers("anna", question, "refuse", detail=_FACTORS, texts=_WORDS)
    scenario.must(answer["run"] is None, "no run starts, and nothing is refused yet")
    for name in ("anna", "vera", "dirk"):
        signing = {"id": answer["signer"]}
        scenario.answers(name, signing, "agree", turned_down=403)
    signing = scenario.asked("sam", request, "decision_signed")
    signed = scenario.answers("sam", signing, "agree", text="The letter of 3 November is in the file.")

    scenario.tell("A letter made is no letter sent: the request is refused when it has gone (R45).")
    scenario.letter(request, signed["letter"], "produced")
    scenario.is_in(request, "needs_person")
    with scenario.post() as server:
        scenario.types("letter", "send", signed["letter"])
    scenario.is_in(request, "refused")
    mail = " ".join(server.messages[0][2].decode().replace("=\n", "").split())
    scenario.must("Autoriteit Persoonsgegevens" in mail, "the letter names the authority")
    scenario.must("court" in mail, "and the court")
    scenario.must(
        "500 euros" not in str(scenario.trail(request)), "the trail holds codes, and none of the words"
    )


def withdrawn(scenario: ScenarioWithPeople) -> None:
    """Scenario 6: the person takes a request back while a question is open."""
    scenario.begin("6. A withdrawal ends it, whatever Airflow still does")
    [request] = scenario.submits(WITHDRAWING, "portability", authenticated=None)
    scenario.goes(request, "needs_person")
    question = scenario.asked("anna", request, "identity")
    scenario.tell("The person calls: never mind.")
    scenario.types("request", "withdraw", request, "--channel", "phone")
    scenario.is_in(request, "withdrawn")
    scenario.tell("An answer that comes after it changes nothing, and a run does nothing.")
    confirmed = {"method": "call_back", "level": "substantial"}
    scenario.answers("anna", question, "confirmed", detail=confirmed, turned_down=409)
    checked = scenario.goes(request, "withdrawn")
    scenario.must(checked.tasks["assess"] == "failed", "the run ends at its first step")
    scenario.must("is closed" in checked.log, "and its log says why")
