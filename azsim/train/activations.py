"""Train with the activations of the chip: grids calibrated once, on training audio, and kept from then on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from azsim.nn.rnnt.formats import LstmFormat
from azsim.nn.rnnt.network import Network
from azsim.train.calibrate import calibrate
from azsim.train.chip_arithmetic import ChipFormats
from azsim.train.data import REAL_TRAIN, TRAIN, StoredUtterance
from azsim.train.mechanism import Mechanism
from azsim.train.model import Transducer

CALIBRATION_UTTERANCES = 100


class ChipActivations(Mechanism):
    """Sets the model's ``chip``; the exported network carries the same scales."""

    def __init__(self, model: Transducer) -> None:
        self._model = model
        self._scales: dict[str, float] = {}

    def begin(self, network: Network, splits: Mapping[str, Sequence[StoredUtterance]], is_resumed: bool) -> None:
        if is_resumed:
            return
        spoken = [*splits.get(TRAIN, []), *splits.get(REAL_TRAIN, [])]
        chosen = np.linspace(0, len(spoken) - 1, min(len(spoken), CALIBRATION_UTTERANCES)).astype(int)
        self._take(calibrate(network, [np.asarray(spoken[i].features, np.float32) for i in chosen]))

    def _take(self, scales: dict[str, float]) -> None:
        self._scales = scales
        layers = [name.removesuffix(".hidden") for name in scales if name.endswith(".hidden") and "joint" not in name]
        bits = {name: round(-np.log2(scale)) for name, scale in scales.items()}
        lstm = {layer: LstmFormat(bits[f"{layer}.cell"], bits[f"{layer}.hidden"]) for layer in layers}
        self._model.chip = ChipFormats(scales["features"], lstm)

    def scales(self) -> dict[str, float]:
        return self._scales

    def state(self) -> dict[str, torch.Tensor]:
        return {f"scale.{name}": torch.tensor([scale], dtype=torch.float64) for name, scale in self._scales.items()}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self._take({name.removeprefix("scale."): float(scale) for name, scale in state.items()})
