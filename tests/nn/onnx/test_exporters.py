"""The same small network out of PyTorch's two exporters computes the same; what is not installed is skipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch")
from azsim.nn.graph.run import run_float  # noqa: E402
from azsim.nn.onnx.importer import from_onnx  # noqa: E402


class Small(torch.nn.Module):
    """A convolution, an LSTM, normalisation and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv1d(6, 8, 3, padding=1)
        self.lstm = torch.nn.LSTM(8, 10, batch_first=True)
        self.norm = torch.nn.LayerNorm(10)
        self.head = torch.nn.Linear(10, 4)

    def forward(self, steps: torch.Tensor) -> torch.Tensor:
        wide = torch.nn.functional.gelu(self.conv(steps.transpose(1, 2))).transpose(1, 2)
        hidden, _ = self.lstm(wide)
        return torch.softmax(self.head(self.norm(hidden[:, -1])), dim=-1)


@pytest.mark.parametrize("dynamo", [False, True])
def test_exporter(dynamo: bool, tmp_path: Path) -> None:
    if dynamo:
        pytest.importorskip("onnxscript")
    torch.manual_seed(3)
    network, steps = Small().eval(), torch.randn(1, 12, 6)
    path = tmp_path / "net.onnx"
    torch.onnx.export(network, (steps,), str(path), dynamo=dynamo, input_names=["x"], output_names=["y"])
    graph = from_onnx(path).graph
    found = run_float(graph, {"x": steps.numpy()[None]})["y"][0]
    with torch.no_grad():
        wanted = network(steps).numpy()
    assert np.abs(found - wanted).max() < 1e-5 * np.abs(wanted).max() + 1e-6
