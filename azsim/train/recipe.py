"""The recipe: what is trained on what, and when to move on.

::

    flat ──CE < 3.3──> clean ──loss < 1.1 per label, WER < 60 %─> augmented ──time is up──> done
    CTC head on      transducer + CTC,                           all variation,
    spread labels    no variation                                real recordings repeated

A transducer that starts on varied speech learns the grammar and ignores the
sound, so the start is clean and the stages end by what was measured, not by
the clock; ``at_most`` only keeps a hopeless run from lasting for ever.

**Source:** CTC as a helper, Kim et al. 2017 (arXiv:1609.06773); thresholds from our own runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from azsim.train.data import Mix

PEAK_LEARNING_RATE = 2e-3
LAST_LEARNING_RATE_SHARE = 0.02
WARM_UP_STEPS = 100
CONSTANT_SHARE = 0.1
LARGEST_GRADIENT_NORM = 5.0
AVERAGE_DECAY = 0.98
FLAT_FRAME_LOSS = 3.3  # nats per voiced step
CLEAN_LOSS = 1.1  # nats per label
CLEAN_WER_PERCENT = 60.0
NOT_MEASURED = 1e9


@dataclass(frozen=True)
class Stage:
    """One stretch of a run.

    Attributes:
        name: for the log.
        mix: what its epochs are made of.
        transducer: train by transducer and CTC loss, else by cross-entropy of the CTC head.
        ctc_weight: weight of the CTC loss beside the transducer loss.
        at_least: steps before it may end.
        at_most: steps after which it ends in any case.
    """

    name: str
    mix: Mix
    transducer: bool
    ctc_weight: float
    at_least: int
    at_most: float


STAGES = (
    Stage("flat", Mix(False, 1, 300, 7200), False, 0.0, at_least=300, at_most=2000),
    Stage("clean", Mix(False, 1, 400, 9600), True, 0.5, at_least=400, at_most=4000),
    Stage("augmented", Mix(True, 4, 900, 14_400, coffee_share=0.25), True, 0.3, at_least=0, at_most=math.inf),
)


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


def stage_is_over(progress: Progress) -> bool:
    """Whether what was measured allows the next stage."""
    stage = STAGES[progress.stage]
    if progress.stage == len(STAGES) - 1 or progress.stage_step < stage.at_least:
        return False
    if progress.stage_step >= stage.at_most:
        return True
    if not stage.transducer:
        return progress.frame_loss < FLAT_FRAME_LOSS
    return progress.transducer_loss < CLEAN_LOSS and progress.wer_percent < CLEAN_WER_PERCENT


def learning_rate(step: int, share_done: float) -> float:
    """Warm-up over steps, a plateau, then a cosine over the share of the run that is done."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    along = min(1.0, max(0.0, (share_done - CONSTANT_SHARE) / (1 - CONSTANT_SHARE)))
    cosine = 0.5 * (1 + math.cos(math.pi * along))
    return PEAK_LEARNING_RATE * warm * (LAST_LEARNING_RATE_SHARE + (1 - LAST_LEARNING_RATE_SHARE) * cosine)
