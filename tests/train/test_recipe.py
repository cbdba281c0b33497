"""The stages of a run: what ends them, and how the learning rate moves."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.recipe import (
    FLAT_FRAME_LOSS,
    NOT_MEASURED,
    PEAK_LEARNING_RATE,
    STAGES,
    WARM_UP_STEPS,
    Progress,
    averaged,
    learning_rate,
    stage_is_over,
)

FLAT, CLEAN, AUGMENTED = range(3)


def test_variation_comes_last():
    assert [stage.mix.augmented for stage in STAGES] == [False, False, True]


def test_flat_start_ends_by_its_loss():
    progress = Progress(stage=FLAT, stage_step=STAGES[FLAT].at_least, frame_loss=FLAT_FRAME_LOSS + 0.1)
    assert not stage_is_over(progress)
    progress.frame_loss = FLAT_FRAME_LOSS - 0.1
    assert stage_is_over(progress)


def test_a_low_loss_without_recognised_words_does_not_end_the_clean_stage():
    progress = Progress(stage=CLEAN, stage_step=1000, transducer_loss=0.2, wer_percent=97.0)
    assert not stage_is_over(progress)
    progress.wer_percent = 40.0
    assert stage_is_over(progress)


def test_a_hopeless_stage_ends_anyway_and_the_last_never_does():
    assert stage_is_over(Progress(stage=CLEAN, stage_step=int(STAGES[CLEAN].at_most)))
    assert not stage_is_over(Progress(stage=AUGMENTED, stage_step=10**9))


def test_learning_rate_warms_up_and_falls():
    assert learning_rate(0, 0) == pytest.approx(PEAK_LEARNING_RATE / WARM_UP_STEPS)
    rates = [learning_rate(WARM_UP_STEPS, share / 20) for share in range(21)]
    assert rates[0] == PEAK_LEARNING_RATE
    assert rates == sorted(rates, reverse=True)
    assert learning_rate(WARM_UP_STEPS, 2.0) == rates[-1] > 0


def test_running_mean_starts_at_the_first_value():
    assert averaged(NOT_MEASURED, 4.0) == 4.0
    assert 3.9 < averaged(4.0, 3.0) < 4.0
