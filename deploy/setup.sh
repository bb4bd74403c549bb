#!/bin/sh
# As the owner of the register: its tables, the roles, and a log-in for each kind of process. At the first start
# and after each upgrade; twice is as good as once.
#
#   AFSCHRIFT_REGISTER   the owner's address, postgresql+psycopg://OWNER:PASSWORD@HOST/DATABASE
#   AFSCHRIFT_HOME       as everywhere
#                        or without the password, and with ?passfile=FILE as libpq has it
#   RUNS_PASSWORD, OFFICERS_PASSWORD, CHECKS_PASSWORD
#                        of the log-ins afschrift_worker, afschrift_pages and afschrift_sweep;
#                        or RUNS_PASSWORD_FILE and so on, with files that hold them
#
# The owner must be allowed to make roles (CREATEROLE); docs/operator/operations.md says what each role may.
set -eu
: "${AFSCHRIFT_REGISTER:?the address of the register as its owner}"
for name in RUNS OFFICERS CHECKS; do
  eval "file=\${${name}_PASSWORD_FILE:-}"
  [ -z "$file" ] || eval "${name}_PASSWORD=\$(cat \"\$file\"); export ${name}_PASSWORD"
done
: "${RUNS_PASSWORD:?a password for afschrift_worker}"
: "${OFFICERS_PASSWORD:?a password for afschrift_pages}"
: "${CHECKS_PASSWORD:?a password for afschrift_sweep}"

afschrift register upgrade --dry-run
afschrift register upgrade
roles=$(afschrift register roles)
export roles
python - <<'PYTHON'
import os

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

LOG_INS = {
    "afschrift_worker": ("afschrift_runs", "RUNS_PASSWORD"),
    "afschrift_pages": ("afschrift_officers", "OFFICERS_PASSWORD"),
    "afschrift_sweep": ("afschrift_checks", "CHECKS_PASSWORD"),
}
address = make_url(os.environ["AFSCHRIFT_REGISTER"]).set(drivername="postgresql")
with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as owner:
    owner.execute(os.environ["roles"])
    for name, (role, password) in LOG_INS.items():
        there = owner.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        owner.execute(
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}; GRANT {} TO {}").format(
                sql.SQL("CREATE" if there is None else "ALTER"), sql.Identifier(name),
                sql.Literal(os.environ[password]), sql.Identifier(role), sql.Identifier(name),
            )
        )
        print(f"{name}: {role}")
PYTHON
