"""An encoder with a small and a large branch per layer that share one state, and the arbiter that picks one per step.

::

    x ─ W ────────────┐
                      ├─ gates of the branch ─ cell ─┬─> h      large: 4H x (in + H)
    x ─ V ─┐          │                              │          small: rank x (in + H), then 4H x rank
    h ─ V' ┴─ z ─ U ──┘ <────────────────────────────┘
    x ─ LSTM ─ score > 0 ?  the arbiter, once per 30 ms step

Both branches add up the gates of the same cells, so hidden and cell state pass from one to the other as they are. In
training both are computed and the gates mixed by a share that is 0 or 1 forward; its gradient goes to the arbiter
straight through, with logistic noise on the score (the two-way Gumbel-softmax). Layers above the time reduction take
the branch of the step at which they run.

**Source:** AmNet, J. Macoskey et al. 2021 (arXiv:2108.01553): two branches of different cost, by factorisation, and an
arbitrator per frame; bifocal: arXiv:2108.01704; Gumbel-softmax: arXiv:1611.01144. Sharing the state through sums of
gates, the sizes and the straight-through form are ours.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn
from torch.autograd import Function

Choice = Literal["arbiter", "large", "small", "random", "wake-word"]
"""Who picks the branch: the network, always one, chance, or the start of the command: what stands before is small."""


class Branches(nn.Module):
    """The small branches of an encoder's layers, and the arbiter between them and the layers themselves.

    Args:
        widths: inputs of each layer.
        hidden: cells of each layer.
        rank: of the small branches.
        arbiter: cells of the arbiter's LSTM, 0 for none.

    Attributes:
        choice: who picks; the arbiter if there is one.
        temperature: of the arbiter's choice in training.
        large_share: of steps that chance gives to the large branch.
        score: of the last forward pass, float32 ``(T, B)``, None without an arbiter.
        picked: of the last forward pass, float32 ``(T, B)``: 1 where the large branch ran.
    """

    def __init__(self, widths: tuple[int, ...], hidden: int, rank: int, arbiter: int) -> None:
        super().__init__()
        self.input = nn.ParameterList(nn.Parameter(torch.zeros(rank, width)) for width in widths)
        self.recurrent = nn.ParameterList(nn.Parameter(torch.zeros(rank, hidden)) for _ in widths)
        self.expand = nn.ParameterList(nn.Parameter(torch.zeros(4 * hidden, rank)) for _ in widths)
        self.bias = nn.ParameterList(nn.Parameter(torch.zeros(4 * hidden)) for _ in widths)
        self.arbiter = nn.LSTM(widths[0], arbiter) if arbiter else None
        self.arbiter_score = nn.Linear(arbiter, 1) if arbiter else None
        self.choice: Choice = "arbiter" if arbiter else "large"
        self.temperature = 1.0
        self.large_share = 0.5
        self.score: torch.Tensor | None = None
        self.picked: torch.Tensor | None = None

    def pick(self, steps: torch.Tensor, starts: torch.Tensor | None) -> torch.Tensor:
        """The share of the large branch at each step.

        Args:
            steps: float32 ``(T, B, columns)``.
            starts: of ``wake-word``: step at which each utterance's command begins, ``(B,)``.

        Returns:
            float32 ``(T, B)``: 0 or 1.
        """
        count, batch, _ = steps.shape
        self.score = None
        if self.choice == "arbiter":
            score = self.arbiter_score(self.arbiter(steps)[0])[..., 0].float()
            picked = _straight_through(score, self.temperature) if self.training else (score > 0).float()
            self.score = score
        elif self.choice == "random":
            picked = (torch.rand(count, batch) < self.large_share).float()
        elif self.choice == "wake-word" and starts is not None:
            picked = (torch.arange(count)[:, None] >= starts).float()
        else:
            picked = torch.full((count, batch), 0.0 if self.choice == "small" else 1.0)
        self.picked = picked.detach()
        return picked

    def layer(self, index: int, large: nn.LSTM, inputs: torch.Tensor, picked: torch.Tensor) -> torch.Tensor:
        """Hidden states ``(T, B, H)`` of a layer whose large branch is ``large``."""
        if self.choice == "large":
            return large(inputs)[0]
        bias = large.bias_ih_l0 + large.bias_hh_l0
        return _Mixed.apply(
            nn.functional.linear(inputs, large.weight_ih_l0),
            nn.functional.linear(inputs, self.input[index]),
            large.weight_hh_l0, self.recurrent[index], self.expand[index], bias, self.bias[index], picked,
        )  # fmt: skip

    def matrices(self) -> dict[str, nn.Parameter]:
        """The weight matrices that the device gets besides the large branches', under their exported names."""
        found: dict[str, nn.Parameter] = {}
        for index in range(len(self.input)):
            for kind in ("input", "recurrent", "expand"):
                found[f"encoder.{index}.small.{kind}"] = getattr(self, kind)[index]
        if self.arbiter is not None:
            found["arbiter.0.input"] = self.arbiter.weight_ih_l0
            found["arbiter.0.recurrent"] = self.arbiter.weight_hh_l0
            found["arbiter.score"] = self.arbiter_score.weight
        return found

    def vectors(self) -> dict[str, torch.Tensor]:
        """The vectors that go with the matrices."""
        found = {f"encoder.{index}.small.bias": bias for index, bias in enumerate(self.bias)}
        if self.arbiter is not None:
            found["arbiter.0.bias"] = self.arbiter.bias_ih_l0 + self.arbiter.bias_hh_l0
            found["arbiter.score_bias"] = self.arbiter_score.bias
        return found

    @torch.no_grad()
    def factorise(self, encoder: nn.ModuleList) -> None:
        """Let each small branch begin as the best approximation of its layer's weights."""
        rank = self.expand[0].shape[1]
        for index, layer in enumerate(encoder):
            whole = torch.cat([layer.weight_ih_l0, layer.weight_hh_l0], 1)
            left, sizes, right = torch.linalg.svd(whole, full_matrices=False)
            root = sizes[:rank].sqrt()
            self.expand[index].copy_(left[:, :rank] * root)
            down = right[:rank] * root[:, None]
            width = layer.input_size
            self.input[index].copy_(down[:, :width])
            self.recurrent[index].copy_(down[:, width:])
            self.bias[index].copy_(layer.bias_ih_l0 + layer.bias_hh_l0)


def _straight_through(score: torch.Tensor, temperature: float) -> torch.Tensor:
    """0 or 1 forward, backward the gradient of a sigmoid of the noisy score."""
    uniform = torch.rand(score.shape).clamp(1e-6, 1 - 1e-6)
    soft = torch.sigmoid((score + uniform.log() - (1 - uniform).log()) / temperature)
    return (soft > 0.5).float() + (soft - soft.detach())


class _Mixed(Function):
    """A layer whose gates are those of the large branch at share 1 and those of the small one at share 0.

    Arguments of ``forward``: products of the inputs with both branches ``(T, B, 4H)`` and ``(T, B, rank)``,
    ``W_recurrent (4H, H)``, ``V' (rank, H)``, ``U (4H, rank)``, both biases ``(4H,)``, shares ``(T, B)``. Products are
    in the precision of the inputs' products, all else in float32.
    """

    @staticmethod
    def forward(ctx, large_in, small_in, w_recurrent, v_recurrent, expand, large_bias, small_bias, share):
        steps, batch, size = *large_in.shape[:2], w_recurrent.shape[1]
        exact = large_in.dtype
        back = torch.cat([w_recurrent, v_recurrent]).to(exact).t().contiguous()
        up = expand.to(exact).t().contiguous()
        narrow, rows = small_in.clone(), 4 * size
        gates = small_bias.expand(steps, batch, rows).contiguous()
        apart = large_in.float().add_(large_bias - small_bias)
        cells, hiddens = torch.zeros(steps + 1, batch, size), torch.zeros(steps + 1, batch, size)
        tanhs = torch.empty(steps, batch, size)
        for t in range(steps):
            again = hiddens[t].to(exact) @ back
            narrow[t] += again[:, rows:]
            small = (narrow[t] @ up).float()
            apart[t] += again[:, :rows].float().sub_(small)
            own = gates[t].add_(small).addcmul_(apart[t], share[t][:, None])
            own[:, : 2 * size].sigmoid_()
            own[:, 2 * size : 3 * size].tanh_()
            own[:, 3 * size :].sigmoid_()
            enter, forget, candidate, output = own.split(size, 1)
            torch.addcmul(forget * cells[t], enter, candidate, out=cells[t + 1])
            torch.tanh(cells[t + 1], out=tanhs[t])
            torch.mul(output, tanhs[t], out=hiddens[t + 1])
        ctx.save_for_backward(back, up, share, gates, apart, narrow, cells, hiddens, tanhs)
        return hiddens[1:].clone()

    @staticmethod
    def backward(ctx, grad_hidden):
        back, up, share, gates, apart, narrow, cells, hiddens, tanhs = ctx.saved_tensors
        steps, batch, size = tanhs.shape
        rank, exact = up.shape[0], back.dtype
        totals = torch.empty_like(gates)
        both = torch.empty(steps, batch, 4 * size + rank, dtype=exact)
        small = torch.empty(steps, batch, 4 * size, dtype=exact)
        to_cell, to_hidden = torch.zeros(batch, size), torch.zeros(batch, size)
        forward_back, down = back.t().contiguous(), up.t().contiguous()
        for t in range(steps - 1, -1, -1):
            enter, forget, candidate, output = gates[t].split(size, 1)
            to_hidden = to_hidden + grad_hidden[t]
            to_cell = torch.addcmul(to_cell, to_hidden * output, 1 - tanhs[t] ** 2)
            own = totals[t]
            own[:, :size] = to_cell * candidate
            own[:, size : 2 * size] = to_cell * cells[t]
            own[:, 2 * size : 3 * size] = to_cell * enter
            own[:, 3 * size :] = to_hidden * tanhs[t]
            _through(own, gates[t], size)
            large = own * share[t][:, None]
            both[t, :, : 4 * size] = large
            small[t] = own - large
            both[t, :, 4 * size :] = small[t] @ down
            to_hidden = (both[t] @ forward_back).float()
            to_cell = to_cell * forget
        to_share = (totals * apart).sum(2)
        flat_both, flat_small = both.reshape(steps * batch, -1), small.reshape(steps * batch, -1)
        to_back = (flat_both.t() @ hiddens[:-1].reshape(steps * batch, -1).to(exact)).float()
        to_expand = (flat_small.t() @ narrow.reshape(steps * batch, -1)).float()
        large_in, small_in = both[..., : 4 * size], both[..., 4 * size :]
        return (
            large_in, small_in, to_back[: 4 * size], to_back[4 * size :], to_expand,
            large_in.float().sum((0, 1)), small.float().sum((0, 1)), to_share,
        )  # fmt: skip


def _through(total: torch.Tensor, gates: torch.Tensor, size: int) -> None:
    """Gradients of gates to those of their sums, in place."""
    sigmoids = gates[:, : 2 * size]
    total[:, : 2 * size] *= sigmoids * (1 - sigmoids)
    total[:, 2 * size : 3 * size] *= 1 - gates[:, 2 * size : 3 * size] ** 2
    total[:, 3 * size :] *= gates[:, 3 * size :] * (1 - gates[:, 3 * size :])
