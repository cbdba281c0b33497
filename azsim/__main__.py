"""``python -m azsim`` and the command ``azsim``: as little as possible before an interrupt is heard."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and not sys.flags.safe_path and sys.path[0] != os.path.dirname(os.path.dirname(__file__)):
    del sys.path[0]  # ``python -m`` looks in the current folder first, where a file may be named like a library

from azsim.interrupts import end_all_on_interrupt, ignore_interrupts


def main() -> int:
    """The command line of a process that ends with it; see ``azsim.cli``."""
    end_all_on_interrupt()
    from azsim import cli

    cli.keep_numbers_taken()

    try:
        return cli.main()
    finally:
        ignore_interrupts()


if __name__ == "__main__":
    raise SystemExit(main())
