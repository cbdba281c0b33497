"""Inputs of networks that hear a wake word, by the features of their own packages, and of one that looks at text."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from importlib import resources
from itertools import chain
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.resources import data_folder, shipped
from experiments.third_party.feeds import Recording, Stream, recordings

RATE = 16000
WORD, OTHERS = "alexa", {True: "jarvis", False: "computer"}
"""The word, and what else is said where the network is judged and where its grids are chosen."""
STRIDE = 3
"""Frames of a step of microWakeWord."""
HEIGHT, WIDTH = 48, 192
ONLY = "the only input"
"""Of a network that has one, whatever its name."""
MOST_WORDS = 12
"""Recordings of the wake word, and as many of other words."""


@cache
def wake_recordings(unseen: bool) -> tuple[Recording, ...]:
    """The word, of the split ``test`` or of others, and another in turn; the last number is 1 for the word or 0."""
    from azsim.train.corpus.recordings import read_sound
    from azsim.train.corpus.untranscribed import load_untranscribed

    found: dict[bool, list[Path]] = {True: [], False: []}
    for each in load_untranscribed(data_folder("recordings of wake words") / "wakeword"):
        word = each.extra.get("word")
        if word == OTHERS[unseen] or (word == WORD and (each.extra["split"] == "test") == unseen):
            found[word == WORD].append(each.path)
    words = [(path, 1) for path in found[True][:MOST_WORDS]]
    others = [(path, 0) for path in found[False][:MOST_WORDS]]
    return tuple((read_sound(path), 0, is_word) for path, is_word in chain.from_iterable(zip(words, others)))


def wake_features(chosen: Sequence[Recording]) -> tuple[list[Stream], np.ndarray | None]:
    """Three frames of 10 ms a step, 40 bands each, half a second of silence around; labels say which is the word."""
    try:
        from pymicro_wakeword import MicroWakeWordFeatures
    except ImportError:
        raise InputError("microWakeWord's features: must be installed, pip install pymicro-wakeword") from None
    streams, silence = [], np.zeros(RATE // 2, np.float32)
    for samples, _, _ in chosen:
        sound = np.concatenate([silence, samples, silence])
        pcm = np.clip(np.round(sound * 32768), -32768, 32767).astype("<i2").tobytes()
        frames = np.concatenate(list(MicroWakeWordFeatures().process_streaming(pcm)), axis=1)[0]
        whole = len(frames) // STRIDE
        streams.append({ONLY: frames[: whole * STRIDE].reshape(whole, 1, STRIDE, 40).astype(np.float32)})
    return streams, np.array([word for _, _, word in chosen])


def open_windows(chosen: Sequence[Recording]) -> tuple[list[Stream], np.ndarray | None]:
    """76 frames of 32 bands, three windows of each recording 8 frames apart, by the package's own network for them."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise InputError("openWakeWord's features: must be installed, pip install ai-edge-litert") from None
    model = resources.files("pyopen_wakeword") / "models" / "melspectrogram.tflite"
    streams = []
    for samples, _, _ in chosen:
        mel = Interpreter(model_content=model.read_bytes(), num_threads=1)
        mel.resize_tensor_input(0, (1, len(samples)), strict=True)
        mel.allocate_tensors()
        mel.set_tensor(mel.get_input_details()[0]["index"], np.round(samples * 32768)[None].astype(np.float32))
        mel.invoke()
        bands = mel.get_tensor(mel.get_output_details()[0]["index"]).reshape(-1, 32) / 10 + 2
        starts = range(0, len(bands) - 75, 8)[2:5]
        streams.append({ONLY: np.stack([bands[at : at + 76] for at in starts])[:, None, :, :, None]})
    return streams, None


def text_lines(chosen: Sequence[Recording]) -> tuple[list[Stream], np.ndarray | None]:
    """Transcripts of test recordings, black on white, upright and upside down in turn; labels say which.

    Those of voices that are unseen in training are in another type than those that grids are chosen on.
    """
    unseen = any(chosen[0][0] is each[0] for each in recordings(True))
    with open(shipped("experiments", "speech") / "manifest.csv", newline="", encoding="utf-8") as file:
        rows = [row["transcript"] for row in csv.DictReader(file) if (row["unseen_voice"] == "1") == unseen]
    images, labels = [], []
    for number, words in enumerate(rows[: len(chosen)]):
        picture = _printed(" ".join(words.split()[:3]), "DejaVu Serif" if unseen else "DejaVu Sans")
        upside_down = number % 2
        picture = picture[::-1, ::-1] if upside_down else picture
        images.append(np.broadcast_to((picture / 255 - 0.5) / 0.5, (1, 3, HEIGHT, WIDTH)).astype(np.float32))
        labels.append(upside_down)
    return [{ONLY: np.stack(images)}], np.array(labels)


def _printed(words: str, family: str) -> np.ndarray:
    """Grey values ``(HEIGHT, WIDTH)`` of a line of words."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    size = min(24.0, 250.0 / max(1, len(words)))
    figure.text(0.5, 0.5, words, family=family, size=size, ha="center", va="center", color="black")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].mean(axis=2)
