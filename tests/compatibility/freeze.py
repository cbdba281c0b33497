"""Write one small file of every format, with what is in it, by the code of the version that is to be frozen.

    cd A_CLONE_AT_THAT_COMMIT && PYTHONPATH=. python .../tests/compatibility/freeze.py .../tests/compatibility/VERSION

``0.1.0`` was written so at commit 7cc5bb7. Once written, the files of a version do not change.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import azsim
from azsim.compress import codecs, compress, encode
from azsim.compress.layout import TileLayout
from azsim.compress.requantise import requantise_to
from azsim.compress.stored import load_network, save_compressed
from azsim.compress.update.image import load_image, pack_image
from azsim.compress.update.make import make_update
from azsim.compress.update.store import ModelStore
from azsim.nn.rnnt.save import save_network
from azsim.resources import shipped_root
from tests.compatibility.public_names import public_names
from tests.compress.update.conftest import tuned
from tests.conftest import random_network

LAYOUT = TileLayout(lanes=4, block_columns=8, tile_positions=512, decoder_streams=2)
BITS = 4


def digest(array: np.ndarray) -> str:
    """Of the numbers and their shape, whatever the file looked like."""
    return hashlib.sha256(f"{array.shape}".encode() + np.ascontiguousarray(array, "<i2").tobytes()).hexdigest()


def matrix() -> np.ndarray:
    """int8 (37, 41), two thirds zeros, 15 values."""
    rng = np.random.default_rng(7)
    return (rng.integers(-7, 8, (37, 41)) * (rng.random((37, 41)) < 0.4)).astype(np.int8)


def freeze(out: Path) -> None:
    """Write the folder."""
    out.mkdir(parents=True)
    found: dict[str, object] = {}
    weights = matrix()
    np.save(out / "matrix.npy", weights)
    (out / "bitstreams").mkdir()
    for codec in sorted(codecs()):
        bits = 8 if codec in ("raw", "bitmap") else BITS
        (out / "bitstreams" / f"{codec}.azw").write_bytes(encode(weights, codec, bits, LAYOUT).data)

    network = random_network(8)
    save_network(network, out / "network.safetensors")
    small = compress(network, weight_bits=5, sparsity=0.4, codec="zvsv", layout=LAYOUT)
    save_compressed(small, out / "compressed.safetensors")
    found["compressed"] = {name: digest(one) for name, one in small.decoded.items()}
    parameters = load_network(out / "network.safetensors").parameters
    found["network"] = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in parameters.items()}

    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (out / "key.pub.pem").write_bytes(public)
    images = [pack_image(small)]
    images.append(pack_image(requantise_to(small, tuned(network, 1))))
    for number, image in enumerate(images, 1):
        (out / f"image-{number}.azm").write_bytes(image)
        loaded = load_image(out / f"image-{number}.azm")
        found[f"image-{number}"] = {name: digest(one) for name, one in loaded.decoded.items()}
    full = make_update(images[0], version=1, key=key)
    (out / "full.azu").write_bytes(full)
    (out / "delta.azu").write_bytes(make_update(images[1], version=2, key=key, old=images[0]))
    store = ModelStore.create(out / "store", key.public_key())
    store.install(full)

    (out / "toml").mkdir()
    for name in ("az1", "incar"):
        shutil.copy(Path(azsim.__file__).parent / "devices" / f"{name}.toml", out / "toml" / f"device-{name}.toml")
    for name in ("compression/compression", "sharing/companions"):
        source = shipped_root() / "experiments" / f"{name}.toml"
        shutil.copy(source, out / "toml" / f"experiment-{source.name}")

    result = azsim.run("az1", compress(azsim.load_network("rnnt-5bit-50"), weight_bits=5, sparsity=0.5, codec="zvsv"),
                       shipped_root() / "experiments" / "speech" / "test-seen-001.flac")  # fmt: skip
    scratch = out / "whole"
    result.report(scratch)
    (out / "report").mkdir()
    for name in ("manifest.json", "results.json", "results.csv", "utterances.csv"):
        shutil.copy(scratch / name, out / "report" / name)
    shutil.rmtree(scratch)
    (out / "public_names.json").write_text(json.dumps(public_names(), indent=1) + "\n")
    (out / "expected.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    freeze(Path(sys.argv[1]))
