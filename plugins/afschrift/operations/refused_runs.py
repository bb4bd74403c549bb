"""The next run of a request where the trail says that one was turned down since another one went."""

from __future__ import annotations

from afschrift.register.register import Register


def next_free(register: Register, request_id: str, run_id: str) -> str:
    """An id of a run that was not used up yet: Airflow starts each id once.

    A run that came while another one went was turned down before it began, so the register does not count
    it: an answer given while a batch still goes, for example.

    Args:
        register: of this installation.
        request_id: whose run it is.
        run_id: `<request>.<attempt>`, the next one by the runs that began.
    """
    refused = {
        payload.get("run")
        for header, payload in register.trail.events(request_id)
        if header.type == "gate_bypassed" and payload and payload.get("reason") == "another_run"
    }
    name, _, attempt = run_id.rpartition(".")
    number = int(attempt)
    while f"{name}.{number}" in refused:
        number += 1
    return f"{name}.{number}"
