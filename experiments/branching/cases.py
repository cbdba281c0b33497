"""The cases of the study: a trained network, what it hears, and who picks its branches.

::

    recordings:  large only (the reference)   arbiter, at two prices of the large branch   small only
                 by chance: the network of an arbiter, as many large steps, drawn by lot
    streams:     large only (the reference)   bifocal: the wake word by the small branch, the command by the large one
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from azsim.nn.rnnt.branching import Always, Chance, CommandFrom, Picker

Who = Literal["arbiter", "large", "small", "command", "chance"]
HeardFrom = Literal["recordings", "streams"]
SEED = 5


@dataclass(frozen=True)
class BranchingCase:
    """One way to run an encoder with branches.

    Attributes:
        label: in tables and figures.
        run: recipe.
        who: picks.
        hears: held-out recordings, or streams of a wake word and a command.
        share_of: of ``chance``: the case whose share of large steps it takes.
        is_timed: the device plays it at production size as well.
    """

    label: str
    run: str
    who: Who
    hears: HeardFrom = "recordings"
    share_of: str = ""
    is_timed: bool = True

    def picker(self, index: int, command_step: int, large_share: float) -> Picker | None:
        """For the recording of that number, whose command begins there; None for the network's own arbiter."""
        match self.who:
            case "arbiter":
                return None
            case "command":
                return CommandFrom(command_step)
            case "chance":
                return Chance(large_share, SEED + index)
            case _:
                return Always(self.who == "large")


REFERENCES: dict[HeardFrom, str] = {"recordings": "large only", "streams": "streams, large only"}
CASES = (
    BranchingCase("large only", "control", "large"),
    BranchingCase("arbiter, careful", "branching/careful", "arbiter"),
    BranchingCase("arbiter, cheap", "branching/cheap", "arbiter"),
    BranchingCase(
        "by chance, as many as cheap", "branching/cheap", "chance", share_of="arbiter, cheap", is_timed=False
    ),
    BranchingCase("small only", "branching/small", "small"),
    BranchingCase("streams, large only", "audio_context/kept", "large", "streams"),
    BranchingCase("streams, bifocal", "branching/bifocal", "command", "streams"),
)
