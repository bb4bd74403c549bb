"""Read what Airflow stores: connections, and keys in a Variable of a secrets backend (Vault, ...)."""

from __future__ import annotations

from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.sources import Connection

KIND = "airflow-variable"

# The imports in the functions are heavy, and not needed where keys and options are in files.


def read(name: str) -> str:
    """The value of a Variable, which is from now on masked in the logs of this process and its task.

    Airflow masks the value as a whole; each single key in it is masked too.

    Raises:
        ConfigurationError: Airflow would show a Variable of this name, or its value is no key document.
        RetriableError: no backend has the Variable, or the one that has it does not answer.
    """
    from airflow.sdk import Variable
    from airflow.sdk.exceptions import AirflowRuntimeError
    from airflow.sdk.log import mask_secret

    from afschrift.register.keys.document import decode, secret_texts

    if "secret" not in name.lower():  # one of the words by which Airflow recognises what to mask
        raise ConfigurationError(
            f"Airflow does not take a Variable called {name} for a secret, and would show it.",
            remedy="give it a name with `secret` in it, for example afschrift_secret_keys.",
        )
    try:
        value = str(Variable.get(name))
    except (AirflowRuntimeError, PermissionError):
        raise RetriableError(
            f"Airflow's secrets backends gave no Variable {name}: there is none, or the backend that holds "
            "it does not answer or refuses access (Airflow's log says which).",
            remedy="see [secrets] backend in Airflow's configuration; store the keys there that "
            "`afschrift key new --print` prints.",
        ) from None
    mask_secret([*secret_texts(decode(value, f"{KIND} {name}"))])
    return value


def connection(connection_id: str) -> Connection:
    """The connection that the inventory or a setting names; Airflow masks its password in the task's log.

    Raises:
        ConfigurationError: Airflow knows no such connection, or its `extra` is not JSON.
    """
    from airflow.sdk import Connection as AirflowConnection
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    from afschrift.sources.options import from_parts

    try:
        found = AirflowConnection.get(connection_id)
        parts = ("conn_type", "host", "port", "login", "password", "schema", "extra")
        return from_parts(connection_id, {name: getattr(found, name) for name in parts})
    except (AirflowNotFoundException, AirflowRuntimeError):
        raise ConfigurationError(
            f"Airflow has no connection {connection_id}.",
            remedy=f"define it under Admin > Connections, or as AIRFLOW_CONN_{connection_id.upper()}.",
        ) from None
    except ValueError:
        raise ConfigurationError(
            f"The extra of the connection {connection_id} is not JSON.",
            remedy="correct it under Admin > Connections.",
        ) from None
