"""Reports on many requests: figures of a period, the register of requests, the questions at a visit."""

from datetime import date

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
"""Between these days lies the period of a report."""
