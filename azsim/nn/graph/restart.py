"""Recurrent layers whose state begins anew after so many steps: an array of steps at a time, as in offline models."""

from __future__ import annotations

import numpy as np

from azsim.nn.graph.operator import Arrays, Execution, State


def restarting(execution: Execution, every: int) -> Execution:
    """The same execution from its start again after each ``every`` steps; 0 for never.

    Args:
        execution: of one input and one output, a step out for each in.
        every: steps.
    """
    if not every:
        return execution

    def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
        seen, own, (steps,) = int(state[0]), state[1:], inputs
        outputs, at = [], 0
        while at < len(steps) or not outputs:
            part = steps[at : at + every - seen]
            (made,), own = execution.run(own, (part,))
            outputs.append(made)
            at, seen = at + len(part), seen + len(part)
            if seen == every:
                seen, own = 0, execution.start
        return (np.concatenate(outputs),), (np.array(seen), *own)

    return Execution((np.array(0), *execution.start), run)
