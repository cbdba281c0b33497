"""Where speech begins and ends in a recording, estimated against the noise floor; unknown where that cannot be told.

::

    level of each band ──less its floor (lowest 15 % within 1.5 s either side)──> score, about 0.2 in steady noise
    score:   ▁▁▁▁▂▅█▇▅▂▆█▇▃▁▁▁▁▁▁▁       end = last frame over a threshold that stands above what is heard afterwards
                 │start       │end

Digital silence is left out, so that zeros before, within or after a recording change nothing, and the share of it that
is speech does not matter either. The end is unknown where the background is as loud or as lively as the speech (music,
voices, clatter), where there is no background to compare with (a recording trimmed to its speech), and where a
threshold a little higher or lower would move it.

**Source:** the floor after minimum statistics (R. Martin, IEEE Trans. Speech Audio Process. 9(5), 2001), here from both
sides; thresholds `assumed`, their accuracy measured in `reports/speech_bounds`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.speech.features import FRAME_SHIFT_MS

DIGITAL_SILENCE = -5.0
"""Log-mel of a frame's loudest bin: below it all samples are 0 (the quietest 16-bit noise has about 0)."""
BANDS = 16
SMOOTHED_FRAMES = 5
FLOOR_PERCENTILE = 15
FLOOR_FRAMES = 150
"""Either side of a frame, in which its floor is looked for."""
FLOOR_EVERY = 25
BLOCK_FRAMES = 4096

LEAST_FRAMES = 20
LEAST_PEAK = 0.6
"""Of the score over 150 ms; less is no speech."""
CORE_SHARE = 0.5
"""Of the score's peak: frames above it are speech for sure."""
AFTER_CORE, BEFORE_CORE = 15, 8
"""Frames next to the core that may be speech too: no background."""
STEADY_SCORE, STEADY_LOUDEST = 0.45, 0.6
"""A background is steady if its 75th percentile is below the first; a short one, its 95th below the second."""
ALONE_FRAMES, ENOUGH_FRAMES, FEW_FRAMES, LEAST_BACKGROUND = 100, 60, 20, 8
"""Background after the core: judged alone; enough where speech is not far above it; a file cut at its speech."""
CLEAR_SCORE = 4.0
"""Of the core: so far above the floor that little background is enough."""
ABOVE_STEADY, ABOVE_LIVELY = 0.22, 0.15
LIVELY_PERCENTILE, LIVELY_FRAMES = 97, 50
STEADY_RATIO, LIVELY_RATIO, CUT_RATIO = 0.55, 0.42, 0.2
"""Of the core's score: most that the threshold may be."""
THRESHOLD_SHARE = 0.1
BELOW_PEAK = 40 * np.log(10) / 10
"""Speech is within 40 dB of its loudest frame."""
LOWER, HIGHER, MOST_SHIFT_FRAMES = 0.8, 1.25, 12
"""Threshold factors that must not move the end by more than 120 ms."""
JOINED_FRAMES, LEAST_RUN, LEAST_LAST, LAST_SHARE = 20, 8, 25, 0.35
"""Runs closer than the first are one; shorter than the second, none; the last one must be so long and so loud."""
CENTRE_MS = 10
"""Of a frame's window, after its first sample."""


@dataclass(frozen=True, slots=True)
class SpeechBounds:
    """When speech begins and ends in a recording.

    Attributes:
        start_ms, end_ms: in time of the recording; None where it is not known.
        estimated: the end was estimated (or could not be), not given with the recording.
    """

    start_ms: int | None
    end_ms: int | None
    estimated: bool = False


UNKNOWN = SpeechBounds(None, None, estimated=True)


def estimate_bounds(features: np.ndarray) -> SpeechBounds:
    """Bounds of the speech in a recording, start and end each unknown where they cannot be told.

    Args:
        features: log-mel ``(frames, 64)``.
    """
    scored = Score.of(features)
    if scored is None or scored.peak < LEAST_PEAK:
        return UNKNOWN
    threshold = _threshold(scored)
    if threshold is None:
        return UNKNOWN
    segments = [_segments(scored, factor * threshold) for factor in (1.0, LOWER, HIGHER)]
    if not all(segments):
        return UNKNOWN
    return SpeechBounds(_start_ms(scored, segments), _end_ms(scored, segments), estimated=True)


@dataclass(frozen=True)
class Score:
    """How far each frame that is no digital silence stands above the noise floor.

    Attributes:
        live: int ``(n,)``, which frames of the recording these are.
        score: ``(n,)``, mean over the bands of log level less floor, at least 0.
        level: ``(n,)``, log of the frame's energy, smoothed.
        core: int, the places of the frames that are speech for sure.
        peak: of the score over 150 ms.
    """

    live: np.ndarray
    score: np.ndarray
    level: np.ndarray
    core: np.ndarray
    peak: float

    @property
    def speech(self) -> float:
        """Median score of the core."""
        return float(np.median(self.score[self.core]))

    @staticmethod
    def of(features: np.ndarray) -> Score | None:
        """The score of a recording; None if it is too short or silent."""
        live = live_frames(features)
        if len(live) < LEAST_FRAMES:
            return None
        bands, level = _band_levels(features, live)
        score = np.maximum(bands - _floor(bands), 0).mean(axis=1)
        held = _mean_of(score, 15)
        peak = float(held.max())
        core = np.flatnonzero(score > CORE_SHARE * peak)
        return Score(live, score, level, core, peak) if core.size else None


def live_frames(features: np.ndarray) -> np.ndarray:
    """Places of the frames that hold sound: no digital silence, nor the two next to it, which are partly silent."""
    silent = np.asarray(features.max(axis=1) <= DIGITAL_SILENCE)
    near = silent.copy()
    for distance in (1, 2):
        near[distance:] |= silent[:-distance]
        near[:-distance] |= silent[distance:]
    return np.flatnonzero(~near)


def _threshold(scored: Score) -> float | None:
    """The score that tells speech from background; None where nothing does."""
    score, speech = scored.score, scored.speech
    after = score[scored.core[-1] + AFTER_CORE :]
    before = score[: max(0, scored.core[0] - BEFORE_CORE)]
    background = after if len(after) >= ALONE_FRAMES else np.concatenate([after, before])
    if len(background) < LEAST_BACKGROUND:
        return None
    steady = np.percentile(background, 75) < STEADY_SCORE and (
        len(after) >= ALONE_FRAMES or np.percentile(background, 95) < STEADY_LOUDEST
    )
    above = np.percentile(background, 75) + ABOVE_STEADY
    if not steady:
        above = np.percentile(background, LIVELY_PERCENTILE) + ABOVE_LIVELY
    threshold = max(float(above), THRESHOLD_SHARE * speech)
    if threshold > (STEADY_RATIO if steady else LIVELY_RATIO) * speech:
        return None
    if not steady and len(background) < LIVELY_FRAMES:
        return None
    if len(after) < ENOUGH_FRAMES and speech < CLEAR_SCORE:
        return None
    if len(after) < FEW_FRAMES and (not steady or threshold > CUT_RATIO * speech):
        return None
    return threshold


def _segments(scored: Score, threshold: float) -> list[tuple[int, int]]:
    """Stretches of speech, first place and one past the last, short gaps bridged and short sounds left out."""
    loudest = scored.level[scored.core].max()
    speech = (scored.score > threshold) & (scored.level > loudest - BELOW_PEAK)
    turns = np.flatnonzero(np.diff(np.concatenate([[0], speech.astype(np.int8), [0]])))
    joined: list[list[int]] = []  # first, one past the last, frames that are speech
    for first, last in turns.reshape(-1, 2).tolist():
        if joined and first - joined[-1][1] <= JOINED_FRAMES:
            joined[-1][1:] = last, joined[-1][2] + last - first
        else:
            joined.append([first, last, last - first])
    return [(first, last) for first, last, frames in joined if frames >= LEAST_RUN]


def _end_ms(scored: Score, segments: list[list[tuple[int, int]]]) -> int | None:
    ends = [scored.live[own[-1][1] - 1] for own in segments]
    if max(ends) - min(ends) > MOST_SHIFT_FRAMES or not _is_sure(scored, segments[0][-1]):
        return None
    return int(ends[0]) * FRAME_SHIFT_MS + CENTRE_MS


def _start_ms(scored: Score, segments: list[list[tuple[int, int]]]) -> int | None:
    starts = [scored.live[own[0][0]] for own in segments]
    if max(starts) - min(starts) > MOST_SHIFT_FRAMES or not _is_sure(scored, segments[0][0]):
        return None
    return int(starts[0]) * FRAME_SHIFT_MS + CENTRE_MS


def _is_sure(scored: Score, segment: tuple[int, int]) -> bool:
    """A stretch at either end that is long and loud enough to be speech rather than a click or a breath."""
    own = scored.score[slice(*segment)]
    return len(own) >= LEAST_LAST and own.max() >= LAST_SHARE * scored.speech


def _band_levels(features: np.ndarray, live: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log levels ``(n, BANDS)`` and log energy ``(n,)`` of the live frames, smoothed; a block at a time."""
    count, margin = len(live), SMOOTHED_FRAMES // 2
    bands, level = np.empty((count, BANDS)), np.empty(count)
    for start in range(0, count, BLOCK_FRAMES):
        stop = min(count, start + BLOCK_FRAMES)
        wider = np.clip(np.arange(start - margin, stop + margin), 0, count - 1)
        power = np.exp(np.asarray(features[live[wider]], np.float64))
        own = slice(margin, margin + stop - start)
        bands[start:stop] = np.log(_mean_of(power, SMOOTHED_FRAMES)[own]).reshape(stop - start, BANDS, -1).mean(axis=2)
        level[start:stop] = np.log(_mean_of(power.sum(axis=1), 3)[own])
    return bands, level


def _mean_of(values: np.ndarray, width: int) -> np.ndarray:
    """Running mean over an odd number of frames; at the ends, of as if the first and last went on."""
    half = width // 2
    padded = np.concatenate([np.repeat(values[:1], half, axis=0), values, np.repeat(values[-1:], half, axis=0)])
    return sum(padded[k : k + len(values)] for k in range(width)) / width


def _floor(bands: np.ndarray) -> np.ndarray:
    """The noise floor of each frame and band: a low percentile of what is around it."""
    count = len(bands)
    centres = np.unique(np.append(np.arange(0, count, FLOOR_EVERY), count - 1))
    found = np.array(
        [
            np.percentile(bands[max(0, at - FLOOR_FRAMES) : at + FLOOR_FRAMES + 1], FLOOR_PERCENTILE, axis=0)
            for at in centres
        ]
    )
    places = np.arange(count)
    return np.stack([np.interp(places, centres, found[:, band]) for band in range(bands.shape[1])], axis=1)
