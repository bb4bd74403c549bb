"""Who clicked: the account of Airflow behind a trigger, a mark or a clear, as far as Airflow tells it.

A task cannot read Airflow's database. A run names who triggered it; marks and clears stand in Airflow's audit
log, which its REST API gives to an account that may read it. Where neither tells, the answer is `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from afschrift.airflow_ext.environment import DAG_ID
from afschrift.airflow_ext.trigger import Access, token_of
from afschrift.domain.errors import AfschriftError
from afschrift.law.roles import AIRFLOW
from afschrift.services import UNKNOWN

_SECONDS = 5
_CLICKS = (
    "patch_task_instance",
    "patch_task_group_instances",
    "bulk_task_instances",
    "post_clear_task_instances",
    "patch_dag_run",
    "bulk_dag_runs",
    "clear_dag_run",
    "clear_dag_runs",
)
"""What Airflow's audit log calls marks and clears."""
_BY_TRIGGER = ("another_run", "unknown_fields_in_conf", "options")
"""Codes of what comes from the trigger itself, and not from a later mark or clear."""


@dataclass(frozen=True)
class Clicked:
    """Who clicked in a run.

    Attributes:
        run_id: Airflow's id of the run.
        triggered_by: as the run names them; None: nobody, or Airflow does not say.
        access: the way to Airflow's API; None: from the environment.
        transport: how it is reached; None: over the network.
    """

    run_id: str
    triggered_by: str | None
    access: Access | None = None
    transport: httpx.BaseTransport | None = None

    def __call__(self, reason: str, step: str) -> str:
        """`airflow:NAME`, or `unknown`.

        Args:
            reason: code of what was done.
            step: name of the task that was marked or cleared, as far as known.
        """
        if reason in _BY_TRIGGER:
            return f"{AIRFLOW}{self.triggered_by}" if self.triggered_by else UNKNOWN
        try:
            clicks = self._clicks()
        except (AfschriftError, httpx.HTTPError, KeyError, TypeError, ValueError):
            return UNKNOWN
        of_task = [one for one in clicks if (one.get("task_id") or "").split("_")[0] == step]
        owner = next((one.get("owner") for one in (of_task or clicks)), None)
        return f"{AIRFLOW}{owner}" if owner and owner != "anonymous" else UNKNOWN

    def _clicks(self) -> list[dict[str, str | None]]:
        """The newest first; empty where there is no way in."""
        access = self.access or Access.from_environment()
        if access.token is None and access.user is None:
            return []
        with httpx.Client(
            base_url=access.url, timeout=_SECONDS, trust_env=False, transport=self.transport
        ) as client:
            client.headers["Authorization"] = f"Bearer {token_of(client, access)}"
            query: list[tuple[str, str | int | float | bool | None]] = [
                ("dag_id", DAG_ID),
                ("run_id", self.run_id),
                ("order_by", "-when"),
                ("limit", 50),
                *(("included_events", name) for name in _CLICKS),
            ]
            answer = client.get("/api/v2/eventLogs", params=query)
            answer.raise_for_status()
            found: list[dict[str, str | None]] = answer.json()["event_logs"]
            return found
