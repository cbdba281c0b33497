"""Read a network from a safetensors file and check it: digest, names, shapes, values.

::

    metadata "azsim": JSON card      "activation_scales": JSON      "digest": sha-256 of all else
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from safetensors import SafetensorError, safe_open

from azsim import budget
from azsim.errors import InputError, located
from azsim.file_version import check_number
from azsim.input_file import check_input_file, given_path
from azsim.nn.normalisation import Normalisation
from azsim.nn.rnnt.branching import branch_names, branch_shapes
from azsim.nn.rnnt.network import EMBEDDING, Network
from azsim.nn.rnnt.save import (
    CARD_KEY,
    DIGEST_KEY,
    FORMAT,
    KIND,
    SCALES_KEY,
    WEIGHT_SCALES_KEY,
    content_digest,
    write_sealed,
)
from azsim.nn.sums import MOST_INT8, check_sums
from azsim.resources import MODEL_FILE, model_file, model_names, shipped_root
from azsim.toml import convert

T = TypeVar("T")
COPIES = 4
"""Most memory for a file of float weights, in times its size: half precision becomes float32."""


class Card(msgspec.Struct, frozen=True):
    """What a checkpoint says of itself; the trainer may say more."""

    format: int
    kind: str
    name: str
    stack: int
    time_reduction_after: int
    time_reduction: int
    feature_clip: float
    pieces: tuple[str, ...]
    normalisation: Normalisation = "global"


@dataclass(frozen=True)
class Stored:
    """A network's file, read, its seal checked.

    Attributes:
        path: of the file.
        tensors: by name, as they are stored.
        metadata: by key.
        digest: sha-256 of its contents, hex.
        verified: the file states that digest itself.
    """

    path: Path
    tensors: Mapping[str, np.ndarray]
    metadata: Mapping[str, str]
    digest: str
    verified: bool


def network_file(name_or_path: str | Path) -> Path:
    """The file of a network, by its name under ``models/``, or the user's own: a file, or the folder that holds it.

    Raises:
        InputError: there is no such model, or the folder has no network.
    """
    path = given_path(name_or_path, "model")
    if path.suffix == ".safetensors" or os.path.isfile(path):
        return path
    is_name = path.name == str(name_or_path) and path.name not in ("", "..")
    if str(name_or_path) and os.path.isdir(path) and not (is_name and path.name in model_names()):
        if not os.path.isfile(path / MODEL_FILE):
            raise InputError(f"{str(name_or_path)!r}: is a folder without {MODEL_FILE}")
        return path / MODEL_FILE
    if not is_name:
        raise InputError(
            f"{str(name_or_path)!r}: not a model; give a name under models/ or the path of a .safetensors or its folder"
        )
    return model_file(path.name)


def read_stored(name_or_path: str | Path) -> Stored:
    """The file of a network, as `network_file` finds it.

    A file with a digest must match it. A shipped model must have one; a user's file without one is read as it is.

    Raises:
        InputError: there is no such model or file, or it is damaged.
    """
    path = network_file(name_or_path)
    tensors, metadata = _read(path)
    stated = metadata.get(DIGEST_KEY)
    digest = content_digest(tensors, metadata)
    if path.parent.parent == shipped_root() / "models" and stated is None:
        raise InputError(f"{path}: {DIGEST_KEY}: missing; a shipped model must carry one")
    if stated is not None and stated != digest:
        raise InputError(f"{path}: damaged: its contents have sha-256 {digest[:12]}..., it states {stated[:12]}...")
    return Stored(path, tensors, metadata, digest, stated is not None)


def load_network(name_or_path: str | Path) -> Network:
    """A network whose file holds float weights; `azsim.compress.stored` reads those that hold bitstreams as well.

    Raises:
        InputError: as `read_stored`, or the parts do not fit each other.
    """
    stored = read_stored(name_or_path)
    if WEIGHT_SCALES_KEY in stored.metadata:
        raise InputError(f"{stored.path}: holds bitstreams and not float weights; azsim.load_network reads both")
    return network_of(stored, stored.tensors)


def network_of(stored: Stored, parameters: Mapping[str, np.ndarray]) -> Network:
    """The network of a file, with these float parameters, in the order of execution; ``verified`` as the file was.

    Raises:
        InputError: the card or the scales cannot be read, or the parts do not fit each other.
    """
    path = stored.path
    with located(str(path)):
        check_number("network", stored.metadata.get(CARD_KEY, ""), FORMAT)
    card = decode_metadata(stored, CARD_KEY, Card)
    scales = decode_metadata(stored, SCALES_KEY, dict[str, float]) if SCALES_KEY in stored.metadata else {}
    network = Network(
        name=card.name,
        parameters={name: parameters[name].astype(np.float32) for name in parameters},
        pieces=card.pieces,
        stack=card.stack,
        time_reduction_after=card.time_reduction_after,
        time_reduction=card.time_reduction,
        feature_clip=card.feature_clip,
        activation_scales=scales,
        digest=stored.digest,
        source=str(path),
        verified=stored.verified,
        normalisation=card.normalisation,
    )
    check(network, card)
    return replace(network, parameters={name: network.parameters[name] for name in _names(network)})


def seal(path: Path | str, activation_scales: Mapping[str, float] | None = None) -> str:
    """Rewrite a checkpoint with a digest, and with activation scales if given; its tensors keep their type.

    Returns:
        The digest.

    Raises:
        InputError: the file is damaged.
        WorkError: it cannot be rewritten; the old one stays.
    """
    path = Path(path)
    tensors, metadata = _read(path)
    if activation_scales is not None:
        metadata[SCALES_KEY] = msgspec.json.encode(dict(sorted(activation_scales.items()))).decode()
    return write_sealed(path, tensors, metadata)


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    check_input_file(path, "a .safetensors file")
    size = path.stat().st_size
    budget.require(COPIES * size, what=f"a network's file of {size:,} bytes", where=str(path))
    try:
        with safe_open(path, "numpy") as file:
            metadata = dict(file.metadata() or {})
            return {name: file.get_tensor(name) for name in sorted(file.keys())}, metadata
    except (OSError, SafetensorError, TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(f"{path}: damaged, cut short or of unknown number types: {said}") from error


def decode_metadata(stored: Stored, key: str, type_: type[T]) -> T:
    """A JSON value of a file's metadata.

    Raises:
        InputError: it is missing, not JSON, or not of that type.
    """
    where = f"{stored.path}: metadata {key!r}"
    if key not in stored.metadata:
        raise InputError(f"{where}: missing; a checkpoint exported by azsim.train has it")
    try:
        tree = msgspec.json.decode(stored.metadata[key])
    except msgspec.DecodeError as error:
        raise InputError(f"{where}: not JSON: {error}") from error
    except RecursionError:
        raise InputError(f"{where}: nested too deeply") from None
    return convert(tree, type_, where)


def _names(network: Network) -> list[str]:
    """Every parameter that the network must have, in the order of execution."""
    names = ["frontend.mean", "frontend.inv_std"]
    for part in ("encoder", "prediction"):
        if part == "prediction":
            names.append("prediction.embedding")
        layers = max(1, network.layers(part))
        both = part == "encoder" and network.is_bidirectional
        directions = ("", "reverse.") if both else ("",)
        kinds = [f"{direction}{kind}" for direction in directions for kind in ("input", "recurrent", "bias")]
        names += [f"{part}.{i}.{kind}" for i in range(layers) for kind in kinds]
        names += branch_names(network) if part == "encoder" else []
    return [*names, "joint.encoder", "joint.prediction", "joint.bias", "joint.output", "joint.output_bias"]


def check(network: Network, card: Card) -> None:
    """Refuse a network whose parts are missing, of the wrong shape, or not finite numbers."""
    at = network.source
    if card.format != FORMAT or card.kind != KIND:
        raise InputError(f"{at}: metadata: format {card.format}, kind {card.kind!r}: must be {FORMAT} and {KIND!r}")
    if card.stack < 1 or card.time_reduction < 1 or card.feature_clip <= 0:
        raise InputError(f"{at}: metadata: stack, time_reduction and feature_clip must be positive")
    if card.time_reduction_after >= network.encoder_layers:
        raise InputError(
            f"{at}: metadata: time_reduction_after {card.time_reduction_after}: must be below {network.encoder_layers}"
        )
    shapes = {name: value.shape for name, value in network.parameters.items()}
    names = _names(network)
    missing = [name for name in names if name not in shapes]
    unknown = [name for name in shapes if name not in names]
    if missing or unknown:
        listed = f"missing {', '.join(missing) or 'none'}; unknown {', '.join(unknown) or 'none'}"
        raise InputError(f"{at}: parameters: {listed}")
    single = next((name for name, shape in shapes.items() if not shape), None)
    if single is not None:
        raise InputError(f"{at}: {single}: a single number: must be a vector or a matrix")
    for name, expected in _shapes(network, shapes).items():
        if shapes[name] != expected:
            raise InputError(f"{at}: {name}: shape {shapes[name]}: must be {expected}")
        if not np.isfinite(network.parameters[name]).all():
            raise InputError(f"{at}: {name}: holds values that are not finite numbers")
    for name in network.weight_matrices:
        if name != EMBEDDING and not network.is_bidirectional:
            check_sums(f"{at}: {name}", shapes[name][1], MOST_INT8, MOST_INT8)


def _shapes(network: Network, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The shapes that fit the number of pieces and the widths of the recurrent matrices."""
    pieces, bins = len(network.pieces), shapes["frontend.mean"][0]
    expected: dict[str, tuple[int, ...]] = {"frontend.mean": (bins,), "frontend.inv_std": (bins,)}
    embedding = shapes["prediction.embedding"][-1]
    joint = shapes["joint.output"][-1]
    expected["prediction.embedding"] = (pieces, embedding)
    for part, width in (("encoder", bins * network.stack), ("prediction", embedding)):
        for i in range(network.layers(part)):
            hidden = shapes[f"{part}.{i}.recurrent"][-1]
            both = part == "encoder" and network.is_bidirectional
            for layer in (f"{part}.{i}", f"{part}.{i}.reverse")[: 1 + both]:
                expected[f"{layer}.input"] = (4 * hidden, width)
                expected[f"{layer}.recurrent"] = (4 * hidden, hidden)
                expected[f"{layer}.bias"] = (4 * hidden,)
            width = hidden * (1 + both)
            if part == "encoder" and i == network.time_reduction_after:
                width *= network.time_reduction
        expected[f"joint.{part}"] = (joint, width)
    expected |= branch_shapes(network, shapes)
    return expected | {"joint.bias": (joint,), "joint.output": (pieces, joint), "joint.output_bias": (pieces,)}
