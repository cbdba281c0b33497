"""Standard input, output and error of the command, where the caller closed some of them."""

from __future__ import annotations

import os
import sys

CLOSED_OUTPUT = "standard output is closed, so that nothing could be printed; send it to a file or to /dev/null"


def keep_numbers_taken() -> None:
    """Open what is closed on the null device, so that no file of azsim's gets its number and what is printed to it.

    ``sys.stdout`` stays None where it was closed, for ``azsim.cli`` to refuse; errors go nowhere then.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115 (kept for good)
