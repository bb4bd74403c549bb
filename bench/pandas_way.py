"""What a script of a data team does: `read_sql`, `to_csv` or `to_json`, zip. Run as a process of its own.

python -m bench.pandas_way URL FOLDER csv|json STATEMENT
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pandas as pd
from sqlalchemy import create_engine


def main() -> None:
    """Run it."""
    url, folder, format_, statement = sys.argv[1:]
    path = Path(folder, f"event.{format_}")
    frame = pd.read_sql(statement, create_engine(url))
    if format_ == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", date_format="iso")
    with zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)


if __name__ == "__main__":
    main()
