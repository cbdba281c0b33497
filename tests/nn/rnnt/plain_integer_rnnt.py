"""The recogniser's integer arithmetic once more, in plain Python integers: slow, written from docs/integer.md alone."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache


def nearest(numerator: int, denominator: int) -> int:
    """The quotient to nearest, halves away from zero."""
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size


def nearest_to(value: Fraction) -> int:
    """A fraction to nearest, halves away from zero."""
    return nearest(value.numerator, value.denominator)


def clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def fixed(scale: float) -> Fraction:
    """A scale as a 31-bit multiplier over a power of two."""
    fraction, exponent = math.frexp(scale)
    return Fraction(round(fraction * 2**31), 2**31) * Fraction(2) ** exponent


@cache
def entry(function: str, i: int) -> int:
    """One of the 1025 values of a table, Q0.15."""
    x = (i - 512) / 32
    exact = math.tanh(x) if function == "tanh" else 1 / (1 + math.exp(-x))
    return clamp(nearest_to(Fraction(exact) * 2**15), -32767, 32767)


def table(function: str, argument: int) -> int:
    """Q4.11 in, Q0.15 out: a straight line between two entries."""
    segment, low = divmod(argument + 32768, 64)
    below, above = entry(function, segment), entry(function, segment + 1)
    return below + nearest((above - below) * low, 64)


def bias(value: float, scale: float, limit: int) -> int:
    return clamp(nearest_to(Fraction(value) / Fraction(scale)), -limit, limit)


def dot(row, vector) -> int:
    return sum(int(a) * int(b) for a, b in zip(row, vector, strict=True))


class Reference:
    """One utterance through a compressed network; `inputs` keeps the int8 vectors that each matrix saw."""

    def __init__(self, compressed) -> None:
        self.network = compressed.network
        self.weights = {name: matrix.tolist() for name, matrix in compressed.decoded.items()}
        self.scales = {}
        for name, matrix in compressed.matrices.items():
            rows, groups = len(self.weights[name]), len(matrix.scales)
            self.scales[name] = [matrix.scales[row * groups // rows] for row in range(rows)]
        self.state: dict[str, tuple[list[int], list[int]]] = {}
        self.inputs: dict[str, list[list[int]]] = {}

    def bits(self, name: str, default: int) -> int:
        return round(-math.log2(self.network.activation_scales.get(name, 2.0**-default)))

    def products(self, matrix: str, vector: list[int], scale: float) -> list[int]:
        """int8 products in Q4.11, not yet saturated."""
        self.inputs.setdefault(matrix, []).append(list(vector))
        factors = [fixed(scale * own * 2048) for own in self.scales[matrix]]
        rows = zip(self.weights[matrix], factors, strict=True)
        return [nearest(dot(row, vector) * factor.numerator, factor.denominator) for row, factor in rows]

    def lstm(self, layer: str, vector: list[int], scale: float) -> list[int]:
        cell_bits, hidden_bits = self.bits(f"{layer}.cell", 11), self.bits(f"{layer}.hidden", 7)
        size = len(self.weights[f"{layer}.recurrent"][0])
        hidden, cell = self.state.get(layer, ([0] * size, [0] * size))
        gates = self.gates(layer, vector, scale, hidden, 2.0**-hidden_bits)
        new_hidden, new_cell = [], []
        for j in range(size):
            enter, forget = table("sigmoid", gates[j]), table("sigmoid", gates[size + j])
            candidate, output = table("tanh", gates[2 * size + j]), table("sigmoid", gates[3 * size + j])
            kept = nearest(forget * cell[j], 2**15)
            added = nearest(enter * candidate, 2 ** (30 - cell_bits))
            state = clamp(kept + added, -32768, 32767)
            argument = clamp(nearest(state * 2048, 2**cell_bits), -32768, 32767)
            shown = output * table("tanh", argument)
            new_cell.append(state)
            new_hidden.append(clamp(nearest(shown, 2 ** (30 - hidden_bits)), -127, 127))
        self.state[layer] = new_hidden, new_cell
        return new_hidden

    def gates(self, layer: str, vector: list[int], scale: float, hidden: list[int], hidden_scale: float) -> list[int]:
        """The sums before the functions, Q4.11."""
        a = self.products(f"{layer}.input", vector, scale)
        b = self.products(f"{layer}.recurrent", hidden, hidden_scale)
        c = [bias(float(x), 2.0**-11, 32767) for x in self.network.parameters[f"{layer}.bias"]]
        return [clamp(x + y + z, -32768, 32767) for x, y, z in zip(a, b, c, strict=True)]

    def encoder(self, steps) -> list[list[int]]:
        """int8 steps to Q4.11 joint projections."""
        network = self.network
        reduced = network.time_reduction_after >= 0
        lower = network.time_reduction_after + 1 if reduced else network.encoder_layers
        reduction = network.time_reduction if reduced else 1
        offset = [bias(float(x), 2.0**-11, 32767) for x in network.parameters["joint.bias"]]
        waiting: list[int] = []
        outputs = []
        for k, step in enumerate(steps.tolist()):
            vector, scale = step, network.feature_clip / 127
            for i in range(lower):
                vector, scale = self.lstm(f"encoder.{i}", vector, scale), 2.0 ** -self.bits(f"encoder.{i}.hidden", 7)
            waiting += vector
            if (k + 1) % reduction:
                continue
            vector, waiting = waiting, []
            for i in range(lower, network.encoder_layers):
                vector, scale = self.lstm(f"encoder.{i}", vector, scale), 2.0 ** -self.bits(f"encoder.{i}.hidden", 7)
            sums = self.products("joint.encoder", vector, scale)
            outputs.append([clamp(x + y, -32768, 32767) for x, y in zip(sums, offset, strict=True)])
        return outputs

    def prediction(self, label: int) -> list[int]:
        vector, scale = self.weights["prediction.embedding"][label], self.scales["prediction.embedding"][label]
        for i in range(self.network.layers("prediction")):
            vector = self.lstm(f"prediction.{i}", vector, scale)
            scale = 2.0 ** -self.bits(f"prediction.{i}.hidden", 7)
        return [clamp(x, -32768, 32767) for x in self.products("joint.prediction", vector, scale)]

    def joint(self, encoded: list[int], predicted: list[int]) -> list[int]:
        sums = [clamp(a + b, -32768, 32767) for a, b in zip(encoded, predicted, strict=True)]
        vector = [clamp(nearest(table("tanh", x), 2**8), -127, 127) for x in sums]
        self.inputs.setdefault("joint.output", []).append(vector)
        scale = 2.0**-7 * max(self.scales["joint.output"])
        room = 2**31 - 1 - 127 * 128 * len(vector)
        offset = [bias(float(x), scale, room) for x in self.network.parameters["joint.output_bias"]]
        factors = [fixed(2.0**-7 * own / scale) for own in self.scales["joint.output"]]
        rows = zip(self.weights["joint.output"], factors, offset, strict=True)
        return [nearest_to(dot(row, vector) * factor) + b for row, factor, b in rows]

    def greedy(self, outputs: list[list[int]]) -> tuple[list[int], list[int], list[list[int]]]:
        """Labels, the output of each, and the logits of every joint evaluation."""
        labels, at, logits = [], [], []
        predicted = self.prediction(0)
        for t, encoded in enumerate(outputs):
            for _ in range(4):
                logits.append(self.joint(encoded, predicted))
                best = logits[-1].index(max(logits[-1]))
                if best == 0:
                    break
                labels.append(best)
                at.append(t)
                predicted = self.prediction(best)
        return labels, at, logits
