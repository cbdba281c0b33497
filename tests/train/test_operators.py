"""The float references of the operators agree with PyTorch's layers."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="compares with PyTorch, the extra `train`")

from azsim.nn.graph.operator import Operator  # noqa: E402
from azsim.nn.graph.tensor import Tensor  # noqa: E402
from azsim.nn.operators.attention import Attention  # noqa: E402
from azsim.nn.operators.batch_norm import BatchNorm, folded  # noqa: E402
from azsim.nn.operators.clip import Clip  # noqa: E402
from azsim.nn.operators.conv1d import Conv1d  # noqa: E402
from azsim.nn.operators.conv2d import Conv2d  # noqa: E402
from azsim.nn.operators.dense import Dense  # noqa: E402
from azsim.nn.operators.embedding import Embedding  # noqa: E402
from azsim.nn.operators.gelu import Gelu  # noqa: E402
from azsim.nn.operators.gru import Gru  # noqa: E402
from azsim.nn.operators.layer_norm import LayerNorm  # noqa: E402
from azsim.nn.operators.lstm import Lstm  # noqa: E402
from azsim.nn.operators.matmul import Matmul  # noqa: E402
from azsim.nn.operators.pool2d import Pool2d  # noqa: E402
from azsim.nn.operators.relu import Relu  # noqa: E402
from azsim.nn.operators.rms_norm import RmsNorm  # noqa: E402
from azsim.nn.operators.sigmoid import Sigmoid  # noqa: E402
from azsim.nn.operators.silu import Silu  # noqa: E402
from azsim.nn.operators.softmax import Softmax  # noqa: E402
from azsim.nn.operators.tanh import Tanh  # noqa: E402
from tests.nn.operators.single import float_out, graph_of  # noqa: E402

RNG = np.random.default_rng(11)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(0, 1, shape).astype(np.float32)


def agree(
    operator: Operator, arrays: list[np.ndarray], parameters: dict[str, np.ndarray], wanted: torch.Tensor
) -> None:
    """The operator on streams, in pieces, and PyTorch's layer on the whole."""
    tensors = [Tensor(each.shape[1:], holds="index" if each.dtype == np.int64 else "values") for each in arrays]
    found = float_out(graph_of(operator, tensors, parameters), arrays, [1, 2])
    assert np.allclose(found, wanted.detach().numpy(), atol=2e-5)


def test_dense_and_embedding() -> None:
    layer, values = torch.nn.Linear(7, 5), normal(6, 3, 7)
    weights = {"weights": layer.weight.detach().numpy(), "bias": layer.bias.detach().numpy()}
    agree(Dense(), [values], weights, layer(torch.from_numpy(values)))
    table, index = normal(9, 4), RNG.integers(0, 9, 6)
    found = torch.nn.functional.embedding(torch.from_numpy(index), torch.from_numpy(table))
    agree(Embedding(), [index], {"weights": table}, found)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_recurrent_layers(kind: str) -> None:
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](5, 4)
    into, again, first, second = (each.detach().numpy() for each in layer._flat_weights)
    values = normal(9, 5)
    wanted, _ = layer(torch.from_numpy(values))
    if kind == "lstm":
        agree(Lstm(), [values], {"input": into, "recurrent": again, "bias": first + second}, wanted)
    else:
        bias = first + np.concatenate([second[:8], np.zeros(4, np.float32)])
        parameters = {"input": into, "recurrent": again, "bias": bias, "candidate_bias": second[8:]}
        agree(Gru(), [values], parameters, wanted)


@pytest.mark.parametrize(("stride", "dilation", "groups"), [(1, 1, 1), (2, 1, 1), (1, 2, 3), (3, 2, 6), (4, 1, 6)])
def test_causal_convolution(stride: int, dilation: int, groups: int) -> None:
    taps, layer = 3, torch.nn.Conv1d(6, 6, 3, stride, dilation=dilation, groups=groups)
    values = normal(12, 6)
    left = (taps - 1) * dilation + 1 - stride
    padded = torch.nn.functional.pad(torch.from_numpy(values.T)[None], (left, 0))
    weights = layer.weight.detach().numpy().transpose(0, 2, 1).reshape(6, -1)
    parameters = {"weights": weights, "bias": layer.bias.detach().numpy()}
    agree(Conv1d(taps, stride, dilation, groups), [values], parameters, layer(padded)[0].T)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_convolution_over_two_axes(groups: int) -> None:
    layer = torch.nn.Conv2d(4, 8, (3, 2), (2, 1), (1, 2), (1, 2), groups)
    values = normal(5, 4, 7, 6)
    weights = layer.weight.detach().numpy().transpose(0, 2, 3, 1).reshape(8, -1)
    operator = Conv2d((3, 2), (2, 1), (1, 2), (1, 2, 1, 2), groups)
    parameters = {"weights": weights, "bias": layer.bias.detach().numpy()}
    agree(operator, [values], parameters, layer(torch.from_numpy(values)))


def test_normalisations() -> None:
    values, gain, bias = normal(6, 3, 8), normal(8), normal(8)
    x, g, b = (torch.from_numpy(each) for each in (values, gain, bias))
    agree(LayerNorm(1e-5), [values], {"gain": gain, "bias": bias}, torch.nn.functional.layer_norm(x, (8,), g, b, 1e-5))
    agree(RmsNorm(1e-6), [values], {"gain": gain}, torch.nn.functional.rms_norm(x, (8,), g, 1e-6))
    mean, variance = normal(3), np.abs(normal(3)) + np.float32(0.1)
    own = [torch.from_numpy(each) for each in (mean, variance, gain[:3], bias[:3])]
    wanted = torch.nn.functional.batch_norm(x, *own, eps=1e-5)
    scale, offset = folded(gain[:3], bias[:3], mean, variance, 1e-5)
    agree(BatchNorm(0), [values], {"scale": scale, "offset": offset}, wanted)


def test_functions() -> None:
    values = 3 * normal(6, 8)
    x = torch.from_numpy(values)
    functions = torch.nn.functional
    agree(Relu(), [values], {}, functions.relu(x))
    agree(Clip(0.0, 6.0), [2 * values], {}, functions.relu6(2 * x))
    agree(Relu(slope=0.1), [values], {}, functions.leaky_relu(x, 0.1))
    agree(Silu(), [values], {}, functions.silu(x))
    agree(Gelu(), [values], {}, functions.gelu(x))
    agree(Gelu(by_tanh=True), [values], {}, functions.gelu(x, approximate="tanh"))
    agree(Sigmoid(), [values], {}, torch.sigmoid(x))
    agree(Tanh(), [values], {}, torch.tanh(x))
    agree(Softmax(), [values], {}, torch.softmax(x, -1))


def test_pooling_and_products() -> None:
    values = normal(5, 3, 6, 7)
    x = torch.from_numpy(values)
    pad = (1, 1, 1, 1)
    agree(Pool2d("max", (3, 2), (2, 2), pad), [values], {}, torch.nn.functional.max_pool2d(x, (3, 2), 2, 1))
    agree(Pool2d("mean", (3, 2), (2, 2), pad), [values], {}, torch.nn.functional.avg_pool2d(x, (3, 2), 2, 1))
    left, right = normal(5, 2, 3, 4), normal(5, 2, 4, 6)
    agree(Matmul(0.5), [left, right], {}, 0.5 * torch.from_numpy(left) @ torch.from_numpy(right))


@pytest.mark.parametrize(("left", "chunk"), [(0, 1), (3, 1), (2, 4), (100, 6)])
def test_attention_is_masked_attention(left: int, chunk: int) -> None:
    arrays = [normal(12, 6) for _ in range(3)]
    steps = torch.arange(12)
    start = steps // chunk * chunk
    seen = (steps[None] >= start[:, None] - left) & (steps[None] < start[:, None] + chunk)
    heads = [torch.from_numpy(each).reshape(12, 2, 3).transpose(0, 1) for each in arrays]
    wanted = torch.nn.functional.scaled_dot_product_attention(*heads, attn_mask=seen)
    agree(Attention(2, left, chunk), arrays, {}, wanted.transpose(0, 1).reshape(12, 6))
