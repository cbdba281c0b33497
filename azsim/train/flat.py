"""A model's parameters as one flat vector, so that workers exchange one gradient.

::

    values    [ encoder.0 … | … | joint … ]            every parameter is a view
    exchange  [ its gradient              | sums ]     one all-reduce per step

**Source:** synchronous data-parallel descent; the layout is ours.
"""

from __future__ import annotations

import torch
import torch.distributed
from torch import nn


class FlatParameters:
    """Parameters, gradient and Adam state of a model, each one contiguous vector.

    Attributes:
        parameter: all values, float32 ``(n,)``.
        sums: the last entries of the exchanged vector, added up over workers.
        optimiser: Adam on the flat vector.
    """

    def __init__(self, model: nn.Module, sums: int) -> None:
        self._model = model
        count = sum(p.numel() for p in model.parameters())
        self.parameter = nn.Parameter(torch.empty(count))
        self._exchange = torch.zeros(count + sums)
        self.parameter.grad = self._exchange[:count]
        self.sums = self._exchange[count:]
        self.slices: dict[str, slice] = {}
        start = 0
        for name, parameter in model.named_parameters():
            place = self.slices[name] = slice(start, start + parameter.numel())
            self.parameter.data[place] = parameter.data.reshape(-1)
            parameter.data = self.parameter.data[place].view_as(parameter)
            parameter.grad = self._exchange[place].view_as(parameter)
            start = place.stop
        self.optimiser = torch.optim.Adam([self.parameter], betas=(0.9, 0.98), fused=True)

    def zero(self) -> None:
        """Forget gradient and sums."""
        self._exchange.zero_()

    def add_up(self) -> None:
        """Sum gradient and sums over all workers."""
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(self._exchange)

    def average(self, divisor: float, largest_norm: float) -> float:
        """Divide the gradient and limit its norm; returns the norm before the limit."""
        gradient = self.parameter.grad
        gradient.mul_(1.0 / divisor)
        norm = float(gradient.norm())
        if norm > largest_norm:
            gradient.mul_(largest_norm / norm)
        return norm

    def step(self, learning_rate: float) -> None:
        """Take one Adam step."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        self.optimiser.step()

    def state(self) -> dict[str, torch.Tensor]:
        """Copies of values and Adam state."""
        adam = self.optimiser.state.get(self.parameter, {})
        zeros = torch.zeros_like(self.parameter.data)
        return {
            "values": self.parameter.data.clone(),
            "adam.mean": adam.get("exp_avg", zeros).clone(),
            "adam.square": adam.get("exp_avg_sq", zeros).clone(),
            "adam.steps": torch.as_tensor(adam.get("step", 0.0), dtype=torch.float32).reshape(1).clone(),
        }

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Take values and Adam state from :meth:`state`."""
        self.parameter.data.copy_(state["values"])
        self.optimiser.state[self.parameter] = {
            "step": state["adam.steps"].reshape(()).clone(),
            "exp_avg": state["adam.mean"].clone(),
            "exp_avg_sq": state["adam.square"].clone(),
        }
