"""The command line of an experiment: called as it is started, described by its own first words."""

from __future__ import annotations

import argparse


def options_of(package: str | None, text: str | None) -> argparse.ArgumentParser:
    """A parser without arguments yet.

    Args:
        package: ``__package__`` of the experiment's ``__main__``.
        text: its docstring, shown as it stands.
    """
    return argparse.ArgumentParser(
        f"python -m {package}", description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
