"""Keys from a Variable that one of Airflow's secrets backends serves: Vault, AWS Secrets Manager, ..."""

from __future__ import annotations

from afschrift.domain.errors import ConfigurationError, RetriableError

KIND = "airflow-variable"

# The imports in the function are heavy, and whoever keeps keys in a file needs none of them.


def read(name: str) -> str:
    """The value of a Variable, which from here on is masked in all that this process and its task log.

    Airflow masks the value as a whole; each single key in it is masked too.

    Raises:
        ConfigurationError: Airflow would show a Variable of this name, or its value is no key document.
        RetriableError: no backend has the Variable, or the one that has it does not answer.
    """
    from airflow.sdk import Variable
    from airflow.sdk.exceptions import AirflowRuntimeError
    from airflow.sdk.log import mask_secret

    from afschrift.register.keys.document import decode, secret_texts

    if "secret" not in name.lower():  # one of the words by which Airflow knows what to mask
        raise ConfigurationError(
            f"Airflow does not take a Variable called {name} for a secret, and would show it.",
            remedy="give it a name with `secret` in it, for example afschrift_secret_keys.",
        )
    try:
        value = str(Variable.get(name))
    except (AirflowRuntimeError, PermissionError):
        raise RetriableError(
            f"Airflow's secrets backends gave no Variable {name}: there is none, or the backend that holds "
            "it does not answer or lets nobody in (Airflow's log says which).",
            remedy="see [secrets] backend in Airflow's configuration; store the keys there that "
            "`afschrift key new --print` prints.",
        ) from None
    mask_secret([*secret_texts(decode(value, f"{KIND} {name}"))])
    return value
