"""What the neural processor is asked to run: matrices grouped into stages, stages into programs.

::

    program "encoder.1":  stage lstm 1 ──> stage lstm 2 ──> stage joint.encoder
    stage "encoder.1":    recurrent (state) + input (previous) ──accumulate──> vector unit ──> int8 out
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class MatrixUse:
    """One matrix-vector product of a stage.

    Attributes:
        matrix: name of the weight matrix.
        role: ``recurrent`` matrices are needed whole again for every frame; ``input`` matrices can share a tile
            among the frames of a step.
        operand: ``previous`` if the vector comes from the stage before it in this program, else ``ready``
            (a state or an input that is there when the job starts).
    """

    matrix: str
    role: Literal["input", "recurrent"]
    operand: Literal["previous", "ready"]


@dataclass(frozen=True, slots=True)
class Stage:
    """Matrices whose products are added up, and the vector work on the sum.

    Attributes:
        name: for reports.
        uses: in order of execution; those that are ``ready`` come first, so that they overlap the vector unit.
        vector_ops: element operations of the vector unit (bias, tables, requantisation).
        output_bytes: bytes that leave the chip afterwards (logits for the search on the CPU), 0 if kept.
    """

    name: str
    uses: tuple[MatrixUse, ...]
    vector_ops: int
    output_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """One kind of activation of the processor, such as one step of an encoder layer.

    Attributes:
        name: what a ``Job`` calls it.
        stages: in order of execution.
        lookup_bytes: bytes of a table row fetched at the start (an embedding row), 0 if none.
    """

    name: str
    stages: tuple[Stage, ...]
    lookup_bytes: int = 0

    @property
    def matrices(self) -> tuple[str, ...]:
        """Names of the weight matrices in order of execution."""
        return tuple(use.matrix for stage in self.stages for use in stage.uses)
