"""Write the dated list of what Airflow's official image has installed, as far as an index can say.

`python tools/airflow_image.py VERSION DAY` resolves, on each Python, Airflow with every provider as of that
day, which is how Airflow makes its constraints, and of that takes what the extras of the image need. DAY is
when VERSION was released (`2026-09-17`). The image itself is not asked: its `pip freeze` has the last word,
and `make constraints-check FILE=...` takes that.
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from locked import PYTHONS, ROOT, pins

EXTRAS = (
    "aiobotocore,amazon,async,celery,cncf-kubernetes,common-io,common-messaging,docker,elasticsearch,fab,ftp,"
    "git,google,google-auth,graphviz,grpc,hashicorp,http,ldap,microsoft-azure,mysql,odbc,openlineage,"
    "opensearch,pandas,postgres,redis,sendgrid,sftp,slack,snowflake,ssh,statsd,uv"
)
"""AIRFLOW_EXTRAS of the Dockerfile of Airflow 3.3."""
HEAD = """\
# What Airflow's official image {version} has installed on Python {pythons}, as of {day}: what its
# extras need, with every provider as a constraint. Not read from the image, but made by
# `python tools/airflow_image.py {version} {day}`.
"""


def resolved(extras: str, version: str, day: str, python: str, within: str) -> str:
    """Pins of Airflow with some extras as of the end of a day, within other pins."""
    uv = Path(sys.executable).with_name("uv")
    with TemporaryDirectory() as folder:
        wanted, known = Path(folder, "wanted.in"), Path(folder, "known.txt")
        wanted.write_text(f"apache-airflow[{extras}]=={version}\n", encoding="utf-8")
        known.write_text(within, encoding="utf-8")
        command = [
            uv,
            "pip",
            "compile",
            "-q",
            "--no-config",
            "--no-annotate",
            "--no-header",
            "--no-emit-index-url",
        ]
        command += ["--exclude-newer", day, "--python-version", python, "-c", known, wanted]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> int:
    """Write deploy/airflow-VERSION.txt."""
    version, day = sys.argv[1:]
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for python in PYTHONS:
        everything = resolved("all", version, day, python, "")
        for pin in pins(resolved(EXTRAS, version, day, python, everything)):
            found[pin.name, pin.version].append(python)
    lines = [HEAD.format(version=version, day=day, pythons=", ".join(PYTHONS))]
    for (name, pinned), pythons in sorted(found.items()):
        some = " or ".join(f"python_version == '{python}'" for python in pythons)
        lines.append(f"{name}=={pinned}{f' ; {some}' if len(pythons) < len(PYTHONS) else ''}\n")
    (ROOT / "deploy" / f"airflow-{version}.txt").write_text("".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
