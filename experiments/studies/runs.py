"""Where `azsim train` left its runs: ``AZSIM_RUNS``, or the folder that it takes by itself."""

from __future__ import annotations

import os
from pathlib import Path


def runs_folder() -> Path:
    """The folder that a study reads unless it is told otherwise."""
    return Path(os.environ.get("AZSIM_RUNS", "runs/train"))
