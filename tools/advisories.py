"""Look up known vulnerabilities of what constraints.txt pins.

`python tools/advisories.py [ARGUMENTS OF PIP-AUDIT]` lets pip-audit ask the OSV database about each name
and version; nothing else leaves the machine. The exit status is 0 where none is known, and where no service
can be reached: then nothing was looked up, and that is what is printed. It is 1 where a vulnerability is
known, and 2 where the look-up broke off or left packages out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
UNREACHED = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "ProxyError", "Could not connect to")
WAY_OUT = (
    "Run `make advisories` on a machine that reaches one, or name a mirror of OSV: "
    'make advisories ARGS="--osv-url ADDRESS".'
)


def audit(arguments: list[str]) -> tuple[list[dict[str, Any]] | None, str]:
    """What pip-audit tells of each package, or None, and what it printed beside that."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(ROOT / "constraints.txt"), "--disable-pip"]
    command += ["--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)["dependencies"], done.stderr
    except (ValueError, KeyError, TypeError):
        return None, done.stderr


def report(told: list[dict[str, Any]]) -> tuple[int, str]:
    """The exit status and what to print, of what pip-audit told."""
    left_out = [one["name"] for one in told if "skip_reason" in one]
    if len(left_out) == len(told):
        return 0, f"Advisories: SKIPPED. The service knows none of {len(told)} packages. {WAY_OUT}\n"
    known = [(one, found) for one in told for found in one.get("vulns", ())]
    lines = [
        f"{one['name']} {one['version']}: {found['id']}, "
        f"mended in {', '.join(found['fix_versions']) or 'no release yet'}"
        for one, found in known
    ]
    lines += [f"{name}: not looked up" for name in left_out]
    packages = len({one["name"] for one, _ in known})
    looked_up = len(told) - len(left_out)
    lines.append(
        f"Advisories: {looked_up} packages looked up, {len(known)} known vulnerabilities in {packages}."
    )
    if known:
        lines.append(
            "Take a release that mends them: make lock ARGS=--upgrade. SECURITY.md says what else to do."
        )
    return (1 if known else 2 if left_out else 0), "\n".join(lines) + "\n"


def main() -> int:
    """Look up, and say what came of it."""
    told, beside = audit(sys.argv[1:])
    if told is not None:
        status, text = report(told)
        sys.stdout.write(text)
        return status
    last = (beside.strip().splitlines() or ["no word"])[-1]
    if any(word in last for word in UNREACHED):
        reason = f"No advisory service can be reached from here, so nothing was looked up. {WAY_OUT}"
        sys.stdout.write(f"Advisories: SKIPPED. {reason}\n")
        return 0
    sys.stderr.write(f"pip-audit broke off: {last}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
