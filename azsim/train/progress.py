"""Where a run is: counters and running means, and when a stage is over.

::

    flat ──loss──> clean ──loss and WER──> augmented ──all steps done──> end

**Source:** our own.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from azsim.train.recipe import RecipeStage

AVERAGE_DECAY = 0.98
NOT_MEASURED = 1e9


class Progress(msgspec.Struct):
    """Where a run is.

    Attributes:
        step: updates so far.
        stage: index into the stages.
        stage_step: updates in this stage.
        epoch: epochs begun.
        epoch_step: batches of this epoch that are done.
        folders: the corpus folders that this epoch reads.
        elapsed_s: time spent training, over all resumptions.
        frame_loss: running mean, nats per voiced step of the encoder.
        transducer_loss: running mean, nats per label.
        ctc_loss: running mean, nats per label.
        wer_percent: last word error rate on seen voices.
        examples: utterances trained on, repeats counted.
    """

    step: int = 0
    stage: int = 0
    stage_step: int = 0
    epoch: int = 0
    epoch_step: int = 0
    folders: list[str] = msgspec.field(default_factory=list)
    elapsed_s: float = 0.0
    frame_loss: float = NOT_MEASURED
    transducer_loss: float = NOT_MEASURED
    ctc_loss: float = NOT_MEASURED
    wer_percent: float = NOT_MEASURED
    examples: int = 0


def averaged(old: float, new: float) -> float:
    """A running mean that starts at its first value."""
    return new if old == NOT_MEASURED else AVERAGE_DECAY * old + (1 - AVERAGE_DECAY) * new


def stage_is_over(progress: Progress, stages: Sequence[RecipeStage]) -> bool:
    """Whether what was measured allows the next stage."""
    stage = stages[progress.stage]
    if progress.stage == len(stages) - 1 or progress.stage_step < stage.at_least:
        return False
    if progress.stage_step >= stage.at_most:
        return True
    loss = progress.transducer_loss if stage.transducer else progress.frame_loss
    return loss < stage.below_loss and progress.wer_percent < stage.below_wer_percent
