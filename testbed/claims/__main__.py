"""`python -m testbed.claims mark`: write the sentences as they are to the marks, with the claims that are known.

`python -m testbed.claims courtesies`: the page of sentences that say nothing.
"""

import sys

from testbed.claims.courtesies import PAGE, page
from testbed.claims.marks import faults, mark_anew, marks, write

if sys.argv[1:] == ["mark"]:
    write(mark_anew(marks()))
    sys.stdout.write("".join(f"{fault}\n" for fault in faults(marks())))
elif sys.argv[1:] == ["courtesies"]:
    PAGE.write_text(page(marks()), encoding="utf-8")
else:
    sys.exit(__doc__)
