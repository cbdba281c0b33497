"""The packed transducer loss against a brute-force sum over alignments."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.rnnt_loss import Cells, join, rnnt_loss  # noqa: E402 (needs torch)

FRAMES, LABELS = (3, 1, 4), ((2, 1), (), (3, 3, 1))
PLAIN = Cells.plain(FRAMES, LABELS)
BANDED = Cells(
    FRAMES, LABELS,
    low=np.array([0, 0, 1, 0, 0, 0, 1, 3]),
    high=np.array([1, 2, 2, 0, 1, 2, 3, 3]),
)  # fmt: skip
VOCABULARY = 5


def brute_force(logits: torch.Tensor, cells: Cells) -> torch.Tensor:
    """Enumerate every alignment of every utterance that stays in the band."""
    scores, total, begin = torch.log_softmax(logits, 1), torch.zeros(()), 0
    for frames, labels in zip(cells.frames, cells.labels, strict=True):
        paths = []
        for emissions in itertools.combinations_with_replacement(range(frames), len(labels)):
            score, u, inside = torch.zeros(()), 0, True
            for t in range(frames):
                low, high, row = cells.low[begin + t], cells.high[begin + t], cells.first_row[begin + t]
                inside = inside and u >= low
                while inside and u < len(labels) and emissions[u] == t:
                    inside = u < high
                    if inside:
                        score = score + scores[row + u - low, labels[u]]
                    u += 1
                if inside:
                    score = score + scores[row + u - low, 0]
            if inside:
                paths.append(score)
        total = total - torch.logsumexp(torch.stack(paths), 0)
        begin += frames
    return total


@pytest.mark.parametrize("cells", [PLAIN, BANDED], ids=["plain", "banded"])
def test_loss_and_gradient_equal_the_sum_over_all_alignments(cells: Cells):
    torch.manual_seed(0)
    logits = torch.randn(int(cells.first_row[-1]), VOCABULARY, requires_grad=True)
    reference = logits.detach().clone().requires_grad_()
    loss, expected = rnnt_loss(logits, cells), brute_force(reference, cells)
    (2 * loss).backward()
    (2 * expected).backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert torch.allclose(logits.grad, reference.grad, atol=1e-6)


def test_uniform_scores_count_the_alignments():
    cells = Cells.plain((6,), ((1, 2, 3),))
    loss = rnnt_loss(torch.zeros(int(cells.first_row[-1]), VOCABULARY), cells)
    paths = math.comb(6 + 3 - 1, 3)
    assert loss.item() == pytest.approx((6 + 3) * math.log(VOCABULARY) - math.log(paths), rel=1e-6)


@pytest.mark.parametrize("cells", [PLAIN, BANDED], ids=["plain", "banded"])
def test_join_equals_broadcast_addition(cells: Cells):
    torch.manual_seed(1)
    encoder = torch.randn(3, 4, 6, requires_grad=True)
    prediction = torch.randn(3, 4, 6, requires_grad=True)
    weights = torch.randn(int(cells.first_row[-1]), 6)
    (join(encoder, prediction, cells) * weights).sum().backward()
    packed = (encoder.grad.clone(), prediction.grad.clone())
    encoder.grad = prediction.grad = None
    spots = [(b, t) for b, frames in enumerate(cells.frames) for t in range(frames)]
    blocks = [
        torch.tanh(encoder[b, t] + prediction[b, low : high + 1])
        for (b, t), low, high in zip(spots, cells.low, cells.high, strict=True)
    ]
    (torch.cat(blocks) * weights).sum().backward()
    assert torch.allclose(packed[0], encoder.grad, atol=1e-6)
    assert torch.allclose(packed[1], prediction.grad, atol=1e-6)
