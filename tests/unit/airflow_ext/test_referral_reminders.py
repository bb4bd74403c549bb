"""The check of deadlines names what was not handed over yet."""

from __future__ import annotations

from tests.airflow_support import AirflowEnv
from tests.support.installed import Installation


def test_it_is_in_the_log_until_it_is_handed_over(
    airflow_env: AirflowEnv, installation: Installation
) -> None:
    from afschrift.airflow_ext.deadline_tasks import look
    from afschrift.app.roles_file import load_roles
    from afschrift.casework.intake.message import Intake
    from afschrift.casework.intake.referral import record_handed_over
    from afschrift.casework.intake.store_request import take_in

    services = installation.services
    content = {
        "message": "Wis mijn account. Zangvogel.",
        "channel": "email",
        "received_at": services.now(),
        "other_rights": ["erasure"],
    }
    case = take_in(services, Intake.model_validate(content), "cli:ivo").case
    logged = len(airflow_env.log)
    look()
    lines = airflow_env.log[logged:]
    assert f"{case}: erasure (Art. 17) is to be handed over to klantenservice" in lines
    assert "Zangvogel" not in lines
    roles = load_roles()
    record_handed_over(services.register, roles, case, "erasure", "klantenservice", "T-1", "cli:ivo")
    logged = len(airflow_env.log)
    look()
    assert case not in airflow_env.log[logged:]
