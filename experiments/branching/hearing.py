"""What each case hears, and which branch each step took.

::

    run/final.safetensors ── calibrate, compress ── integer engine ──> words, picks, runs of each program
                                                                       (kept beside the run)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from azsim.chip.build import tile_layout
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.devices.spec import Device
from azsim.nn.rnnt.load import load_network
from azsim.nn.rnnt.network import EMBEDDING
from azsim.report.wer import count_errors
from azsim.speech.features import STACKED_FRAMES, STEP_MS
from azsim.speech.jobs import picked_of
from azsim.speech.recogniser import Recogniser
from azsim.train.calibrate import calibrate
from experiments.branching.cases import SEED, BranchingCase
from experiments.branching.material import Material

CODEC, WEIGHT_BITS = "palette", 5
UNKNOWN, SMALL_TAKEN, LARGE_TAKEN = -1, 0, 1


@dataclass(frozen=True)
class CaseRecognition:
    """One case over all recordings.

    Attributes:
        counts: int64 ``(recordings, 2)``: word errors and words.
        runs: int64 ``(recordings, programs)`` up to the end-point.
        programs: their names.
        products: of one run of each program, the products with weights that are not zero.
        picked: int8 ``(recordings, steps)`` up to the end-point: `LARGE_TAKEN`, `SMALL_TAKEN`, `UNKNOWN` beyond.
        stored_bytes: of the bitstreams that its runs need, the embedding among them.
    """

    counts: np.ndarray
    runs: np.ndarray
    programs: tuple[str, ...]
    products: np.ndarray
    picked: np.ndarray
    stored_bytes: int

    @property
    def seconds(self) -> float:
        """Of speech up to the end-points."""
        return float((self.picked != UNKNOWN).sum()) * STEP_MS / 1000

    @property
    def products_per_s(self) -> float:
        """Effectual products in a second of speech, all programs."""
        return float((self.runs @ self.products).sum()) / self.seconds

    @property
    def rates(self) -> dict[str, float]:
        """Program -> runs in a second of speech."""
        return dict(zip(self.programs, self.runs.sum(0) / self.seconds, strict=True))

    @property
    def large_share(self) -> float:
        """Of steps."""
        return float((self.picked == LARGE_TAKEN).sum() / (self.picked != UNKNOWN).sum())

    @property
    def switches_per_s(self) -> float:
        """Changes of branch in a second of speech."""
        before, after = self.picked[:, :-1], self.picked[:, 1:]
        return float(((before != after) & (after != UNKNOWN)).sum()) / self.seconds


def compressed(path: Path, material: Material, device: Device) -> CompressedNetwork:
    """A run's network as it travels to the device."""
    network = load_network(path)
    network = replace(network, activation_scales=calibrate(network, material.calibration))
    return compress(network, codec=CODEC, weight_bits=WEIGHT_BITS, layout=tile_layout(device.chip))


def hear(
    case: BranchingCase, small: CompressedNetwork, path: Path, material: Material, share: float
) -> CaseRecognition:
    """Word errors, runs and picks of a case; kept beside the run."""
    settings = (
        f"{small.network.digest} {case.who} {share:.4f} {CODEC} {WEIGHT_BITS} {SEED} {material.digest} {material.spans}"
    )
    kept = path.parent / f"branches-{hashlib.sha256(settings.encode()).hexdigest()[:16]}.npz"
    if not kept.exists():
        np.savez(kept, **_heard(case, small, material, share))
    with np.load(kept) as found:
        texts, runs, picked = found["texts"].tolist(), found["runs"], found["picked"]
    programs = small.network.programs()
    nonzero = {name: int(np.count_nonzero(values)) for name, values in small.decoded.items()}
    products = [sum(nonzero[matrix] for matrix in program.matrices) for program in programs.values()]
    ran = {m for program, count in zip(programs.values(), runs.sum(0), strict=True) if count for m in program.matrices}
    stored = sum(len(small.matrices[name].encoded.data) for name in (*ran, EMBEDDING))
    counts = count_errors(material.references, texts)
    return CaseRecognition(counts, runs, tuple(programs), np.array(products, np.int64), picked, stored)


def _heard(case: BranchingCase, small: CompressedNetwork, material: Material, share: float) -> dict[str, np.ndarray]:
    texts, runs, picks = [], [], []
    recogniser = Recogniser(small)
    for index in range(len(material.features)):
        found = material.recognise(case, recogniser, index, share)
        names = [job.name for job in found.work.jobs]
        texts.append(found.transcript.text_whole)
        runs.append([names.count(name) for name in recogniser.programs])
        picks.append(picked_of(found.work.jobs))
    picked = np.full((len(picks), max(map(len, picks))), UNKNOWN, np.int8)
    for row, own in zip(picked, picks, strict=True):
        row[: len(own)] = own
    return {"texts": np.array(texts), "runs": np.array(runs, np.int64), "picked": picked}


def share_in_speech(heard: CaseRecognition, spans: list[tuple[int, int]]) -> tuple[float, float]:
    """Share of large steps while somebody speaks, and before and after."""
    step = np.arange(heard.picked.shape[1]) * STACKED_FRAMES
    starts, ends = np.array(spans).T
    speaks = (step >= starts[:, None]) & (step < ends[:, None])
    known, large = heard.picked != UNKNOWN, heard.picked == LARGE_TAKEN
    inside, outside = (float(large[known & where].mean()) for where in (speaks, ~speaks))
    return inside, outside
