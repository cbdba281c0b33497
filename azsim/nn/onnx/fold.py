"""Nodes of constants computed once, by the reference implementation of the package onnx; sizes bounded before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from azsim import budget
from azsim.errors import InputError
from azsim.explain import cut
from azsim.nn.onnx.model import onnx_package

RANDOM = ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli")
BYTES_PER_ELEMENT = 64
"""Of a result, its inputs and what the reference makes between."""
MOST_ELEMENTS = 1 << 28


def folded(node: object, inputs: Mapping[str, np.ndarray], opset: int) -> list[np.ndarray]:
    """The outputs of a node whose inputs are all known.

    Args:
        node: a ``NodeProto`` without inner graphs.
        inputs: by name.
        opset: of ONNX's own operators.

    Raises:
        InputError: it draws random numbers, takes too much memory, or the reference refuses it.
    """
    if node.op_type in RANDOM:
        raise InputError("draws random numbers: a model that does cannot be imported")
    if node.op_type == "Constant" and len(node.attribute) == 1 and node.attribute[0].HasField("t"):
        return [onnx_package().numpy_helper.to_array(node.attribute[0].t)]
    values = [inputs[name] if name else None for name in node.input]
    size = _largest(node.op_type, values)
    if size > MOST_ELEMENTS:
        raise InputError(f"makes {size:,} elements: too many for a constant")
    budget.require(BYTES_PER_ELEMENT * size, what=f"an array of {size:,} elements")
    onnx = onnx_package()
    helper, kinds = onnx.helper, onnx.helper.np_dtype_to_tensor_dtype
    names = [name for name in dict.fromkeys(node.input) if name]
    given = [helper.make_tensor_value_info(name, kinds(inputs[name].dtype), None) for name in names]
    asked = [name for name in node.output if name]
    made = [helper.make_tensor_value_info(name, 0, None) for name in asked]
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(helper.make_graph([node], "constant", given, made), opset_imports=imports)
    try:
        return [np.asarray(each) for each in onnx.reference.ReferenceEvaluator(model).run(asked, dict(inputs))]
    except MemoryError:
        raise InputError("takes more memory than there is") from None
    except Exception as error:  # of the reference, whose operators raise what they like
        raise InputError(f"of constants: {cut(str(error))}") from None


def _largest(kind: str, values: Sequence[np.ndarray | None]) -> int:
    """An upper estimate of the elements of the largest result, for kinds whose results outgrow their inputs."""
    sizes = [each.size for each in values if each is not None]
    most = max(sizes, default=1)
    small = [each for each in values[1:] if each is not None and each.size <= 16 and each.dtype.kind in "iuf"]
    numbers = [[abs(int(n)) for n in each.ravel() if np.isfinite(n)] for each in small]
    match kind:
        case "ConstantOfShape":
            return prod(int(each) for each in values[0].ravel())
        case "Expand" | "Tile" | "Pad" | "Resize" | "OneHot":
            return most * prod(1 + n for each in numbers for n in each if n)
        case "Range":
            start, stop, step = (float(each.ravel()[0]) for each in values[:3])
            return int(abs(stop - start) / abs(step)) + 1 if step else 1
        case "MatMul" | "Gemm" | "Einsum" | "Conv":
            return prod(each.size // max(1, min(each.shape, default=1)) for each in values[:2] if each is not None)
    return most
