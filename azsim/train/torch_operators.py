"""Each operator of a graph as PyTorch computes it, on batches of streams: the float reference with gradients.

::

    numpy reference   (n, *shape)        one stream in pieces
    here              (B, n, *shape)     B streams, whole; n falls with the period, as the reference's does

A new operator that shall be trained is one function here, registered for its class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import singledispatch

import torch
from torch.nn import functional

from azsim.errors import InputError
from azsim.nn.graph.operator import Operator
from azsim.nn.operators.add import Add
from azsim.nn.operators.attention import Attention
from azsim.nn.operators.batch_norm import BatchNorm
from azsim.nn.operators.clip import Clip
from azsim.nn.operators.concat import Concat
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.conv2d import Conv2d
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.embedding import Embedding
from azsim.nn.operators.gelu import Gelu
from azsim.nn.operators.gru import Gru
from azsim.nn.operators.last_of import LastOf
from azsim.nn.operators.layer_norm import LayerNorm
from azsim.nn.operators.lstm import Lstm
from azsim.nn.operators.matmul import Matmul
from azsim.nn.operators.mean_pool import MeanPool
from azsim.nn.operators.multiply import Multiply
from azsim.nn.operators.pad import Pad
from azsim.nn.operators.pool2d import Pool2d
from azsim.nn.operators.reduce import Reduce
from azsim.nn.operators.relu import Relu
from azsim.nn.operators.reshape import Reshape
from azsim.nn.operators.rms_norm import RmsNorm
from azsim.nn.operators.sigmoid import Sigmoid
from azsim.nn.operators.silu import Silu
from azsim.nn.operators.slice import Slice
from azsim.nn.operators.softmax import Softmax
from azsim.nn.operators.stack import Stack
from azsim.nn.operators.statistics_pool import StatisticsPool
from azsim.nn.operators.tanh import Tanh
from azsim.nn.operators.threshold import Threshold
from azsim.nn.operators.transpose import Transpose
from azsim.nn.operators.unstack import Unstack

Tensors = tuple[torch.Tensor, ...]
Roles = Mapping[str, torch.Tensor]


@singledispatch
def forward(operator: Operator, inputs: Tensors, roles: Roles) -> torch.Tensor:
    """The output of a node for whole streams.

    Args:
        operator: of the node.
        inputs: ``(B, n, *shape)`` each, all of the same n.
        roles: role -> parameter; optional ones may be missing.

    Raises:
        InputError: the operator is not trained here.
    """
    known = sorted(cls.kind for cls in forward.registry if getattr(cls, "kind", ""))
    raise InputError(f"operator {operator.kind}: cannot be trained; there are {', '.join(known)}")


@forward.register
def _dense(operator: Dense, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return functional.linear(inputs[0], roles["weights"], roles.get("bias"))


@forward.register
def _embedding(operator: Embedding, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return functional.embedding(inputs[0].long(), roles["weights"])


@forward.register
def _lstm(operator: Lstm, inputs: Tensors, roles: Roles) -> torch.Tensor:
    steps = _restarted(inputs[0], operator.restart)
    recurrent = roles["recurrent"]
    bias = roles.get("bias", recurrent.new_zeros(len(recurrent)))
    zeros = steps.new_zeros(1, len(steps), recurrent.shape[1])
    weights = [roles["input"], recurrent, bias, torch.zeros_like(bias)]
    hidden = torch.lstm(steps, (zeros, zeros), weights, True, 1, 0.0, False, False, True)[0]
    return hidden.reshape(*inputs[0].shape[:2], -1)


@forward.register
def _gru(operator: Gru, inputs: Tensors, roles: Roles) -> torch.Tensor:
    steps, recurrent = _restarted(inputs[0], operator.restart), roles["recurrent"]
    size = recurrent.shape[1]
    bias = roles.get("bias", recurrent.new_zeros(3 * size))
    own = roles.get("candidate_bias", recurrent.new_zeros(size))
    if operator.reset_after:
        weights = [roles["input"], recurrent, bias, torch.cat([torch.zeros_like(bias[: 2 * size]), own])]
        zeros = steps.new_zeros(1, len(steps), size)
        hidden = torch.gru(steps, zeros, weights, True, 1, 0.0, False, False, True)[0]
        return hidden.reshape(*inputs[0].shape[:2], -1)
    entering, state, outputs = functional.linear(steps, roles["input"], bias), steps.new_zeros(len(steps), size), []
    for sums in entering.unbind(1):
        reset, keep = torch.sigmoid(sums[:, : 2 * size] + state @ recurrent[: 2 * size].T).chunk(2, 1)
        new = torch.tanh(sums[:, 2 * size :] + (reset * state) @ recurrent[2 * size :].T)
        state = (1 - keep) * new + keep * state
        outputs.append(state)
    return torch.stack(outputs, 1).reshape(*inputs[0].shape[:2], -1)


def _restarted(steps: torch.Tensor, restart: int) -> torch.Tensor:
    """Streams whose state begins anew every ``restart`` steps as so many shorter ones."""
    if not restart:
        return steps
    if steps.shape[1] % restart:
        raise InputError(f"{steps.shape[1]} steps: must be a multiple of the {restart} after which the state restarts")
    return steps.reshape(-1, restart, steps.shape[2])


@forward.register
def _conv1d(operator: Conv1d, inputs: Tensors, roles: Roles) -> torch.Tensor:
    rows, columns = roles["weights"].shape
    kernel = roles["weights"].reshape(rows, operator.taps, columns // operator.taps).transpose(1, 2)
    skipped = operator.context + operator.stride - ((operator.taps - 1) * operator.dilation + 1)
    whole = inputs[0].shape[1] // operator.stride * operator.stride
    steps = functional.pad(inputs[0][:, skipped:whole].transpose(1, 2), (operator.context, 0))
    made = functional.conv1d(steps, kernel, roles.get("bias"), operator.stride, 0, operator.dilation, operator.groups)
    return made.transpose(1, 2)


@forward.register
def _conv2d(operator: Conv2d, inputs: Tensors, roles: Roles) -> torch.Tensor:
    rows = len(roles["weights"])
    height, width = operator.kernel
    kernel = roles["weights"].reshape(rows, height, width, -1).permute(0, 3, 1, 2)
    top, left, bottom, right = operator.padding
    images = functional.pad(inputs[0].flatten(0, 1), (left, right, top, bottom))
    bias, stride, dilation = roles.get("bias"), operator.stride, operator.dilation
    made = functional.conv2d(images, kernel, bias, stride, 0, dilation, operator.groups)
    return made.unflatten(0, inputs[0].shape[:2])


@forward.register
def _pool2d(operator: Pool2d, inputs: Tensors, roles: Roles) -> torch.Tensor:
    top, left, bottom, right = operator.padding
    largest = operator.function == "max"
    images = functional.pad(inputs[0].flatten(0, 1), (left, right, top, bottom), value=-math.inf if largest else 0.0)
    pool = functional.max_pool2d if largest else functional.avg_pool2d
    return pool(images, operator.kernel, operator.stride).unflatten(0, inputs[0].shape[:2])


@forward.register
def _add(operator: Add, inputs: Tensors, roles: Roles) -> torch.Tensor:
    left, right = _broadcast(inputs, roles)
    return left + right


@forward.register
def _multiply(operator: Multiply, inputs: Tensors, roles: Roles) -> torch.Tensor:
    left, right = _broadcast(inputs, roles)
    return left * right


def _broadcast(inputs: Tensors, roles: Roles) -> Tensors:
    """Both terms with as many axes, so that those of one array are matched from the last."""
    if len(inputs) == 1:
        return inputs[0], roles["other"]
    axes = max(each.dim() for each in inputs)
    return tuple(each.reshape(*each.shape[:2], *[1] * (axes - each.dim()), *each.shape[2:]) for each in inputs)


@forward.register
def _matmul(operator: Matmul, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return operator.scale * (inputs[0] @ inputs[1])


@forward.register
def _attention(operator: Attention, inputs: Tensors, roles: Roles) -> torch.Tensor:
    queries, keys, values = (each.unflatten(2, (operator.heads, -1)).transpose(1, 2) for each in inputs)
    whole = queries.shape[2] // operator.chunk * operator.chunk
    at = torch.arange(whole)
    apart = at[:, None] - at
    first = at // operator.chunk * operator.chunk
    seen = (at >= first[:, None] - operator.left) & (at < first[:, None] + operator.chunk)
    queries, keys, values = queries[:, :, :whole], keys[:, :, :whole], values[:, :, :whole]
    scores = queries @ keys.transpose(2, 3) / math.sqrt(queries.shape[3])
    if "position" in roles:
        columns = (apart + operator.chunk - 1).clamp(0, roles["position"].shape[1] - 1)
        scores = scores + roles["position"][:, columns]
    shares = torch.softmax(scores.masked_fill(~seen, -math.inf), 3)
    return (shares @ values).transpose(1, 2).flatten(2)


@forward.register
def _mean_pool(operator: MeanPool, inputs: Tensors, roles: Roles) -> torch.Tensor:
    if operator.steps:
        return _grouped(inputs[0], operator.steps).mean(2)
    return inputs[0].cumsum(1) / _counted(inputs[0])


@forward.register
def _statistics_pool(operator: StatisticsPool, inputs: Tensors, roles: Roles) -> torch.Tensor:
    if operator.steps:
        groups = _grouped(inputs[0], operator.steps)
        mean, squares = groups.mean(2), (groups * groups).mean(2)
    else:
        count = _counted(inputs[0])
        mean, squares = inputs[0].cumsum(1) / count, (inputs[0] * inputs[0]).cumsum(1) / count
    return torch.cat([mean, (squares - mean * mean).clamp(min=1e-10).sqrt()], 2)


def _grouped(steps: torch.Tensor, size: int) -> torch.Tensor:
    """``(B, n, ...)`` to ``(B, n // size, size, ...)``; what fills no group is left out."""
    return steps[:, : steps.shape[1] // size * size].unflatten(1, (-1, size))


def _counted(steps: torch.Tensor) -> torch.Tensor:
    """1, 2, ... along the steps, to divide by."""
    return torch.arange(1, steps.shape[1] + 1, dtype=steps.dtype).reshape(-1, *[1] * (steps.dim() - 2))


@forward.register
def _reduce(operator: Reduce, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return (torch.mean if operator.mean else torch.sum)(inputs[0], [axis + 2 for axis in operator.axes], True)


@forward.register
def _batch_norm(operator: BatchNorm, inputs: Tensors, roles: Roles) -> torch.Tensor:
    axes = inputs[0].dim() - 2
    shape = [1] * axes
    shape[operator.axis] = -1
    return inputs[0] * roles["scale"].reshape(shape) + roles["offset"].reshape(shape)


@forward.register
def _layer_norm(operator: LayerNorm, inputs: Tensors, roles: Roles) -> torch.Tensor:
    size = inputs[0].shape[-1:]
    return functional.layer_norm(inputs[0], size, roles.get("gain"), roles.get("bias"), operator.epsilon)


@forward.register
def _rms_norm(operator: RmsNorm, inputs: Tensors, roles: Roles) -> torch.Tensor:
    mean_square = (inputs[0] * inputs[0]).mean(-1, keepdim=True)
    scaled = inputs[0] * torch.rsqrt(mean_square + operator.epsilon)
    return scaled * roles["gain"] if "gain" in roles else scaled


@forward.register
def _softmax(operator: Softmax, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return torch.softmax(inputs[0], -1)


@forward.register
def _sigmoid(operator: Sigmoid, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return torch.sigmoid(inputs[0])


@forward.register
def _tanh(operator: Tanh, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return torch.tanh(inputs[0])


@forward.register
def _silu(operator: Silu, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return functional.silu(inputs[0])


@forward.register
def _gelu(operator: Gelu, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return functional.gelu(inputs[0], approximate="tanh" if operator.by_tanh else "none")


@forward.register
def _relu(operator: Relu, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return functional.leaky_relu(inputs[0], operator.slope)


@forward.register
def _clip(operator: Clip, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return inputs[0].clamp(operator.low, operator.high)


@forward.register
def _threshold(operator: Threshold, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return inputs[0][..., 0] > operator.limit


@forward.register
def _concat(operator: Concat, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return torch.cat(inputs, _axis(operator.axis))


@forward.register
def _slice(operator: Slice, inputs: Tensors, roles: Roles) -> torch.Tensor:
    chosen = operator.start + operator.step * torch.arange(operator.count)
    return inputs[0].index_select(_axis(operator.axis), chosen)


@forward.register
def _pad(operator: Pad, inputs: Tensors, roles: Roles) -> torch.Tensor:
    padded = inputs[0]
    for axis, (before, after) in enumerate(zip(operator.before, operator.after, strict=True)):
        size = padded.shape[axis + 2]
        at = torch.arange(-before, size + after)
        if operator.mode == "reflect" and size > 1:
            at = (size - 1) - ((at % (2 * size - 2)) - (size - 1)).abs()
        outside = (at < 0) | (at >= size)
        padded = padded.index_select(axis + 2, at.clamp(0, size - 1))
        if operator.mode == "zeros":
            shape = [1] * padded.dim()
            shape[axis + 2] = -1
            padded = padded.masked_fill(outside.reshape(shape), 0)
    return padded


@forward.register
def _transpose(operator: Transpose, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return inputs[0].permute(0, 1, *(axis + 2 for axis in operator.order))


@forward.register
def _reshape(operator: Reshape, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return inputs[0].reshape(*inputs[0].shape[:2], *operator.shape)


@forward.register
def _stack(operator: Stack, inputs: Tensors, roles: Roles) -> torch.Tensor:
    groups = _grouped(inputs[0], operator.steps)
    return groups.flatten(2, 3) if operator.joined else groups


@forward.register
def _unstack(operator: Unstack, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return inputs[0].flatten(1, 2)


@forward.register
def _last_of(operator: LastOf, inputs: Tensors, roles: Roles) -> torch.Tensor:
    return inputs[0][:, operator.steps - 1 :: operator.steps]


def _axis(axis: int) -> int:
    """An axis of one array, from 0 or from -1, as an axis of a batch of streams."""
    return axis + 2 if axis >= 0 else axis
