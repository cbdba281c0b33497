"""Files of earlier versions, frozen as they were written, say what they said; newer ones are refused by name."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import azsim
from azsim.cli import main
from azsim.compare.experiment import load_experiment
from azsim.compress import codecs, decode
from azsim.compress.stored import load_compressed, load_network
from azsim.compress.update.image import load_image, open_image
from azsim.compress.update.manifest import load_public_key, open_update
from azsim.compress.update.store import ModelStore
from azsim.errors import InputError
from azsim.nn.sealed import CARD_KEY, read_stored, write_sealed
from azsim.resources import shipped
from tests.compatibility.freeze import digest

HERE = Path(__file__).parent
VERSIONS = sorted(path for path in HERE.iterdir() if (path / "expected.json").exists())
pytestmark = pytest.mark.filterwarnings("ignore:.*the part has 1024:UserWarning")
every_version = pytest.mark.parametrize("frozen", VERSIONS, ids=lambda path: path.name)


def expected(frozen: Path, key: str) -> dict[str, str]:
    return json.loads((frozen / "expected.json").read_text())[key]


def digests(matrices: dict[str, np.ndarray]) -> dict[str, str]:
    return {name: digest(matrix) for name, matrix in matrices.items()}


def test_a_version_is_frozen() -> None:
    assert [path.name for path in VERSIONS] == ["0.1.0"]


@every_version
def test_bitstreams_decode_to_the_same_weights(frozen: Path) -> None:
    files = sorted((frozen / "bitstreams").iterdir())
    assert {path.stem for path in files} <= set(codecs())
    for path in files:
        np.testing.assert_array_equal(decode(path.read_bytes()), np.load(frozen / "matrix.npy"), err_msg=path.name)


@every_version
def test_networks_have_the_same_weights(frozen: Path) -> None:
    network = load_network(frozen / "network.safetensors")
    found = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in network.parameters.items()}
    assert found == expected(frozen, "network")
    small = load_compressed(frozen / "compressed.safetensors")
    assert digests(small.decoded) == expected(frozen, "compressed")


@every_version
@pytest.mark.parametrize("name", ["image-1", "image-2"])
def test_images_hold_the_same_weights(frozen: Path, name: str) -> None:
    assert digests(load_image(frozen / f"{name}.azm").decoded) == expected(frozen, name)


@every_version
def test_a_store_runs_and_takes_a_delta(frozen: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    shutil.copytree(frozen / "store", folder)
    assert ModelStore(folder).current().manifest.version == 1
    key = load_public_key(frozen / "key.pub.pem")
    for name in ("full", "delta"):
        manifest, _ = open_update((frozen / f"{name}.azu").read_bytes(), key)
        assert manifest.kind == name
    installed = ModelStore(folder).install((frozen / "delta.azu").read_bytes())
    assert installed.image == (frozen / "image-2.azm").read_bytes()


@every_version
def test_devices_and_experiments_are_read(frozen: Path, tmp_path: Path) -> None:
    for path in (frozen / "toml").glob("device-*.toml"):
        assert azsim.load_device(path).name == path.stem.removeprefix("device-")
    for path in (frozen / "toml").glob("experiment-*.toml"):
        experiment, _ = load_experiment(path)
        assert experiment.name
        assert experiment.configuration


@every_version
def test_a_device_computes(frozen: Path) -> None:
    matrix = np.load(frozen / "matrix.npy")
    for path in (frozen / "toml").glob("device-*.toml"):
        activations = np.ones(matrix.shape[1], np.int8)
        cost = azsim.matvec(azsim.load_device(path), matrix, activations, codec="zvsv", weight_bits=4)
        assert cost.cycles > 0


@every_version
def test_a_report_is_replaced_or_left_as_it_is_with_a_word(
    frozen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of before 0.2.0 does not say which files are its own, so that none can be replaced."""
    out = tmp_path / "report"
    shutil.copytree(frozen / "report", out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    recording = shipped("experiments", "speech/test-seen-001.flac")
    assert main(["run", str(recording), "--no-music", "--quiet", "--out", str(out)]) == 2
    assert "holds a report of an azsim before 0.2.0" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_newer_formats_are_refused_by_name(tmp_path: Path) -> None:
    frozen = VERSIONS[-1]
    image, update = (frozen / "image-1.azm").read_bytes(), (frozen / "full.azu").read_bytes()
    stream = (frozen / "bitstreams" / "zvsv.azw").read_bytes()
    key = load_public_key(frozen / "key.pub.pem")
    newer = f"made by a newer azsim; this one, {azsim.__version__}, reads"
    stored = read_stored(frozen / "network.safetensors")
    card = json.loads(stored.metadata[CARD_KEY]) | {"format": 9, "kind": "something else"}
    write_sealed(tmp_path / "new.safetensors", stored.tensors, {CARD_KEY: json.dumps(card)})
    for name, read in (
        ("AZW9", lambda: decode(b"AZW9" + stream[4:])),
        ("AZM9", lambda: open_image(b"AZM9" + image[4:])),
        ("AZU9", lambda: open_update(b"AZU9" + update[4:], key)),
        ("network of format 9", lambda: load_network(tmp_path / "new.safetensors")),
    ):
        with pytest.raises(InputError, match=f"{name}: {newer}"):
            read()
