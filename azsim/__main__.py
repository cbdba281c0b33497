"""``python -m azsim``."""

from azsim.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
