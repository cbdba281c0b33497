"""The inputs of a model: their shapes, open dimensions given by the user, inputs set to a constant."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from azsim.errors import InputError, nearest
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.onnx.model import onnx_package

MOST_AXES = 8


def input_tensors(
    graph: object, settings: Mapping[str, float], shapes: Mapping[str, Shape]
) -> tuple[dict[str, Tensor], dict[str, np.ndarray]]:
    """Input -> tensor, of those that are fed; and the value of those that were set.

    Args:
        graph: ``GraphProto``.
        settings: inputs or named dimensions -> value.
        shapes: inputs -> shape.

    Raises:
        InputError: a dimension has no value, a name is not there, or an input is of a type that no graph takes.
    """
    onnx = onnx_package()
    stored = {each.name for each in graph.initializer}
    infos = {each.name: each for each in graph.input if each.name not in stored}
    dimensions = {
        extent.dim_param for info in infos.values() for extent in info.type.tensor_type.shape.dim if extent.dim_param
    }
    for name in settings:
        if name not in infos and name not in dimensions:
            listed = ", ".join((*infos, *sorted(dimensions)))
            raise InputError(
                f"set {name}: no input or dimension of that name; there are {listed}{nearest(name, infos)}"
            )
    for name in shapes:
        if name not in infos:
            raise InputError(f"shape of {name}: no such input; there are {', '.join(infos)}{nearest(name, infos)}")
    tensors, given, open_ = {}, {}, []
    for name, info in infos.items():
        if not info.type.HasField("tensor_type"):
            raise InputError(f"input {name}: must be a tensor")
        kind = info.type.tensor_type.elem_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind)
        shape, missing = _shape(info, settings, shapes.get(name))
        if name in settings:
            if missing:
                shape = tuple(1 for _ in shape)
            given[name] = np.full(shape, settings[name], dtype)
        elif missing:
            open_.append(f"input {name}: {missing}")
        elif dtype.kind == "f" or kind == onnx.TensorProto.BFLOAT16:
            tensors[name] = Tensor(shape)
        elif dtype.kind in "iu":
            tensors[name] = Tensor(shape, holds="index")
        else:
            raise InputError(f"input {name}: {dtype}: must be floats or whole numbers; set its value")
    if open_:
        raise InputError(f"{'; '.join(open_)}; give --set DIMENSION=N or --shape INPUT=1xN")
    return tensors, given


def _shape(info: object, settings: Mapping[str, float], asked: Shape | None) -> tuple[Shape, str]:
    """The shape, and what of it has no value."""
    stated = info.type.tensor_type.shape.dim
    if not info.type.tensor_type.HasField("shape"):
        return (asked, "") if asked is not None else ((), "its shape is not stated")
    if len(stated) > MOST_AXES:
        raise InputError(f"input {info.name}: {len(stated)} axes: must be at most {MOST_AXES}")
    if asked is not None and len(asked) != len(stated):
        raise InputError(f"shape of {info.name}: {len(asked)} extents: the model has {len(stated)}")
    found, missing = [], []
    for index, extent in enumerate(stated):
        if extent.HasField("dim_value") and extent.dim_value > 0:  # exporters write -1 for an open one
            if asked is not None and asked[index] != extent.dim_value:
                raise InputError(f"shape of {info.name}: {asked}: extent {index} must be {extent.dim_value}")
            found.append(int(extent.dim_value))
        elif asked is not None:
            found.append(asked[index])
        elif extent.dim_param in settings:
            found.append(int(settings[extent.dim_param]))
        else:
            found.append(1)
            missing.append(extent.dim_param or f"extent {index}")
    if any(extent < 1 for extent in found):
        raise InputError(f"input {info.name}: shape {tuple(found)}: extents must be at least 1")
    return tuple(found), f"{', '.join(missing)} has no value" if missing else ""
