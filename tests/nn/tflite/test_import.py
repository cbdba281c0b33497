"""TFLite files imported: equal to TFLite's interpreter, variables as states, integers and grids kept; or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("tflite")
from azsim.cli import main
from azsim.errors import InputError
from azsim.nn.graph.calibrate import calibrated
from azsim.nn.onnx.check import check
from azsim.nn.onnx.importer import Imported, import_model
from azsim.nn.tflite.file import read_tflite
from tests.nn.tflite.models import File, image_network, streaming_network


def imported(path: Path) -> Imported:
    return import_model(path, name=None, settings={}, shapes={}, states={}, every_ms=30.0)


def test_images_are_computed_as_the_interpreter_does(tmp_path: Path) -> None:
    path = image_network().saved(tmp_path)
    found = imported(path)
    stream = {"x": np.random.default_rng(1).normal(0, 1, (20, 1, 8, 6, 2)).astype(np.float32)}
    (row,) = check(found, [stream], path, calibrated(found.network.graph, [stream]))
    assert (row.output, row.values) == ("y", 60)
    assert max(row.error, row.as_given) < 1e-5
    assert row.snr_db > 20
    kinds = [node.operator.kind for node in found.network.graph.nodes]
    assert kinds.count("conv2d") == 2


def test_variables_are_states_and_integers_are_kept(tmp_path: Path) -> None:
    path = streaming_network().saved(tmp_path)
    found = imported(path)
    network = found.network
    assert found.states == {"memory": "memory.next"}
    assert [each.name for each in network.graph.carried] == ["memory"]
    (matrix,) = network.weight_matrices
    main_graph = read_tflite(path)[0]
    weights = next(each for each in main_graph.tensors if each.name == "w")
    assert np.array_equal(network.quantised[matrix].values, weights.data)
    assert np.allclose(network.quantised[matrix].scales, weights.scales)
    streams = [
        {"x": (0.05 * np.random.default_rng(seed).integers(-100, 101, (40, 1, 1, 4))).astype(np.float32)}
        for seed in (1, 2)
    ]
    integers = calibrated(network.graph, streams, hints=network.hints)
    (joined,) = {node.inputs[0] for node in network.graph.nodes if node.operator.kind == "dense"}
    assert integers.grids[joined].scale == pytest.approx(0.05 * 155 / 127)  # from -100 to 155 steps
    (row,) = check(found, streams, path, integers)
    assert row.error < 1e-6
    assert row.as_given < 0.01  # half a step of the output, of 255
    assert row.snr_db > 30


def test_a_file_is_imported_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, inputs = image_network().saved(tmp_path), tmp_path / "x.npy"
    np.save(inputs, np.random.default_rng(1).normal(0, 1, (4, 1, 8, 6, 2)).astype(np.float32))
    words = ["import", str(path), "--out", str(tmp_path / "net"), "--calibrate", str(inputs), "--check"]
    assert main(words) == 0
    assert "float differs by" in capsys.readouterr().out


def _started() -> File:
    return streaming_network(start=1.0)


def _unknown() -> File:
    file = image_network()
    for operator in file.model.operatorCodes[-1:] + file.model.operatorCodes[2:3]:
        operator.builtinCode = operator.deprecatedBuiltinCode = 76 if operator.builtinCode == 25 else 110
    return file


def _no_numbers() -> File:
    file = image_network()
    file.model.buffers[2].data = np.frombuffer(np.full(48, np.nan, np.float32).tobytes(), np.uint8)
    return file


def _short() -> File:
    file = image_network()
    file.graph.tensors[4].shape = [4, 3, 2, 3]
    return file


def _open() -> File:
    file = image_network()
    file.graph.tensors[0].shape = [1, -1, 6, 2]
    return file


BAD = {
    "start": (_started, "tensor zeros: a variable begins with it: must be zeros"),
    "operators": (_unknown, r"2 things are not supported: node .*: there is no such operator here; node .*no such"),
    "nan": (_no_numbers, "tensor w: holds values that are not finite numbers"),
    "shape": (_short, "tensor w: shape .* needs 288 bytes: holds 192"),
    "open": (_open, "net.tflite"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_line_and_nothing_is_written(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, said = BAD[case]
    path = make().saved(tmp_path)
    with pytest.raises(InputError, match=said):
        imported(path)
    before = sorted(tmp_path.rglob("*"))
    assert main(["import", str(path), "--out", str(tmp_path / "net")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_cut_short_or_damaged_is_refused(tmp_path: Path) -> None:
    data, path = streaming_network().data(), tmp_path / "cut.tflite"
    for size in (0, 7, 40, len(data) // 3, len(data) // 2):
        path.write_bytes(data[:size])
        with pytest.raises(InputError, match=r"cut\.tflite"):
            imported(path)
    rng, refused = np.random.default_rng(0), 0
    for _ in range(40):  # an answer or one line, and nothing else
        broken = bytearray(data)
        for at in rng.integers(8, len(data), 3):
            broken[at] = rng.integers(256)
        path.write_bytes(broken)
        try:
            imported(path)
        except InputError:
            refused += 1
    assert refused
