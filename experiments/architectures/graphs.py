"""Encoders of one size with drawn weights: an LSTM, an Emformer and a Conformer, all of them streaming.

::

    192 values every 30 ms ──chunk steps joined──> linear ──> layers ──> chunk steps of the encoder's width

Weights are drawn from a normal distribution, as a trained layer's are to a first approximation. **Source:** the LSTM's
shape from the project's production size (5 x 1024); Emformer: Shi et al., ICASSP 2021 (arXiv:2010.10759), width 512 and
2048, 8 heads, left context of some chunks, no right context and no memory bank; Conformer: Gulati et al., Interspeech
2020 (arXiv:2005.08100), causal convolution of 15, batch normalisation folded into the weights after it; width 360 so
that all three have about as many weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.operator import Operator
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.add import Add
from azsim.nn.operators.attention import Attention
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.layer_norm import LayerNorm
from azsim.nn.operators.lstm import Lstm
from azsim.nn.operators.multiply import Multiply
from azsim.nn.operators.relu import Relu
from azsim.nn.operators.sigmoid import Sigmoid
from azsim.nn.operators.silu import Silu
from azsim.nn.operators.slice import Slice
from azsim.nn.operators.stack import Stack
from azsim.nn.operators.unstack import Unstack

INPUTS, STEP_MS = 192, 30
TAPS = 15


@dataclass
class Builder:
    """Takes nodes one after another; a name is a tensor's and its maker's."""

    rng: np.random.Generator
    nodes: list[Node] = field(default_factory=list)
    parameters: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, name: str, operator: Operator, *inputs: str, **shapes: tuple[int, ...]) -> str:
        """A node with drawn parameters of these shapes."""
        roles = {role: f"{name}.{role}" for role in shapes}
        for role, shape in shapes.items():
            size = 1 / np.sqrt(shape[-1])
            self.parameters[roles[role]] = self.rng.normal(0, size, shape).astype(np.float32)
        self.nodes.append(Node(name, operator, inputs, (name,), roles))
        return name

    def dense(self, name: str, source: str, rows: int, columns: int) -> str:
        """A layer of weights and biases."""
        return self.add(name, Dense(), source, weights=(rows, columns), bias=(rows,))

    def norm(self, name: str, source: str, width: int) -> str:
        """Layer normalisation."""
        return self.add(name, LayerNorm(), source, gain=(width,), bias=(width,))

    def halves(self, name: str, source: str, factor: float) -> str:
        """A tensor times a number."""
        self.parameters[f"{name}.other"] = np.array(factor, np.float32)
        self.nodes.append(Node(name, Multiply(), (source,), (name,), {"other": f"{name}.other"}))
        return name


def lstm(chunk: int, seed: int = 0) -> Graph:
    """Five layers of 1,024 units."""
    make, units = Builder(np.random.default_rng(seed)), 1024
    last, width = make.add("steps", Unstack(), "x"), INPUTS
    for layer in range(5):
        last = make.add(
            f"lstm.{layer}", Lstm(), last, input=(4 * units, width), recurrent=(4 * units, units), bias=(4 * units,)
        )
        width = units
    make.add("y", Stack(chunk, joined=False), last)
    return _graph("lstm", chunk, make)


def emformer(chunk: int, left: int, layers: int = 12, seed: int = 1) -> Graph:
    """Blocks of attention and a feed-forward of four times the width."""
    make, width = Builder(np.random.default_rng(seed)), 512
    last = make.dense("in", "x", width, INPUTS)
    for layer in range(layers):
        at = f"{layer}"
        last = _attention(make, f"{at}.attention", last, width, 8, chunk, left)
        last = _feed_forward(make, f"{at}.ff", last, width, Relu(), 1.0)
    make.norm("y", last, width)
    return _graph("emformer", chunk, make)


def conformer(chunk: int, left: int, layers: int = 12, seed: int = 2) -> Graph:
    """Blocks of half a feed-forward, attention, convolution, half a feed-forward, normalisation."""
    make, width = Builder(np.random.default_rng(seed)), 360
    last = make.dense("in", "x", width, INPUTS)
    for layer in range(layers):
        at = f"{layer}"
        last = _feed_forward(make, f"{at}.ff1", last, width, Silu(), 0.5)
        last = _attention(make, f"{at}.attention", last, width, 6, chunk, left)
        last = _convolution(make, f"{at}.conv", last, width, chunk)
        last = _feed_forward(make, f"{at}.ff2", last, width, Silu(), 0.5)
        last = make.norm(f"{at}.norm", last, width)
    make.norm("y", last, width)
    return _graph("conformer", chunk, make)


def _attention(make: Builder, at: str, source: str, width: int, heads: int, chunk: int, left: int) -> str:
    normed = make.norm(f"{at}.norm", source, width)
    steps = [
        make.add(f"{at}.{kind}s", Unstack(), make.dense(f"{at}.{kind}", normed, width, width))
        for kind in ("query", "key", "value")
    ]
    made = make.add(f"{at}.attend", Attention(heads, left, chunk), *steps)
    joined = make.add(f"{at}.joined", Stack(chunk, joined=False), made)
    return make.add(f"{at}.sum", Add(), source, make.dense(f"{at}.out", joined, width, width))


def _feed_forward(make: Builder, at: str, source: str, width: int, function: Operator, share: float) -> str:
    normed = make.norm(f"{at}.norm", source, width)
    wide = make.add(f"{at}.function", function, make.dense(f"{at}.up", normed, 4 * width, width))
    narrow = make.dense(f"{at}.down", wide, width, 4 * width)
    narrow = narrow if share == 1 else make.halves(f"{at}.half", narrow, share)
    return make.add(f"{at}.sum", Add(), source, narrow)


def _convolution(make: Builder, at: str, source: str, width: int, chunk: int) -> str:
    normed = make.norm(f"{at}.norm", source, width)
    wide = make.dense(f"{at}.up", normed, 2 * width, width)
    value = make.add(f"{at}.value", Slice(-1, 0, width), wide)
    gate = make.add(f"{at}.gate", Sigmoid(), make.add(f"{at}.gates", Slice(-1, width, width), wide))
    gated = make.add(f"{at}.gated", Multiply(), value, gate)
    steps = make.add(f"{at}.steps", Unstack(), gated)
    mixed = make.add(f"{at}.mixed", Conv1d(TAPS, groups=width), steps, weights=(width, TAPS), bias=(width,))
    joined = make.add(f"{at}.joined", Stack(chunk, joined=False), make.add(f"{at}.silu", Silu(), mixed))
    return make.add(f"{at}.sum", Add(), source, make.dense(f"{at}.down", joined, width, width))


def _graph(name: str, chunk: int, make: Builder) -> Graph:
    return Graph(name, {"x": Tensor((chunk, INPUTS))}, ("y",), tuple(make.nodes), make.parameters)
