"""The production-size recogniser on one core: words' arithmetic, lane cycles and the device, against real time.

A process of its own, so that its peak memory can be read: ``python -m experiments.bench.production weights|both``
prints one JSON object. ``weights`` is az1's skip mode, whose lane cycles are computed once; with ``both`` they depend
on the activations of every step.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from azsim.chip.build import build_invocations, build_schedules, tile_layout
from azsim.chip.lanes import lane_cost
from azsim.compare.experiment import load_experiment
from azsim.compare.production import draw
from azsim.compare.runner import make_setup
from azsim.compare.setup import compressed
from azsim.compare.trained import recognise
from azsim.compress.layout import cut
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.spec import Device
from azsim.nn.rnnt.batch import States, join_batch, predict_batch
from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel
from azsim.soc import simulate
from azsim.speech.frontend import FeatureQuantiser, stacked
from azsim.speech.recogniser import Recognition
from azsim.speech.replay import replay
from azsim.speech.work import Work
from experiments.bench.figure import Figure

ROOT = Path(__file__).resolve().parent.parent.parent
SECTION = "Production size"
CONFIGURATION = "5-bit zvsv 50%"
UTTERANCES = 3
FASTER_THAN_REAL_TIME = 3.0
SPARE_MB = 300
MB = 1e6
ARITHMETIC = "int8 arithmetic, bit-exact"
ONE_BY_ONE = "the same, steps pushed one by one as they come (not added)"
LANES = "lane cycles and schedules"
DEVICE = "device: memory, bus, cores, music"


def figures() -> list[Figure]:
    """Times per second of sound, how much faster than real time, and memory, in both modes."""
    found = []
    for skip, mode in (("weights", "az1's skip mode"), ("both", "fully data-dependent")):
        command = [sys.executable, "-m", "experiments.bench.production", skip]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        for _ in range(2):  # the first call compiles
            done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        answer = json.loads(done.stdout)
        for what, seconds in answer["seconds"].items():
            value = 1e3 * seconds / answer["audio_s"]
            found.append(Figure(SECTION, f"{mode}: {what}", value, "ms per second of sound"))
        total = sum(seconds for what, seconds in answer["seconds"].items() if what != ONE_BY_ONE)
        default = skip == "weights"
        note = f"{answer['audio_s']:.1f} s of sound, one core; {answer['once']}"
        target = FASTER_THAN_REAL_TIME if default else None
        found.append(
            Figure(SECTION, f"{mode}: faster than real time", answer["audio_s"] / total, "x", target, note=note)
        )
        if default:
            limit = (2 * answer["weights"]) / MB + SPARE_MB
            note = "limit: twice the decoded weights and 300 MB"
            what = f"{mode}: peak memory of the process"
            found.append(Figure(SECTION, what, answer["peak_bytes"] / MB, "MB", limit, at_most=True, note=note))
    return found


def measure(skip: str) -> dict[str, object]:
    """Run everything once, on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    experiment, path = load_experiment(None)
    setup = make_setup(experiment, path, limit=UTTERANCES)
    configuration = next(each for each in experiment.configuration if each.name == CONFIGURATION)
    trained = compressed(setup, configuration)
    recognitions = recognise(trained, setup)
    device = _streamed(setup.device, skip)
    large = draw(trained, experiment.production, tile_layout(device.chip), experiment.seed)
    model = IntegerModel.of(large)
    quantiser = FeatureQuantiser(trained.network, model.feature_scale)
    sounds = [stacked(quantiser(each.features), large.network.stack, 1) for each in setup.utterances]
    works = [_on_large(recognition, large) for recognition in recognitions]
    labels = [recognition.transcript.labels for recognition in recognitions]
    record = skip == "both"
    _compile(model, device.chip, sounds[0][:2], works[0])
    seconds = dict.fromkeys((ARITHMETIC, ONE_BY_ONE, LANES, DEVICE), 0.0)
    schedules: Mapping[str, object] = {}
    if not record:
        with _clock(seconds, LANES):
            schedules = build_schedules(device.chip, large)
    for index, work in enumerate(works):
        steps = sounds[index][: work.steps]
        with _clock(seconds, ARITHMETIC):
            inputs = listen(model, steps, work, labels[index], len(steps), record)
        with _clock(seconds, ONE_BY_ONE):
            listen(model, steps, work, labels[index], 1, False)
        if record:
            with _clock(seconds, LANES):
                schedules = _data_dependent(device.chip, large, inputs)
        with _clock(seconds, DEVICE):
            simulate(device, work, schedules, music=setup.music, seed=index)
    return {
        "audio_s": sum(work.audio_ms for work in works) / 1e3,
        "seconds": seconds,
        "once": "the lane cycles of every matrix once" if not record else "the lane cycles of every step",
        "weights": int(sum(matrix.size for matrix in large.decoded.values())),
        "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def _streamed(device: Device, skip: str) -> Device:
    chip = device.chip
    sram = msgspec.structs.replace(chip.sram, residency="streamed")
    lanes = msgspec.structs.replace(chip.lanes, skip=skip)
    return msgspec.structs.replace(device, chip=msgspec.structs.replace(chip, sram=sram, lanes=lanes))


def _on_large(recognition: Recognition, large: CompressedNetwork) -> Work:
    work = replay(recognition.work, recognition.transcript.label_steps, large.network.programs())
    return replace(work, steps=recognition.work.steps)


@contextmanager
def _clock(seconds: dict[str, float], what: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    seconds[what] += time.perf_counter() - begin


def _compile(model: IntegerModel, chip: ChipSpec, steps: np.ndarray, work: Work) -> None:
    """Call every kernel once, on little."""
    listen(model, steps, replace(work, jobs=work.jobs[:8]), (0,) * 8, 1, False)
    small = np.ones((64, 64), np.int8)
    lane_cost(small, cut(64, 64, tile_layout(chip)), chip.lanes, small[:1])


def _data_dependent(chip: ChipSpec, large: CompressedNetwork, inputs: Mapping[str, np.ndarray]) -> Mapping[str, object]:
    """One schedule per run of every program."""
    return {
        name: build_invocations(chip, program, large, {}, {matrix: inputs[matrix] for matrix in program.matrices})
        for name, program in large.network.programs().items()
    }


def listen(
    model: IntegerModel, steps: np.ndarray, work: Work, labels: tuple[int, ...], together: int, record: bool
) -> dict[str, np.ndarray]:
    """Encoder, prediction network and joint, as often as the utterance's jobs ask; the labels are given.

    Args:
        model: the network.
        steps: int8 ``(n, columns)``.
        work: whose jobs say how often joint and prediction network run.
        labels: what the prediction network is fed.
        together: steps pushed into the encoder at once.
        record: keep the inputs of every matrix.

    Returns:
        Matrix -> int8 ``(runs, columns)``, if recorded.
    """
    encoder = Encoder(model, record)
    encoded = np.concatenate([encoder.push(steps[at : at + together]) for at in range(0, len(steps), together)])
    networks, states, now, then = model.networks, States.zeros(model.networks, 2), np.array([0]), np.array([1])
    joined, logits = np.zeros((1, networks.width), np.int8), np.empty((1, networks.pieces), np.int32)
    fed, hidden, evaluated = [], [states.hidden[0].copy()], []
    following = iter((0, *labels))
    for job in work.jobs:
        if job.name == "prediction":
            fed.append(next(following) % networks.pieces)
            predict_batch(networks, states, now, np.array(fed[-1:]), then, 1)
            now, then = then, now
            hidden.append(states.hidden[now[0]].copy())
        elif job.name == "joint":
            output = encoded[min(job.step, len(encoded) - 1)]
            join_batch(networks, output, states, now, 1, joined, logits)
            evaluated.append(joined[0].copy())
    if not record:
        return {}
    every = np.stack(hidden)
    inputs = networks.inputs(np.array(fed), every[:-1], every[1:])
    return {**encoder.inputs(), **inputs, "joint.output": np.stack(evaluated)}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
