"""What a network of its own came to on a device, as numbers for tables, JSON and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from azsim.compress.network import CompressedNetwork
from azsim.deploy.inference import Inference, LayerCost


@dataclass(frozen=True, slots=True)
class InferenceResult:
    """One configuration on one device; everything is of one inference unless it says otherwise.

    Attributes:
        network, config, device: names.
        codec, weight_bits, sparsity: of all matrices; bits before the codec, share of zeros after decoding.
        model_bytes, bits_per_weight: of the bitstreams, and vectors in the bytes.
        products: multiplications and additions, zeros counted.
        on_chip_share: of products and vector operations.
        cycles: of its programs alone on the chip; ``causes`` add up to them.
        dram_bytes: fetched for weights; of the whole board ``board_dram_bytes``.
        time_ms: from when it could begin to its end, median; ``every_ms`` from one to the next.
        real_time_share: of the two.
        energy_mj: above idling; ``energy_by_part_mj`` of it.
        resident_bytes, peak_sram_bytes: of the chip's memory.
        scores: metric -> value.
        layers: every stage that multiplies.
    """

    network: str
    config: str
    device: str
    codec: str
    weight_bits: float
    sparsity: float
    model_bytes: int
    bits_per_weight: float
    products: float
    on_chip_share: float
    cycles: float
    causes: Mapping[str, float]
    dram_bytes: float
    time_ms: float
    every_ms: float
    real_time_share: float
    energy_mj: float
    energy_by_part_mj: Mapping[str, float]
    resident_bytes: int
    peak_sram_bytes: int
    scores: Mapping[str, float]
    layers: tuple[LayerCost, ...]

    def to_json(self) -> dict[str, object]:
        """Keys with their units; infinite scores, of outputs that are the same, are None."""
        tree = asdict(self)
        tree["scores"] = {name: value if abs(value) < float("inf") else None for name, value in self.scores.items()}
        return tree


def inference_result(inference: Inference, scores: Mapping[str, float]) -> InferenceResult:
    """The numbers of an inference, computed now if they have not been."""
    small, deployed, cost = inference.small, inference.deployed, inference.cost
    return InferenceResult(
        network=small.network.name,
        config=small.name,
        device=inference.device.name,
        codec=", ".join(dict.fromkeys(matrix.encoded.codec for matrix in small.matrices.values())),
        weight_bits=_mean_bits(small),
        sparsity=small.sparsity,
        model_bytes=small.model_bytes,
        bits_per_weight=small.bits_per_weight,
        products=inference.products,
        on_chip_share=inference.on_chip_share,
        cycles=cost.cycles,
        causes=dict(cost.causes),
        dram_bytes=cost.fetch_bytes,
        time_ms=inference.time_ms,
        every_ms=inference.every_ms,
        real_time_share=inference.real_time_share,
        energy_mj=inference.energy_mj,
        energy_by_part_mj=dict(inference.energy_by_part_mj),
        resident_bytes=deployed.resident_bytes,
        peak_sram_bytes=deployed.peak_sram_bytes,
        scores=dict(scores),
        layers=inference.layers,
    )


def _mean_bits(small: CompressedNetwork) -> float:
    parts = [matrix.encoded for matrix in small.matrices.values()]
    return sum(part.weight_bits * part.shape[0] * part.shape[1] for part in parts) / max(1, small.network.weights)
