"""How many examples a property is tried on: by the profile, and fewer where each of them is costly."""

import os

from hypothesis import HealthCheck, settings


def register_profiles() -> None:
    """`quick` for every run, `deep` for `make test-deep`.

    In CI the examples of `quick` are the same each time: what fails there is due to the change. Other runs
    draw new ones.
    """
    unlike_unittest = [HealthCheck.function_scoped_fixture]  # a fixture may serve all examples of a test
    for name, count in {"quick": 25, "deep": 2_000}.items():
        settings.register_profile(
            name,
            max_examples=count,
            deadline=None,
            suppress_health_check=unlike_unittest,
            derandomize=name == "quick" and os.environ.get("CI") == "true",
        )
    settings.load_profile("quick")


def fewer(times: int) -> settings:
    """The profile with so many times fewer examples, but three at least."""
    return settings(max_examples=max(3, settings().max_examples // times))


def quicker(times: int) -> settings:
    """So many times fewer examples in `make test`, and as many as ever in `make test-deep`."""
    most = settings().max_examples
    return settings(max_examples=most if most > 100 else max(3, most // times))
