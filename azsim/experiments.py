"""The experiments behind the reports, wherever azsim is installed: ``python -m azsim.experiments NAME [OPTION...]``.

::

    a checkout    python -m experiments.validation               the folder experiments/ stands where Python looks
    a wheel       python -m azsim.experiments validation         it stands in azsim/_shipped: Python is told so

Without a name it says which there are. What an experiment writes goes below the current folder, unless ``--out`` says
otherwise. Some need data, runs of training or a checkout, and say so.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from azsim.errors import InputError, nearest
from azsim.resources import shipped_root


def experiment_names() -> tuple[str, ...]:
    """Names of the experiments that are shipped, those of their reports."""
    return tuple(sorted(path.parent.name for path in (shipped_root() / "experiments").glob("*/__main__.py")))


def command_of(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The command that runs an experiment, and its environment.

    Args:
        words: the experiment's name, then its own options.

    Raises:
        InputError: no name is given, or no experiment has it.
    """
    known = experiment_names()
    if not words or words[0] not in known:
        said = f"{words[0]}: no such experiment" if words else "give the name of an experiment"
        raise InputError(f"{said}; there are {', '.join(known)}{nearest(words[0], known) if words else ''}")
    paths = filter(None, (str(shipped_root()), os.environ.get("PYTHONPATH")))
    name, *options = words
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return [sys.executable, "-P", "-m", f"experiments.{name}", *options], environment


def main(words: Sequence[str]) -> int:
    """Become the experiment's process; the exit status if there is none to become."""
    try:
        command, environment = command_of(words)
    except InputError as error:
        print(f"azsim.experiments: {error}", file=sys.stderr)
        return error.exit_status
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
