"""A tiny corpus on disk: each letter a band of energy, so that a model can learn it in seconds."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

WORDS = ("abc", "bca", "cab", "aab", "cba")
FRAMES_PER_LETTER = 12
QUIET_FRAMES = 24


def write_folder(folder: Path, splits: dict[str, int], seed: int, sentences: Sequence[str] = ()) -> None:
    """A feature folder with so many utterances of each split: of the sentences in turn, or of words at random."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    blocks, lines, start = [], [], 0
    for split, count in splits.items():
        for number in range(count):
            words = [WORDS[i] for i in rng.integers(len(WORDS), size=rng.integers(1, 3))]
            if sentences:
                words = sentences[number % len(sentences)].split()
            letters = "".join(words)
            speech = len(letters) * FRAMES_PER_LETTER
            frames = rng.normal(0, 0.3, (speech + 2 * QUIET_FRAMES, 64))
            for i, letter in enumerate(letters):
                low = 20 * "abc".index(letter)
                at = QUIET_FRAMES + i * FRAMES_PER_LETTER
                frames[at : at + FRAMES_PER_LETTER, low : low + 20] += 5
            blocks.append(frames.astype(np.float16))
            lines.append(
                {
                    "id": f"{split}-{number}", "split": split, "text": " ".join(words), "voice": "tone",
                    "engine": "tone", "domain": "test", "source": "test", "speaker": f"s{number % 3}",
                    "start_frame": start, "frames": len(frames), "speech_start_ms": QUIET_FRAMES * 10,
                    "speech_end_ms": QUIET_FRAMES * 10 + speech * 10,
                }
            )  # fmt: skip
            start += len(frames)
    np.concatenate(blocks).tofile(folder / "features.f16")
    (folder / "index.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus with all folders that training reads."""
    root = tmp_path_factory.mktemp("corpus")
    write_folder(root / "shard-00", {"train": 60}, seed=1)
    write_folder(root / "eval", {"dev-seen": 6, "dev-unseen": 6}, seed=2)
    write_folder(root / "real", {"real-train": 6, "real-heldout": 4}, seed=3)
    write_folder(root / "noise", {"noise": 2, "music": 2}, seed=4)
    return root


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """As every worker trains: what several threads add up differs from run to run."""
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
