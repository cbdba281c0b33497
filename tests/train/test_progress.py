"""When a stage of a run is over."""

from __future__ import annotations

from azsim.train.progress import NOT_MEASURED, Progress, averaged, stage_is_over
from azsim.train.recipe_file import load_recipe

STAGES = load_recipe("base")[1].stages
FLAT, CLEAN, AUGMENTED = range(3)


def test_variation_comes_last():
    assert [stage.mix.augmented for stage in STAGES] == [False, False, True]


def test_flat_start_ends_by_its_loss():
    stage = STAGES[FLAT]
    progress = Progress(stage=FLAT, stage_step=stage.at_least, frame_loss=stage.below_loss + 0.1)
    assert not stage_is_over(progress, STAGES)
    progress.frame_loss = stage.below_loss - 0.1
    progress.wer_percent = 0.0
    assert stage_is_over(progress, STAGES)


def test_a_low_loss_without_recognised_words_does_not_end_the_clean_stage():
    progress = Progress(stage=CLEAN, stage_step=1000, transducer_loss=0.2, wer_percent=97.0)
    assert not stage_is_over(progress, STAGES)
    progress.wer_percent = 40.0
    assert stage_is_over(progress, STAGES)


def test_a_hopeless_stage_ends_anyway_and_the_last_never_does():
    assert stage_is_over(Progress(stage=CLEAN, stage_step=STAGES[CLEAN].at_most), STAGES)
    assert not stage_is_over(Progress(stage=AUGMENTED, stage_step=10**9), STAGES)


def test_running_mean_starts_at_the_first_value():
    assert averaged(NOT_MEASURED, 4.0) == 4.0
    assert 3.9 < averaged(4.0, 3.0) < 4.0
