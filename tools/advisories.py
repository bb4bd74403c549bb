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
    """What pip-audit reports of each package, or None, and what else it printed."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(ROOT / "constraints.txt"), "--disable-pip"]
    command += ["--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)["dependencies"], done.stderr
    except (ValueError, KeyError, TypeError):
        return None, done.stderr


def report(audited: list[dict[str, Any]]) -> tuple[int, str]:
    """The exit status and what to print, from the result of pip-audit."""
    left_out = [package["name"] for package in audited if "skip_reason" in package]
    if len(left_out) == len(audited):
        return 0, f"Advisories: SKIPPED. The service knows none of {len(audited)} packages. {WAY_OUT}\n"
    known = [(package, found) for package in audited for found in package.get("vulns", ())]
    lines = [
        f"{package['name']} {package['version']}: {found['id']}, "
        f"mended in {', '.join(found['fix_versions']) or 'no release yet'}"
        for package, found in known
    ]
    lines += [f"{name}: not looked up" for name in left_out]
    packages = len({package["name"] for package, _ in known})
    looked_up = len(audited) - len(left_out)
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
    audited, output = audit(sys.argv[1:])
    if audited is not None:
        status, text = report(audited)
        sys.stdout.write(text)
        return status
    last = (output.strip().splitlines() or ["no word"])[-1]
    if any(word in last for word in UNREACHED):
        reason = f"No advisory service can be reached from here, so nothing was looked up. {WAY_OUT}"
        sys.stdout.write(f"Advisories: SKIPPED. {reason}\n")
        return 0
    sys.stderr.write(f"pip-audit broke off: {last}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
