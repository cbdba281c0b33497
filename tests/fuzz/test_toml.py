"""Every key of every TOML file by twenty-five bad values: devices, experiments, recipes of trainings."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.compare.experiment import load_experiment
from azsim.compare.runner import make_setup
from azsim.devices.loader import load_device
from azsim.devices.spec import Device
from azsim.inspect.device import WeightFigures, inspect_device
from azsim.nn.rnnt.save import save_network
from azsim.resources import device_file, device_names
from azsim.soc.music import MusicTrack
from azsim.soc.session import simulate_session
from azsim.train.recipe_file import load_recipe, recipe_folder
from tests.conftest import random_network
from tests.fuzz.harness import TIMES, Attack
from tests.fuzz.values import BAD_VALUES, keys_of, with_value

MOMENT_PS = 10 * 10**9
TRACK = MusicTrack("even", "vorbis", 48_000, 2, np.full(200, 340), np.full(200, 1024), "even")
POLICIES = {
    "base": "az1",
    "name": "mine",
    "memory": {
        "arbitration": "rate-regulated",
        "fair_weight": 0.5,
        "rate": {"cpu": {"gbps": 1.0, "burst_bytes": 65_536}},
        "latency": {"npu": {"target_ns": 500.0, "lowest": 1, "highest": 9, "step_log2_ns": 8}},
        "window": {"network": {"window_us": 100.0, "threshold_bytes": 10_000}},
    },
    "priority": {"others": {"camera": 3}},
}
EXPERIMENT = {
    "name": "tiny",
    "device": "az1",
    "model": "net.safetensors",
    "speech": "set.csv",
    "music": "music.ogg",
    "frames_per_step": 1,
    "seed": 1,
    "configuration": [
        {"name": "raw", "codec": "raw", "weight_bits": 8, "residency": {"joint.output": "streamed"}},
        {
            "name": "small",
            "codec": "zvsv",
            "weight_bits": 4,
            "sparsity": 0.5,
            "model": "net.safetensors",
            "matrices": {"joint.*": {"weight_bits": 6, "sparsity": 0.1, "codec": "packed"}},
        },
    ],
    "echo": {"level_db": 0.0, "cancel": False, "tail_ms": 60},
    "stage": [
        {"kind": "stand-in", "name": "whisper", "every_ms": 10.0, "priority": 60, "vectors": 1,
         "layers": [{"kind": "lstm", "inputs": 16, "units": 16}]},
    ],
    "cloud": {"name": "cloud"},
    "production": {
        "encoder_layers": 1, "encoder_units": 16, "prediction_layers": 1, "prediction_units": 16, "embedding": 8,
        "joint": 8, "pieces": 20, "utterances": 1,
    },
    "sensitivity": {"utterances": 1, "constants": {"clock": ["chip.clock_mhz"]}},
}  # fmt: skip
SHARE = 9
"""Of the bad values, one in so many is tried at each key of a file, unless there is time for all."""


def texts(attack: Attack, tree: dict) -> list[tuple[str, str]]:
    """Name and text of each case of a file."""
    keys = list(keys_of(tree))
    made = []
    for number, key in enumerate(keys):
        rng = attack.rng(number)
        count = min(len(BAD_VALUES), -(-len(BAD_VALUES) * TIMES // SHARE))
        for index in rng.choice(len(BAD_VALUES), count, replace=False):
            made.append((f"{key} = {BAD_VALUES[index][:60]}", with_value(tree, key, BAD_VALUES[index])))
    return made


def used(device: Device) -> None:
    """What is refused late is refused in the same way: a page on the device, and a moment of it with music."""
    inspect_device(device, WeightFigures.of(5, 0.5))
    simulate_session(device, [], elapsed_ps=MOMENT_PS, music=TRACK)


@pytest.mark.parametrize("name", device_names())
def test_devices(attack: Attack, name: str, tmp_path: Path) -> None:
    own = tomllib.loads(device_file(name).read_text(encoding="utf-8"))
    path = tmp_path / "mine.toml"
    for case, text in texts(attack, own):
        path.write_text(text, encoding="utf-8")
        device = attack.answer(case, lambda: load_device(path))
        if device is not None:
            attack.answer(case, lambda device=device: used(device))


def test_regulated_memory(attack: Attack, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    for case, text in texts(attack, POLICIES):
        path.write_text(text, encoding="utf-8")
        device = attack.answer(case, lambda: load_device(path))
        if device is not None:
            attack.answer(case, lambda device=device: used(device))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network, a recording and music, all small."""
    folder = tmp_path_factory.mktemp("experiment")
    save_network(random_network(8), folder / "net.safetensors")
    rng = np.random.default_rng(1)
    soundfile.write(folder / "0.wav", np.concatenate([rng.normal(0, 0.1, 8000), np.zeros(8000)]), 16_000)
    soundfile.write(folder / "music.ogg", rng.normal(0, 0.1, (48_000, 2)), 48_000)
    (folder / "set.csv").write_text("file,transcript,speech_end_ms\n0.wav,turn on the light,500\n")
    return folder


def test_experiments(attack: Attack, folder: Path) -> None:
    path = folder / "mine.toml"
    for case, text in texts(attack, EXPERIMENT):
        path.write_text(text, encoding="utf-8")
        attack.answer(case, lambda: make_setup(*load_experiment(path)))


@pytest.mark.parametrize("file", sorted(path.name for path in recipe_folder().glob("*.toml")))
def test_recipes(attack: Attack, file: str, tmp_path: Path) -> None:
    tree = tomllib.loads((recipe_folder() / file).read_text(encoding="utf-8"))
    path = tmp_path / "mine.toml"
    variant = "/" + next(iter(tree["variants"])) if "variants" in tree else ""
    for case, text in texts(attack, tree):
        path.write_text(text, encoding="utf-8")
        attack.answer(case, lambda: load_recipe(f"{path}{variant}"))
