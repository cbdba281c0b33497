"""Five successive releases of the shipped recogniser, trained three ways, kept small in the folder ``releases``.

::

    model ─8 bits─> master 0 ──delta──> master 1 ──delta──> ...      all-1.azd, all-2.azd, ...

A master is the network on the 8-bit grid of the shipped one: what is released is derived from it. Between masters the
folder holds deltas of azsim's own format. They belong to one model; for another one they are trained anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from azsim.compress.codecs import encode
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.compress.recipe import MatrixRecipe, quantise
from azsim.compress.stored import load_network
from azsim.compress.update.image import pack_image, read_image
from azsim.compress.update.mask import SeededMask, seeded_mask
from azsim.compress.update.payload import apply_delta, make_delta
from azsim.errors import InputError
from azsim.nn.rnnt.network import Network

FOLDER = Path(__file__).with_name("releases")
RELEASES = 5
SEED = 1


class TrainingPlan(msgspec.Struct, frozen=True):
    """How a series is trained.

    Attributes:
        label: for tables and figures.
        steps: updates of the weights per release.
        learning_rate: at its highest.
        share: of the weights that may move.
        matrices: patterns of the matrices that may move; none for all, biases included.
    """

    label: str
    steps: int
    learning_rate: float
    share: float = 1.0
    matrices: tuple[str, ...] = ()


class StoredSeries(msgspec.Struct, frozen=True):
    """What ``releases.json`` says: the model that the deltas start from, its 8-bit grid, and the plans."""

    model: str
    digest: str
    scales: dict[str, float]
    plans: dict[str, TrainingPlan]


PLANS = {
    "all": TrainingPlan("all weights", 150, 1e-4),
    "head": TrainingPlan("last encoder layer and joint", 60, 2e-4, matrices=("encoder.2.*", "joint.*")),
    "tenth": TrainingPlan("a seeded tenth", 60, 5e-4, share=0.1),
}


@dataclass(frozen=True)
class Series:
    """One way of training, release after release.

    Attributes:
        name: key of its plan.
        plan: how it was trained.
        masters: images, that of the shipped model first.
    """

    name: str
    plan: TrainingPlan
    masters: Sequence[bytes]

    def networks(self) -> list[Network]:
        """The masters as networks."""
        return [read_image(master, f"{self.name}-{k}").network for k, master in enumerate(self.masters)]

    def mask(self, matrix: str) -> SeededMask | None:
        """Where a matrix may differ; None for anywhere."""
        return seeded_mask(SEED, matrix, self.plan.share) if self.plan.share < 1 else None


def master_image(network: Network, scales: dict[str, float]) -> bytes:
    """The network on an 8-bit grid that is given."""
    matrices = {}
    for name, scale in scales.items():
        values = np.clip(np.rint(network.parameters[name] / scale), -127, 127).astype(np.int8)
        matrices[name] = CompressedMatrix(name, encode(values, "raw", 8), (scale,))
    return pack_image(CompressedNetwork(name="master", network=network, matrices=matrices), format=1)


def load(model: str) -> list[Series] | None:
    """The stored series, or None if they belong to another model (or another version of this one)."""
    network = load_network(model)
    try:
        stored = msgspec.json.decode((FOLDER / "releases.json").read_bytes(), type=StoredSeries)
    except FileNotFoundError:
        return None
    if stored.digest != network.digest or stored.plans != PLANS:
        return None
    found = []
    for name, plan in stored.plans.items():
        masters = [master_image(network, stored.scales)]
        for release in range(1, RELEASES + 1):
            delta = (FOLDER / f"{name}-{release}.azd").read_bytes()
            masters.append(b"".join(apply_delta(masters[-1], delta)))
        found.append(Series(name, plan, masters))
    return found


def train(model: str, corpus: Path, out: Path) -> None:
    """Train all series that ``out`` lacks: ``out/NAME/release-K.safetensors``; needs the extra ``train``."""
    from azsim.train.release import Settings, make_releases

    for name, plan in PLANS.items():
        if (out / name / f"release-{RELEASES}.safetensors").exists():
            continue
        source = Path(load_network(model).source)
        make_releases(
            Settings(
                source, corpus, out / name, RELEASES, plan.steps, plan.learning_rate, SEED, plan.share, plan.matrices
            )
        )


def store(model: str, trained: Path) -> None:
    """Keep trained releases as deltas between masters.

    Raises:
        InputError: a file is missing or does not fit the model.
    """
    network = load_network(model)
    names = network.weight_matrices
    scales = {name: float(quantise(network.parameters[name], MatrixRecipe(8, 0.0, "raw"))[1]) for name in names}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, plan in PLANS.items():
        before = master_image(network, scales)
        for release in range(1, RELEASES + 1):
            tuned = load_network(trained / name / f"release-{release}.safetensors")
            after = master_image(replace(network, parameters=tuned.parameters), scales)
            masks = {m: seeded_mask(SEED, m, plan.share) for m in names} if plan.share < 1 else None
            try:
                delta = make_delta(before, after, masks)
            except InputError as error:
                raise InputError(
                    f"{tuned.source}: not trained from {network.source} with this plan: {error}"
                ) from error
            (FOLDER / f"{name}-{release}.azd").write_bytes(delta)
            before = after
    stored = StoredSeries(model, network.digest, scales, PLANS)
    (FOLDER / "releases.json").write_bytes(msgspec.json.format(msgspec.json.encode(stored)) + b"\n")
