"""The packed transducer loss against a brute-force sum over alignments."""

from __future__ import annotations

import itertools
import math

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.rnnt_loss import Cells, join, rnnt_loss  # noqa: E402 (needs torch)

CELLS = Cells(frames=(3, 1, 4), labels=((2, 1), (), (3, 3, 1)))
VOCABULARY = 5


def brute_force(logits: torch.Tensor, cells: Cells) -> torch.Tensor:
    """Enumerate every alignment of every utterance."""
    scores, total = torch.log_softmax(logits, 1), torch.zeros(())
    for b, (frames, labels) in enumerate(zip(cells.frames, cells.labels, strict=True)):
        paths = []
        for emissions in itertools.combinations_with_replacement(range(frames), len(labels)):
            score, u = torch.zeros(()), 0
            for t in range(frames):
                row = cells.offsets[b] + t * (len(labels) + 1)
                while u < len(labels) and emissions[u] == t:
                    score = score + scores[row + u, labels[u]]
                    u += 1
                score = score + scores[row + u, 0]
            paths.append(score)
        total = total - torch.logsumexp(torch.stack(paths), 0)
    return total


def test_loss_and_gradient_equal_the_sum_over_all_alignments():
    torch.manual_seed(0)
    logits = torch.randn(CELLS.offsets[-1], VOCABULARY, requires_grad=True)
    reference = logits.detach().clone().requires_grad_()
    loss, expected = rnnt_loss(logits, CELLS), brute_force(reference, CELLS)
    (2 * loss).backward()
    (2 * expected).backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert torch.allclose(logits.grad, reference.grad, atol=1e-6)


def test_uniform_scores_count_the_alignments():
    cells = Cells(frames=(6,), labels=((1, 2, 3),))
    loss = rnnt_loss(torch.zeros(cells.offsets[-1], VOCABULARY), cells)
    paths = math.comb(6 + 3 - 1, 3)
    assert loss.item() == pytest.approx((6 + 3) * math.log(VOCABULARY) - math.log(paths), rel=1e-6)


def test_join_equals_broadcast_addition():
    torch.manual_seed(1)
    encoder = torch.randn(3, 4, 6, requires_grad=True)
    prediction = torch.randn(3, 4, 6, requires_grad=True)
    weights = torch.randn(CELLS.offsets[-1], 6)
    (join(encoder, prediction, CELLS) * weights).sum().backward()
    packed = (encoder.grad.clone(), prediction.grad.clone())
    encoder.grad = prediction.grad = None
    blocks = [
        torch.tanh(encoder[b, :frames, None] + prediction[b, None, : len(labels) + 1]).reshape(-1, 6)
        for b, (frames, labels) in enumerate(zip(CELLS.frames, CELLS.labels, strict=True))
    ]
    (torch.cat(blocks) * weights).sum().backward()
    assert torch.allclose(packed[0], encoder.grad, atol=1e-6)
    assert torch.allclose(packed[1], prediction.grad, atol=1e-6)
