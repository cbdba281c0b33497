"""Networks of ours beside the anchor: which are asked for, what they hear, and whether they learned from the kitchen.

::

    NAME:CODEC:BITS:ZEROS ──> Choice ── every condition ──> RecogniserTranscripts
                                └─ its recipe's line names recorded noise: heard the kitchen
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from azsim.compare.experiment import check_bits, check_codec
from azsim.errors import InputError, located
from azsim.nn.sealed import CARD_KEY, decode_metadata, read_stored
from azsim.ranges import check_bits_and_zeros
from azsim.train.card import lineage, names_recorded_noise
from azsim.train.command import exported
from azsim.train.export import TrainedModel
from experiments.studies.hearing import ListeningTest, hear


@dataclass(frozen=True)
class RecogniserTranscripts:
    """A recogniser: its name, its bytes and whether it learned from the kitchen where it is ours, and its words."""

    name: str
    model_bytes: int | None
    heard_kitchen: str
    texts: list[list[str]]


@dataclass(frozen=True)
class AnchorNetwork:
    """A network of ours as it is heard; in float without a codec."""

    name: str
    path: Path
    codec: str | None = None
    weight_bits: int = 32
    sparsity: float = 0.0

    @classmethod
    def of(cls, given: str, runs: Path) -> AnchorNetwork:
        """Read NAME:CODEC:BITS:ZEROS, or NAME alone.

        Raises:
            InputError: it is written otherwise, out of range, or not there.
        """
        where = f"--networks {given}"
        name, *rest = given.split(":")
        try:
            codec, bits, zeros = (rest[0], int(rest[1]), float(rest[2])) if rest else (None, 32, 0.0)
        except (IndexError, ValueError):
            raise InputError(f"{where}: give NAME:CODEC:BITS:ZEROS such as rnnt-5bit-50:zvsv:5:0.5, or NAME") from None
        if codec is not None:
            check_codec(codec, f"{where}: codec")
            check_bits_and_zeros(bits, zeros, f"{where}: bits", f"{where}: zeros")
            check_bits(codec, bits, f"{where}: bits")
        with located("--networks"):
            return cls(name, exported(name, runs), codec, bits, zeros)

    @property
    def label(self) -> str:
        """In tables."""
        zeros = f", {self.sparsity:.0%} zeros" if self.sparsity else ""
        return f"{self.name} ({f'{self.codec}, {self.weight_bits} bits{zeros}' if self.codec else 'float'})"

    def hear(self, listenings: Sequence[ListeningTest], kept: Path) -> RecogniserTranscripts:
        """Under every condition."""
        found = [hear(self.path, self.codec, self.weight_bits, self.sparsity, each, kept) for each in listenings]
        print(self.label, flush=True)
        return RecogniserTranscripts(
            self.label, found[0].model_bytes, heard_kitchen(self.path), [each.texts for each in found]
        )


class Origin(msgspec.Struct, frozen=True):
    """What a network's file may say of how it came about."""

    trained: TrainedModel | None = None


def heard_kitchen(path: Path) -> str:
    """``yes`` if a recipe of those that led to a network names recorded noise, the kitchen's; empty if unknown."""
    trained = decode_metadata(read_stored(path), CARD_KEY, Origin).trained
    line = lineage(trained.recipe, trained.start) if trained else []
    if not line:
        return ""
    return "yes" if names_recorded_noise(line) else "no"
