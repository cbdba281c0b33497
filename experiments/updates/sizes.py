"""Bytes of every update and word errors of what it brings, release after release."""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from azsim.compare.setup import Setup
from azsim.compare.trained import recognise
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.requantise import requantise_to
from azsim.compress.update.image import pack_image
from azsim.compress.update.make import make_update
from azsim.report.wer import bootstrap_difference, bootstrap_wer, count_errors
from experiments.updates.series import Series

CODECS = {"raw": 8, "ans": 8, "zvsv": 5}
TOLERANCES = (0.25,)
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"experiments/updates").digest())


@dataclass(frozen=True, slots=True)
class ReleaseSize:
    """One release in one codec, brought in one way.

    Attributes:
        series, label: how it was trained.
        release: 1 to 5; 0 is the model that all start from.
        codec: of the image, with its bits.
        how: ``followed`` (on the grid of the release before), so with a tolerance, or ``afresh``.
        changed_percent: weights whose int8 value is another than in the release before.
        full_bytes, delta_bytes: signed updates; ``masked_bytes`` where a seed says what can change.
        xz_bytes: of the old image XOR the new one, by xz -9: what a general tool makes of it; None if lengths differ.
        wer_percent, wer_low_percent, wer_high_percent: over the test speech, 95 % interval.
        delta_wer_percent ...: against release 0 in this codec, paired.
    """

    series: str
    label: str
    release: int
    codec: str
    how: str
    changed_percent: float
    full_bytes: int
    delta_bytes: int | None
    masked_bytes: int | None
    xz_bytes: int | None
    wer_percent: float
    wer_low_percent: float | None
    wer_high_percent: float | None
    delta_wer_percent: float | None
    delta_wer_low_percent: float | None
    delta_wer_high_percent: float | None


class Measure:
    """Word errors by weights: the same weights are recognised with once."""

    def __init__(self, setup: Setup, say: Callable[[str], None]) -> None:
        self._setup = setup
        self._say = say
        self._known: dict[str, np.ndarray] = {}
        self.clusters = [utterance.columns.get("speaker", "") for utterance in setup.utterances]

    def errors(self, small: CompressedNetwork, what: str) -> np.ndarray:
        """See `azsim.report.wer.count_errors`."""
        digest = hashlib.sha256()
        for name, values in small.decoded.items():
            digest.update(np.array(small.matrices[name].scales).tobytes() + values.tobytes())
        for name, value in small.network.parameters.items():
            if name not in small.matrices:
                digest.update(value.tobytes())
        key = digest.hexdigest()
        if key not in self._known:
            texts = [found.transcript.text_whole for found in recognise(small, self._setup)]
            self._known[key] = count_errors([utterance.reference for utterance in self._setup.utterances], texts)
            errors, words = self._known[key].sum(axis=0)
            self._say(f"{what}: WER {100 * errors / words:.2f} %")
        return self._known[key]


def measure(series: Sequence[Series], work: Measure) -> list[ReleaseSize]:
    """All series in all codecs; with all weights trained and zvsv also with tolerances, and compressed afresh."""
    rows = []
    for one in series:
        networks = one.networks()
        for codec, bits in CODECS.items():
            rows += _chain(one, networks, codec, bits, work, "followed", 0.0)
        if one.name == "all":
            for tolerance in TOLERANCES:
                how = f"followed, tolerance {tolerance:g}"
                rows += _chain(one, networks, "zvsv", CODECS["zvsv"], work, how, tolerance)
            rows += _chain(one, networks, "zvsv", CODECS["zvsv"], work, "afresh", None)
    return rows


def _chain(
    one: Series, networks: Sequence, codec: str, bits: int, work: Measure, how: str, tolerance: float | None
) -> list[ReleaseSize]:
    name = f"{codec}, {bits} bits"
    before = compress(networks[0], name=name, weight_bits=bits, codec=codec)
    base = work.errors(before, f"release 0, {name}")
    rows = [_row(one, 0, name, how, None, before, base, base, work)]
    for release, network in enumerate(networks[1:], 1):
        if tolerance is None:
            after = compress(network, name=name, weight_bits=bits, codec=codec)
        else:
            after = requantise_to(before, network, tolerance=tolerance)
        errors = work.errors(after, f"{one.plan.label}, release {release}, {name}, {how}")
        rows.append(_row(one, release, name, how, before, after, errors, base, work))
        before = after
    return rows


def _row(
    one: Series, release: int, codec: str, how: str, before: CompressedNetwork | None, after: CompressedNetwork,
    errors: np.ndarray, base: np.ndarray, work: Measure,
) -> ReleaseSize:  # fmt: skip
    new = pack_image(after)
    full = len(make_update(new, version=release + 1, key=KEY))
    delta = masked = xz = None
    changed = 0.0
    if before is not None:
        old = pack_image(before)
        delta = len(make_update(new, version=release + 1, key=KEY, old=old))
        differs = {name: before.decoded[name] != values for name, values in after.decoded.items()}
        changed = 100 * sum(int(each.sum()) for each in differs.values()) / after.network.weights
        masks = {name: mask for name, each in differs.items() if each.any() and (mask := one.mask(name))}
        if masks:
            masked = len(make_update(new, version=release + 1, key=KEY, old=old, masks=masks))
        xz = _xz_bytes(before, after) if one.name == "all" else None
    interval = bootstrap_wer(errors, work.clusters)
    difference = bootstrap_difference(errors, base, work.clusters) if before is not None else None
    return ReleaseSize(
        one.name, one.plan.label, release, codec, how, changed, full, delta, masked, xz,
        interval.value, interval.low, interval.high,
        difference.value if difference else None, difference.low if difference else None,
        difference.high if difference else None,
    )  # fmt: skip


def _xz_bytes(before: CompressedNetwork, after: CompressedNetwork) -> int | None:
    """Bitstreams XORed one by one, and all of that through xz."""
    mixed = []
    for name, matrix in after.matrices.items():
        old, new = before.matrices[name].encoded.data, matrix.encoded.data
        if len(old) != len(new):
            return None
        mixed.append(np.frombuffer(old, np.uint8) ^ np.frombuffer(new, np.uint8))
    return len(lzma.compress(np.concatenate(mixed).tobytes(), preset=9))
