"""``python -m azsim`` and the command ``azsim``: as little as possible before an interrupt is heard."""

from __future__ import annotations

from azsim.interrupts import end_all_on_interrupt, ignore_interrupts


def main() -> int:
    """The command line of a process that ends with it; see ``azsim.cli``."""
    end_all_on_interrupt()
    from azsim.cli import main as command_line

    try:
        return command_line()
    finally:
        ignore_interrupts()


if __name__ == "__main__":
    raise SystemExit(main())
