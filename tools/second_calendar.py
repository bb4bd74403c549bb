"""Write `law/clock/second_reading.py`: days off of the Member States by a package other than `holidays`.

    npm install --prefix FOLDER date-holidays
    python tools/second_calendar.py FOLDER 2026 2027

Needs Node. To be done when the years in the module run out, or the package has a newer release.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

MODULE = Path(__file__).resolve().parents[1] / "plugins" / "afschrift" / "law" / "clock" / "second_reading.py"
PACKAGE = "date-holidays"
# fmt: off
STATES = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
    "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
)
# fmt: on
ASK = """
const [folder, states, years] = process.argv.slice(1)
const Holidays = require(folder + "/node_modules/date-holidays")
const found = states.split(" ").flatMap(state => years.split(" ").flatMap(year =>
  new Holidays(state).getHolidays(Number(year), "en").filter(one => one.type === "public").map(one =>
    ({state, year: Number(year), date: one.date, hours: (one.end - one.start) / 3600000}))))
console.log(JSON.stringify(found))
"""
HEAD = '''"""Days off of the Member States by a second package: by one package alone none is settled (R38).

Made by `python tools/second_calendar.py` from {package} {version} (ISC and CC-BY-3.0, by its
authors): whole days of the type `public` that hold in the whole state, weekends left out. The law itself was
not read for it.
"""

from __future__ import annotations

from datetime import date

PACKAGE = "{package} {version}"
YEARS = ({years})
"""That it was asked about."""

# fmt: off
_DAYS = {{
'''
TAIL = '''}
"""State and year -> months and days."""
# fmt: on


def second_reading(state: str, year: int) -> frozenset[date] | None:
    """Days off of a Member State from Monday to Friday; None where the second package was not asked.

    Args:
        state: ISO 3166-1 code.
        year: a year of the calendar.
    """
    days = _DAYS.get((state, year))
    if days is None:
        return None
    return frozenset(date(year, int(one[:2]), int(one[2:])) for one in days.split())
'''


def asked(folder: Path, years: list[str]) -> dict[tuple[str, int], set[date]]:
    """State and year -> days off from Monday to Friday. A holiday of several days is each of them."""
    command = ["node", "-e", ASK, "--", str(folder.resolve()), " ".join(STATES), " ".join(years)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[tuple[str, int], set[date]] = {(s, int(y)): set() for s in STATES for y in years}
    for question in json.loads(done.stdout):
        begin = datetime.fromisoformat(question["date"]).date()
        # An hour more or less: the clock changed on that day. One that begins later is no whole day.
        for number in range(round(question["hours"] / 24)):
            day = begin + timedelta(days=number)
            if day.weekday() < 5 and day.year == question["year"]:
                found[question["state"], day.year].add(day)
    return found


def main() -> int:
    """Ask the package and write the module."""
    if len(sys.argv) < 3:
        print(__doc__)
        return 2
    folder, years = Path(sys.argv[1]), sys.argv[2:]
    version = json.loads((folder / "node_modules" / PACKAGE / "package.json").read_text())["version"]
    rows = [
        f'    ("{state}", {year}): "{" ".join(f"{day:%m%d}" for day in sorted(days))}",\n'
        for (state, year), days in sorted(asked(folder, years).items())
    ]
    MODULE.write_text(
        HEAD.format(package=PACKAGE, version=version, years=", ".join(years)) + "".join(rows) + TAIL,
        encoding="utf-8",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
