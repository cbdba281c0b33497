"""Small networks out of the exporters of PyTorch, Keras and scikit-learn compute the same; skipped without them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch")
from azsim.errors import InputError  # noqa: E402
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


def test_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    pytest.importorskip("onnxscript")
    if keras.backend.backend() != "torch":
        pytest.skip("could not import keras on torch: it was imported on another backend before")
    layers = keras.layers
    network = keras.Sequential(
        [
            layers.Input((12, 6), batch_size=1),
            layers.Flatten(),
            layers.Dense(8, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )
    steps = np.random.default_rng(0).normal(size=(1, 12, 6)).astype(np.float32)
    wanted = network(steps).detach().cpu().numpy()
    path = tmp_path / "net.onnx"
    network.export(str(path), format="onnx", verbose=False)
    graph = from_onnx(path, settings={"batch": 1}).graph
    found = run_float(graph, {name: steps[None] for name in graph.inputs})[graph.outputs[0]][0]
    assert np.abs(found - wanted).max() < 1e-5


def test_scikit_learn(tmp_path: Path) -> None:
    """A classifier's probabilities; its label needs operators that there are none of, and is left out."""
    network = pytest.importorskip("sklearn.neural_network")
    skl2onnx = pytest.importorskip("skl2onnx")
    rng = np.random.default_rng(0)
    points = rng.normal(size=(80, 6)).astype(np.float32)
    labels = (points[:, 0] > 0).astype(int) + (points[:, 2] > 1)
    model = network.MLPClassifier((16, 8), solver="lbfgs", max_iter=20, random_state=0).fit(points, labels)
    path = tmp_path / "net.onnx"
    path.write_bytes(skl2onnx.to_onnx(model, points[:1], options={"zipmap": False}).SerializeToString())
    with pytest.raises(InputError, match=r"node ArgMax .*no such operator here; node ArrayFeatureExtractor"):
        from_onnx(path, shapes={"X": (1, 6)})
    with pytest.raises(InputError, match="output probability: no such output; there are label, probabilities"):
        from_onnx(path, shapes={"X": (1, 6)}, outputs=["probability"])
    graph = from_onnx(path, shapes={"X": (1, 6)}, outputs=["probabilities"]).graph
    found = run_float(graph, {"X": points[:, None]})["probabilities"][:, 0]
    assert np.abs(found - model.predict_proba(points)).max() < 1e-5
