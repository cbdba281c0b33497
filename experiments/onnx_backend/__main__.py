"""# ONNX's own backend tests through the importer

    python -m experiments.onnx_backend --out reports/onnx_backend

Every test of the package `onnx` whose data are in it: single nodes, simple models, models that PyTorch exported. A test
passes where the float graph gives its outputs (to 1e-3 of the largest value, 1e-5 beside it); it is refused where the
importer names what it does not take; anything else is wrong. Of a single node, the first input comes as a tensor and
the others are constants, as weights are; where that is refused, all float inputs are tensors.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.run import run_float
from azsim.nn.graph.tensor import Tensor
from azsim.nn.onnx.dequantise import float_twin
from azsim.nn.onnx.edit import drop_dead
from azsim.nn.onnx.fuse import fuse
from azsim.nn.onnx.model import OLDEST_OPSET, onnx_package, opset_of, read_model
from azsim.nn.onnx.rewrite import REWRITTEN
from azsim.nn.onnx.walk import PASSING, Walk
from azsim.nn.operators.registry import onnx_operators
from azsim.report.page import write_page

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
DataSet = tuple[list, list]
RELATIVE, ABSOLUTE = 1e-3, 1e-5


@dataclass(frozen=True)
class BackendOutcome:
    """Of one test: ``passed``, ``refused`` or ``wrong``, with the importer's words."""

    kind: str
    test: str
    operator: str
    claimed: bool
    outcome: str
    said: str = ""


def outcomes() -> Iterator[BackendOutcome]:
    """All tests whose data are in the package."""
    onnx_package()
    from onnx.backend.test.loader import load_model_tests

    claimed = onnx_operators().keys() | REWRITTEN | PASSING
    for kind in KINDS:
        for case in load_model_tests(kind=kind):
            with tempfile.TemporaryDirectory() as folder:
                path, sets = _data(case, Path(folder))
                if sets:
                    yield _outcome(kind, case.name, path, sets, claimed)


def _data(case: object, folder: Path) -> tuple[Path, list[DataSet]]:
    """The file of a test's model, and its data; none where they would have to be fetched."""
    onnx = onnx_package()
    if case.model is not None:
        path = folder / "model.onnx"
        path.write_bytes(case.model.SerializeToString())
        return path, list(case.data_sets or ())
    path = Path(case.model_dir or folder) / "model.onnx"
    if not path.exists():
        return path, []
    sets = [
        tuple([_read(onnx, each) for each in _numbered(data, what)] for what in ("input", "output"))
        for data in sorted(path.parent.glob("test_data_set_*"))
    ]
    return path, sets


def _outcome(kind: str, name: str, path: Path, sets: Sequence[DataSet], claimed: set[str]) -> BackendOutcome:
    try:
        model = read_model(path)
    except InputError as error:
        return BackendOutcome(kind, name, "", False, "refused", str(error))
    operators = sorted({node.op_type for node in model.graph.node})
    label, ours = operators[0] if len(operators) == 1 else "several", all(each in claimed for each in operators)
    said, done = "", False
    for alone in (True, False) if kind == "node" else (False,):
        try:
            fits = all(_fits(model, each, alone) for each in sets)
        except InputError as error:
            said = str(error)
            continue
        if not fits:
            return BackendOutcome(kind, name, label, ours, "wrong", "outputs differ")
        done = True
    return BackendOutcome(kind, name, label, ours, "passed" if done else "refused", "" if done else said)


def _fits(model: object, data: DataSet, alone: bool) -> bool:
    """Whether the graph of a model gives the outputs of a data set."""
    onnx = onnx_package()
    values, wanted = data
    if not all(isinstance(each, np.ndarray | np.generic) for each in (*values, *wanted)):
        raise InputError("a sequence or an optional value")
    if any(each.dtype == np.float64 and np.abs(each).max(initial=0.0) > np.finfo(np.float32).max for each in values):
        raise InputError("numbers beyond float32")
    twin = float_twin(model).model
    fuse(twin)
    drop_dead(twin.graph)
    stored = {each.name: onnx.numpy_helper.to_array(each) for each in twin.graph.initializer}
    named = dict(zip([each.name for each in model.graph.input if each.name not in stored], values))
    live = [name for name, value in named.items() if value.dtype.kind == "f" and value.size]
    if alone:
        live = live[:1]
    elif any(node.op_type == "Gather" for node in twin.graph.node):
        live = [name for name, value in named.items() if value.dtype.kind in "iu"][:1] or live
    if not live:
        raise InputError("no input of numbers")
    constants = {**stored, **{name: value for name, value in named.items() if name not in live}}
    inputs = {
        name: Tensor(named[name].shape, holds="index" if named[name].dtype.kind in "iu" else "values") for name in live
    }
    walk = Walk(inputs, [], constants, max(opset_of(model), OLDEST_OPSET))
    names = walk.nodes(twin.graph.node)
    made = []
    for each in twin.graph.output:
        key = names.get(each.name, each.name)
        if not walk.problems:
            made.append(walk.constants[key] if key in walk.constants else walk.need(key, "output"))
    if walk.problems:
        raise InputError("; ".join(walk.problems))
    tensors = tuple(dict.fromkeys(each for each in made if isinstance(each, str)))
    if not tensors:
        raise InputError("nothing is left to compute")
    own = set(tensors) & set(inputs)
    if own:
        raise InputError("an output is an input")
    graph = Graph("test", inputs, tensors, tuple(walk.builder.nodes), walk.builder.parameters)
    dtypes = {name: np.float32 if inputs[name].holds == "values" else np.int64 for name in live}
    found = run_float(graph, {name: named[name].astype(dtypes[name])[None] for name in live})
    outputs = [each if not isinstance(each, str) else found[each][0] for each in made]
    return all(_near(a, b) for a, b in zip(outputs, wanted, strict=False))


def _near(found: np.ndarray, wanted: np.ndarray) -> bool:
    if found.shape != wanted.shape:
        return False
    exact = wanted.astype(np.float64)
    largest = np.abs(exact[np.isfinite(exact)]).max(initial=0.0)
    return bool(np.allclose(found, exact, rtol=0, atol=RELATIVE * largest + ABSOLUTE, equal_nan=True))


def _numbered(folder: Path, what: str) -> list[Path]:
    return sorted(folder.glob(f"{what}_*.pb"), key=lambda path: int(path.stem.split("_")[1]))


def _read(onnx: object, path: Path) -> np.ndarray | None:
    tensor = onnx.TensorProto()
    try:
        tensor.ParseFromString(path.read_bytes())
        return np.asarray(onnx.numpy_helper.to_array(tensor))
    except Exception:  # of protobuf: it is no tensor
        return None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all, write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("reports/onnx_backend"))
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    found = list(outcomes())
    with open(options.out / "tests.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["kind", "test", "operator", "claimed", "outcome"])
        writer.writerows([each.kind, each.test, each.operator, each.claimed, each.outcome] for each in found)
    write_page(options.out, page(found))
    print(Counter((each.claimed, each.outcome) for each in found))
    for each in found:
        if each.outcome == "wrong":
            print("wrong:", each.kind, each.test)


def page(found: Sequence[BackendOutcome]) -> str:
    """Counts by kind, and by operator of those that are claimed."""
    lines = [(__doc__ or "").strip(), "", "| tests | of operators | passed | refused by name | wrong |",
             "|---|---|---:|---:|---:|"]  # fmt: skip
    for kind in KINDS:
        for claimed in (True, False):
            own = [each for each in found if each.kind == kind and each.claimed == claimed]
            if own:
                lines.append(f"| {kind} | {'claimed' if claimed else 'others'} | {_counts(own)} |")
    lines += [f"| all | all | {_counts(found)} |", "", "| operator | passed | refused by name | wrong |",
              "|---|---:|---:|---:|"]  # fmt: skip
    nodes = [each for each in found if each.kind == "node" and each.claimed]
    for operator in sorted({each.operator for each in nodes}):
        lines.append(f"| {operator} | {_counts([each for each in nodes if each.operator == operator])} |")
    return "\n".join(lines) + "\n"


def _counts(found: Sequence[BackendOutcome]) -> str:
    counts = Counter(each.outcome for each in found)
    return f"{counts['passed']} | {counts['refused']} | {counts['wrong']}"


if __name__ == "__main__":
    main()
