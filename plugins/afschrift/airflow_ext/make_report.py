"""`python -m afschrift.airflow_ext.make_report`: a report for the pages, in a process of its own.

pandas would stay in the memory of the API server. What is wanted comes by standard input, as JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import date

from afschrift.app.catalogs import load_language
from afschrift.app.roles_file import load_roles
from afschrift.casework.officer import Officer
from afschrift.domain.language import serve_in
from afschrift.register.open import open_register
from afschrift.report.document import ReportPeriod
from afschrift.report.report_files import made


def main() -> None:
    """Write the file to standard output."""
    wanted = json.load(sys.stdin)
    serve_in(load_language(wanted.pop("language")))
    officer = Officer(open_register(), load_roles(), wanted.pop("by"))
    period = ReportPeriod(*(date.fromisoformat(wanted.pop(name)) for name in ("from", "to")))
    sys.stdout.buffer.write(made(officer, wanted.pop("kind"), period, wanted.pop("form"), **wanted))


if __name__ == "__main__":
    main()
