"""What every command of training ends with: an error in one line, and the exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable

from azsim.errors import AzsimError


def exit_status(work: Callable[[], None]) -> int:
    """Do the work; 0, or the status of the error that was printed."""
    try:
        work()
    except AzsimError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("interrupted; run again with the same --out to go on", file=sys.stderr)
        return 1
    return 0
