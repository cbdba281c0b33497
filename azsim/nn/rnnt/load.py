"""The recogniser of a sealed file: its card, names, shapes and values, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from azsim.errors import InputError, located
from azsim.file_version import check_number
from azsim.nn.normalisation import Normalisation
from azsim.nn.rnnt.branching import branch_names, branch_shapes
from azsim.nn.rnnt.network import EMBEDDING, Network
from azsim.nn.rnnt.save import FORMATS, KIND
from azsim.nn.sealed import CARD_KEY, SCALES_KEY, WEIGHT_SCALES_KEY, Stored, decode_metadata, read_stored
from azsim.nn.sums import MOST_INT8, check_sums


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
        check_number("network", stored.metadata.get(CARD_KEY, ""), FORMATS[-1])
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
    if card.format not in FORMATS or card.kind != KIND:
        known = " or ".join(map(str, FORMATS))
        raise InputError(f"{at}: metadata: format {card.format}, kind {card.kind!r}: must be {known} and {KIND!r}")
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
