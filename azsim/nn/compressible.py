"""What compression and the chip ask of a network: matrices to encode, programs to run, how often those run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from azsim.nn.graph.operator import Granularity, Weights
from azsim.nn.program import Program


class Compressible(Protocol):
    """A network that can be compressed and run: the recogniser, or any graph (`azsim.nn.graph.network`)."""

    @property
    def name(self) -> str:
        """For reports."""

    @property
    def source(self) -> str:
        """Where it came from, for errors."""

    @property
    def parameters(self) -> Mapping[str, np.ndarray]:
        """Name -> float32 array."""

    @property
    def weight_matrices(self) -> tuple[str, ...]:
        """Names of the parameters that are compressed, in the order of execution."""

    @property
    def looked_up(self) -> frozenset[str]:
        """Those of them whose rows are read and multiplied with nothing: zeros in them save no products."""

    @property
    def weights(self) -> int:
        """Number of weights in the compressed matrices."""

    @property
    def quantised(self) -> Mapping[str, Weights]:
        """Matrix -> int8 values with their scales, of those that came so; at 8 bits and unpruned they stay."""

    def scale_groups(self, matrix: str, granularity: Granularity) -> int:
        """How many scales the rows of a matrix have at a granularity."""

    def programs(self) -> Mapping[str, Program]:
        """The activations of the processor that run it, in the order in which a step runs them."""

    def rates(self) -> Mapping[str, float]:
        """Program -> how often a second it runs while the network works."""
