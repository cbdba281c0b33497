"""``python -m azsim`` and the command ``azsim``: as little as possible before an interrupt is heard."""

from __future__ import annotations

from azsim.interrupts import interrupts_end_all


def main() -> int:
    """The command line; see ``azsim.cli``."""
    with interrupts_end_all():
        from azsim.cli import main as command_line
    return command_line()


if __name__ == "__main__":
    raise SystemExit(main())
