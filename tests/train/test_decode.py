"""Greedy search against a plain per-utterance loop, and the word error rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.data import load_utterances  # noqa: E402 (needs torch)
from azsim.train.decode import (  # noqa: E402 (needs torch)
    MAX_LABELS_PER_STEP,
    Recognised,
    greedy,
    wer_percent,
    word_errors,
)
from azsim.train.model import Shape, Transducer  # noqa: E402 (needs torch)


@torch.no_grad()
def one_by_one(model: Transducer, features: torch.Tensor, steps: int) -> list[int]:
    encoded = model.encode(features[None])
    found: list[int] = []
    output, state = model.predict(torch.zeros(1, 1, dtype=torch.int64))
    for t in range(steps):
        for _ in range(MAX_LABELS_PER_STEP):
            hidden = torch.tanh(model.joint_encoder(encoded[t, 0]) + model.joint_prediction(output[0, 0]))
            label = int(model.joint_output(hidden).argmax())
            if label == 0:
                break
            found.append(label)
            output, state = model.predict(torch.tensor([[label]]), state)
    return found


def test_batched_search_equals_one_utterance_at_a_time():
    torch.manual_seed(4)
    model = Transducer(Shape(vocabulary=9, hidden=12, embedding=8, joint=10)).eval()
    with torch.no_grad():
        model.joint_output.weight.mul_(8)
    features, steps = torch.randn(4, 60, 64), [10, 7, 10, 1]
    found = greedy(model, features, steps)
    assert found == [one_by_one(model, features[b], count) for b, count in enumerate(steps)]
    assert len({len(labels) for labels in found}) > 1


def test_word_error_rate_counts_all_three_kinds(tiny_corpus: Path):
    utterances = load_utterances(tiny_corpus, ["eval"])["dev-seen"]
    right = [Recognised(u, u.line.text) for u in utterances]
    assert wer_percent(right) == 0
    words = sum(len(u.line.text.split()) for u in utterances)
    wrong = [Recognised(u, u.line.text + " abc") for u in utterances]
    assert word_errors(wrong) == (len(utterances), words)
    assert wer_percent(wrong) == 100 * len(utterances) / words
    assert np.isnan(wer_percent([]))
