"""What commands of training share: whole numbers in a range as options, an error in one line, the exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from azsim.errors import AzsimError


def whole(low: int, high: int) -> Callable[[str], int]:
    """The type of an option that takes a whole number, both ends included."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text}: must be a whole number from {low} to {high}")
        return value

    return read


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
