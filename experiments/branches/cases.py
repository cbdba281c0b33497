"""The cases of the study: a trained network, and who picks its branches.

::

    large only ── control        small only           careful, cheap: the arbiter at two prices of the large branch
    bifocal: small before the command      by chance: the network of an arbiter, as many large steps drawn by lot
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from azsim.nn.branching import Always, Chance, CommandFrom, Picker
from azsim.speech.features import STACKED_FRAMES

Who = Literal["arbiter", "large", "small", "command", "chance"]
SEED = 5


@dataclass(frozen=True)
class Case:
    """One way to run an encoder with branches.

    Attributes:
        label: in tables and figures.
        run: recipe.
        who: picks.
        share_of: of ``chance``: the case whose share of large steps it takes.
    """

    label: str
    run: str
    who: Who
    share_of: str = ""

    def picker(self, index: int, start_frame: int, large_share: float) -> Picker | None:
        """For the recording of that number, whose speech begins there; None for the network's own arbiter."""
        match self.who:
            case "arbiter":
                return None
            case "command":
                return CommandFrom(-(-start_frame // STACKED_FRAMES))
            case "chance":
                return Chance(large_share, SEED + index)
            case _:
                return Always(self.who == "large")


REFERENCE = "large only"
CASES = (
    Case(REFERENCE, "branching/large", "large"),
    Case("bifocal", "branching/bifocal", "command"),
    Case("arbiter, careful", "branching/careful", "arbiter"),
    Case("arbiter, cheap", "branching/cheap", "arbiter"),
    Case("by chance, as many as cheap", "branching/cheap", "chance", "arbiter, cheap"),
    Case("cheap's network, large only", "branching/cheap", "large"),
    Case("small only", "branching/small", "small"),
)
