"""Which matrices the processor runs for one step of a transducer, and the vector work between them.

::

    every step:             encoder.0   layers up to the time reduction
    every R-th step:        encoder.1   the other layers and the joint's projection
    every joint evaluation: joint       tanh and the output matrix
    every label:            prediction  embedding row, LSTM, the joint's projection

An encoder with branches has ``encoder.0.small`` and ``encoder.1.small`` as well, one of the two at each step, and if it
picks them itself ``arbiter`` before them.

One vector operation is one rounded multiply-add or one table read on one element, as ``vector_op_pj`` prices it. An
element in the middle of a small branch takes 2. A unit of an LSTM takes 16: for each of four gates the requantised
input product with the bias, the requantised recurrent product added to it, and the table (8 multiply-adds, 3 sigmoids,
1 tanh); then ``f c``, ``+ i g``, ``tanh c`` and ``o tanh c`` (4). A joint projection takes 1 per row. A joint
evaluation takes 3 per hidden element (sum, tanh, to int8) and 1 per logit (bias); they are charged after the output
matrix, where the stage's vector work stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from azsim.nn.program import MatrixUse, Program, Stage, VectorWork

VECTOR_OPS_PER_LSTM_UNIT = 16
LOGIT_BYTES = 4
SCORE_BYTES = 2
"""The arbiter's score, which the CPU reads to start one branch or the other."""
SMALL = ".small"
"""What the names of a small branch's programs and matrices have more than the large one's."""
STEP_MS = 30
LARGE_SHARE = 0.5
"""Of steps that take the large branch where nothing better is known; `assumed`."""
LABELS_PER_S = 4.0
"""Word pieces in a second of speech; `assumed`: 2.5 words a second, 1.6 pieces a word."""


def rnnt_programs(
    shapes: Mapping[str, tuple[int, ...]], time_reduction_after: int, time_reduction: int = 1
) -> dict[str, Program]:
    """The programs of a transducer.

    Args:
        shapes: weight matrix -> (rows, columns), named as in :class:`azsim.nn.network.Network`.
        time_reduction_after: encoder layer after which steps are joined; negative for none, then there is no
            ``encoder.1`` and ``encoder.0`` ends with the joint's projection.
        time_reduction: steps that are joined there.

    Returns:
        Program name -> program, in the order in which a step runs them.
    """
    layers = _layers(shapes, "encoder")
    lower = layers if time_reduction_after < 0 else time_reduction_after + 1
    parts = [range(lower), range(lower, layers)][: 2 if time_reduction_after >= 0 else 1]
    periods = (1, time_reduction)
    programs: dict[str, Program] = {}
    if "arbiter.score" in shapes:
        score = dense_stage(shapes, "arbiter.score", first=False)
        stages = (lstm_stage(shapes, "arbiter.0", first=True), replace(score, output_bytes=SCORE_BYTES))
        programs["arbiter"] = Program("arbiter", stages, period_steps=1)
    for index, part in enumerate(parts):
        for branch in ("", SMALL) if f"encoder.0{SMALL}.input" in shapes else ("",):
            stages = [stage for i in part for stage in _encoder_stages(shapes, f"encoder.{i}", branch, i == part[0])]
            if part is parts[-1]:
                stages.append(dense_stage(shapes, "joint.encoder", first=not stages))
            name = f"encoder.{index}{branch}"
            programs[name] = Program(name, tuple(stages), period_steps=periods[index])

    rows, columns = shapes["joint.output"]
    vector = (
        VectorWork("multiply-add", columns),
        VectorWork("tanh", columns),
        VectorWork("multiply-add", columns + rows),
    )
    output = Stage("joint.output", (MatrixUse("joint.output", "input", "ready"),), vector, LOGIT_BYTES * rows)
    programs["joint"] = Program("joint", (output,))

    stages = [lstm_stage(shapes, f"prediction.{i}", first=i == 0) for i in range(_layers(shapes, "prediction"))]
    stages.append(dense_stage(shapes, "joint.prediction", first=False))
    embedding_bytes = shapes["prediction.embedding"][1]  # one row at 8 bits
    programs["prediction"] = Program("prediction", tuple(stages), lookup_bytes=embedding_bytes)
    return programs


def runs_per_second(programs: Mapping[str, Program], large_share: float = LARGE_SHARE) -> dict[str, float]:
    """Program -> how often it runs while someone speaks: steps of 30 ms, and labels as they come.

    Args:
        programs: of a network.
        large_share: of steps, where the encoder has branches.
    """
    steps_per_s = 1000 / STEP_MS
    rates = {name: steps_per_s / program.period_steps for name, program in programs.items() if program.period_steps}
    outputs_per_s = min(rates.values())
    for name in [name for name in rates if name.endswith(SMALL)]:
        rates[name] *= 1 - large_share
        rates[name.removesuffix(SMALL)] *= large_share
    return {**rates, "joint": outputs_per_s + LABELS_PER_S, "prediction": LABELS_PER_S}


def _layers(shapes: Mapping[str, tuple[int, ...]], part: str) -> int:
    return sum(1 for name in shapes if name.startswith(f"{part}.") and name.endswith(".input") and SMALL not in name)


def _encoder_stages(shapes: Mapping[str, tuple[int, ...]], layer: str, branch: str, first: bool) -> list[Stage]:
    return small_stages(shapes, layer, first) if branch else [lstm_stage(shapes, layer, first)]


def lstm_stage(shapes: Mapping[str, tuple[int, ...]], layer: str, first: bool) -> Stage:
    """One LSTM; its recurrent product, whose operand is ready, overlaps the vector work of the layer before."""
    uses = (
        MatrixUse(f"{layer}.recurrent", "recurrent", "ready"),
        MatrixUse(f"{layer}.input", "input", "ready" if first else "previous"),
    )
    return Stage(layer, uses, _cell_work(shapes[f"{layer}.recurrent"][1], sums=8))


def small_stages(shapes: Mapping[str, tuple[int, ...]], layer: str, first: bool) -> list[Stage]:
    """The small branch of one LSTM: the narrow vector, then the gates from it; see `azsim.nn.branching`."""
    branch = f"{layer}{SMALL}"
    uses = (
        MatrixUse(f"{branch}.recurrent", "recurrent", "ready"),
        MatrixUse(f"{branch}.input", "input", "ready" if first else "previous"),
    )
    rank, units = shapes[f"{branch}.recurrent"]
    expand = MatrixUse(f"{branch}.expand", "input", "previous")
    return [
        Stage(f"{branch}.narrow", uses, (VectorWork("multiply-add", 2 * rank),)),
        Stage(branch, (expand,), _cell_work(units, sums=4)),
    ]


def _cell_work(units: int, sums: int) -> tuple[VectorWork, ...]:
    """What follows the products of an LSTM; ``sums``: rounded multiply-adds per unit on the way to its four gates."""
    return (
        VectorWork("multiply-add", sums * units),
        VectorWork("sigmoid", 3 * units),
        VectorWork("tanh", units),
        VectorWork("multiply-add", 2 * units),
        VectorWork("tanh", units),
        VectorWork("multiply-add", units),
    )


def dense_stage(shapes: Mapping[str, tuple[int, ...]], matrix: str, first: bool) -> Stage:
    """One matrix and its bias."""
    use = MatrixUse(matrix, "input", "ready" if first else "previous")
    return Stage(matrix, (use,), (VectorWork("multiply-add", shapes[matrix][0]),))
