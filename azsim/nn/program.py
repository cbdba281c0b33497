"""What the neural processor is asked to run: matrices grouped into stages, stages into programs.

::

    program "encoder.1":  stage lstm 1 ──> stage lstm 2 ──> stage joint.encoder
    stage "encoder.1":    recurrent (state) + input (previous) ──accumulate──> vector unit ──> int8 out
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

VectorFunction = Literal["multiply-add", "sigmoid", "tanh", "normal", "exp", "compare", "divide", "square-root", "move"]
"""What networks ask of the vector unit; one operation is one function on one element.

``normal``: the normal distribution's, of GELU; ``compare``: the larger of two, or above a limit; ``move``: an element
put to another place.
"""
RECURRENT_FUNCTIONS: tuple[VectorFunction, ...] = ("multiply-add", "sigmoid", "tanh")
"""What recurrent networks ask; a device file that names no functions has these."""


@dataclass(frozen=True, slots=True)
class MatrixUse:
    """One matrix-vector product of a stage.

    Attributes:
        matrix: name of the weight matrix.
        role: ``recurrent`` matrices are needed whole again for every frame; ``input`` matrices can share a tile
            among the frames of a step.
        operand: ``previous`` if the vector comes from the stage before it in this program, else ``ready``
            (a state or an input that is there when the job starts).
        vectors: that one frame multiplies with it, as a convolution over an image has one for each place.
    """

    matrix: str
    role: Literal["input", "recurrent"]
    operand: Literal["previous", "ready"]
    vectors: int = 1


@dataclass(frozen=True, slots=True)
class VectorWork:
    """One function of the vector unit on so many elements."""

    function: VectorFunction
    elements: int


@dataclass(frozen=True, slots=True)
class LaneProduct:
    """Products of activations with activations, as attention needs them: no weight is fetched or decoded.

    One operand stands where weights do, ``rows x columns`` of int8 in on-chip memory; vectors of the other are
    multiplied with it.

    Attributes:
        rows, columns: of the operand that stands in the place of weights.
        vectors: of the other operand, in one frame.
        state: name of the state from step to step that holds the operand (keys, values), empty where none does.
        cache_bytes: of that state; ``write_bytes``: that one frame adds to it.
        operand: ``previous`` if an operand comes from a stage before it in this program, else ``ready``.
    """

    rows: int
    columns: int
    vectors: int = 1
    state: str = ""
    cache_bytes: int = 0
    write_bytes: int = 0
    operand: Literal["previous", "ready"] = "previous"

    @property
    def products(self) -> int:
        """Multiplications of one frame."""
        return self.vectors * self.operand_bytes

    @property
    def operand_bytes(self) -> int:
        """Bytes that the lanes read from on-chip memory in the place of weights."""
        return self.rows * self.columns


@dataclass(frozen=True, slots=True)
class ProgramStage:
    """Matrices whose products are added up, and the vector work on the sum.

    Attributes:
        name: for reports.
        uses: in order of execution; those that are ``ready`` come first, so that they overlap the vector unit.
        vector: what the vector unit does with the sum (bias, tables, requantisation), in order, for one frame.
        output_bytes: bytes that leave the chip afterwards (logits for the search on the CPU), 0 if kept.
        lane_products: products that need no weights, after those of ``uses``.
        lookup_bytes: of rows of a table that it fetches first.
    """

    name: str
    uses: tuple[MatrixUse, ...]
    vector: tuple[VectorWork, ...]
    output_bytes: int = 0
    lane_products: tuple[LaneProduct, ...] = ()
    lookup_bytes: int = 0

    def batched(self, count: int) -> ProgramStage:
        """The same stage for ``count`` independent inputs at once."""
        return replace(
            self,
            uses=tuple(replace(use, vectors=count * use.vectors) for use in self.uses),
            vector=tuple(replace(work, elements=count * work.elements) for work in self.vector),
            output_bytes=count * self.output_bytes,
            lane_products=tuple(replace(one, vectors=count * one.vectors) for one in self.lane_products),
            lookup_bytes=count * self.lookup_bytes,
        )

    @property
    def vector_ops(self) -> int:
        """Element operations of the vector unit for one frame."""
        return sum(work.elements for work in self.vector)


@dataclass(frozen=True, slots=True)
class Program:
    """One kind of activation of the processor, such as one step of an encoder layer.

    Attributes:
        name: what a ``Job`` calls it.
        stages: in order of execution.
        lookup_bytes: bytes of a table row fetched at the start (an embedding row), 0 if none.
        period_steps: encoder steps from one run to the next, a fraction if each step runs it several times; 0 if labels
            decide, so that runs cannot be gathered.
        tensor_bytes: of the largest tensors that one frame has at once, inputs and outputs of one stage.
    """

    name: str
    stages: tuple[ProgramStage, ...]
    lookup_bytes: int = 0
    period_steps: int | Fraction = 0
    tensor_bytes: int = 0

    def batched(self, count: int) -> Program:
        """The same program for ``count`` independent inputs at once, which share each tile of weights."""
        return replace(
            self,
            name=f"{self.name}*{count}",
            stages=tuple(stage.batched(count) for stage in self.stages),
            lookup_bytes=count * self.lookup_bytes,
            tensor_bytes=count * self.tensor_bytes,
        )

    def frames(self, steps: int) -> int:
        """Frames of one run if ``steps`` encoder steps are gathered, at least 1."""
        return max(1, int(steps // self.period_steps)) if self.period_steps else 1

    @property
    def uses(self) -> Iterator[MatrixUse]:
        """Its products with weights, in order of execution."""
        return (use for stage in self.stages for use in stage.uses)

    @property
    def states(self) -> Mapping[str, int]:
        """State that its lane products read -> bytes that it takes."""
        products = (product for stage in self.stages for product in stage.lane_products)
        return {product.state: product.cache_bytes for product in products if product.cache_bytes}

    @property
    def matrices(self) -> tuple[str, ...]:
        """Names of the weight matrices in order of execution."""
        return tuple(use.matrix for stage in self.stages for use in stage.uses)
