"""Runs commands one after the other in this process, whose caller bounds it; a line of JSON each."""

import json
import resource
import sys
import time


def main() -> None:
    from tests.support.command_line import programs_made_once
    from typer.testing import CliRunner

    from afschrift.cli.main import app
    from afschrift.domain.errors import AfschriftError

    with programs_made_once():
        for words in json.loads(sys.stdin.read()):
            begun = time.process_time()
            done = CliRunner().invoke(app, words)
            error = done.exception
            ours = error is None or isinstance(error, AfschriftError | SystemExit)
            message = str(error) if isinstance(error, AfschriftError) else done.output
            row = {
                "seconds": time.process_time() - begun,
                "code": done.exit_code,
                "fault": "" if ours else repr(error)[:300],
                "said": message[-2_000:],
                "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
