"""Recipes: the shipped ones are right, wrong ones are refused in words that say where and what."""

from __future__ import annotations

from pathlib import Path

import pytest

from azsim.errors import InputError
from azsim.resources import model_names
from azsim.train.recipe_file import load_any_recipe, load_recipe, recipe_names, seeded, split_seed
from azsim.train.tasks.task import task_names

GOOD = """
title = "mine"
start = "base"
[schedule]
steps = 10
peak_learning_rate = 1e-3
[[stages]]
name = "only"
mix = { augmented = true, real_repeats = 1, max_frames = 900, batch_frames = 4800 }
"""
SWEEP = '\n[variants.a.sparsity]\nmethod = "gradual"\nshare = 0.5\n\n[variants.b.schedule]\nsteps = 20\n'


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


def test_every_shipped_recipe_loads_and_starts_from_something_known():
    names = list(recipe_names())
    assert len(names) > 30
    for name in names:
        own, recipe = load_recipe(name)
        assert own == name
        assert recipe.start == "scratch" or recipe.start in (*names, *model_names()), name


def test_every_recipe_of_a_small_network_loads_and_is_none_of_a_recogniser():
    names = list(recipe_names(small=True))
    assert {"voice_activity/all", "sentence_end"} <= set(names)
    for name in names:
        own, recipe = load_any_recipe(name)
        assert own == name
        assert recipe.task in task_names()
        with pytest.raises(InputError, match=r"is a small network's"):
            load_recipe(name)


def test_the_name_of_a_run_says_its_seed_where_it_is_not_the_recipes():
    for name in recipe_names():
        assert split_seed(name) == (name, None)
        assert split_seed(seeded(name, 12)) == (name, 12)


def test_a_variant_is_laid_over_its_file(tmp_path: Path):
    path = written(tmp_path, GOOD + SWEEP)
    name, recipe = load_recipe(f"{path}/a")
    assert (name, recipe.sparsity.share, recipe.schedule.steps) == ("mine/a", 0.5, 10)
    _, other = load_recipe(f"{path}/b")
    assert (other.sparsity, other.schedule.steps, other.schedule.peak_learning_rate) == (None, 20, 1e-3)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("steps = 10", "steps = 0", r"mine\.toml: schedule\.steps = 0: must be a whole number from 1"),
        ("steps = 10", "step = 10", r"schedule\.step: unknown key.*did you mean 'steps'"),
        ('name = "only"', 'nmae = "only"', r"entry 1 of stages: nmae: unknown key"),
        ("augmented = true", "augmented = 1", r"stages 'only': mix\.augmented = 1: must be true or false"),
        (
            "[schedule]",
            '[quantisation]\nmethod = "fakequant"\n[schedule]',
            r"quantisation\.method = 'fakequant': .*did you mean 'fake-quant'",
        ),
        (
            "[schedule]",
            '[quantisation]\nmethod = "multi-regional"\nweight_bits = 4\n[schedule]',
            r"quantisation\.codec = 'packed': 'multi-regional' takes",
        ),
        (
            "[schedule]",
            '[quantisation]\nmethod = "fake-quant"\ncodec = "packd"\n[schedule]',
            r"mine\.toml: quantisation: codec 'packd' is not known; .*did you mean 'packed'",
        ),
        (
            "[schedule]",
            '[sparsity]\nmethod = "gradual"\nshare = 1.0\n[schedule]',
            r"sparsity\.share = 1\.0: must be a number at least 0 and below 1",
        ),
        (
            "augmented = true,",
            'augmented = true, wake_word = "forgotten",',
            r"stages 'only': mix\.wake_word = 'forgotten': must be",
        ),
        (
            "augmented = true,",
            "augmented = false, noisy = true,",
            r"stages 'only': mix\.noisy = true: takes augmented = true",
        ),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_key_and_value(tmp_path: Path, old: str, new: str, message: str):
    with pytest.raises(InputError, match=message):
        load_recipe(written(tmp_path, GOOD.replace(old, new)))


def test_unknown_names_are_refused_with_the_nearest(tmp_path: Path):
    with pytest.raises(InputError, match=r"recipe 'contrl': not known.*did you mean 'control'"):
        load_recipe("contrl")
    with pytest.raises(InputError, match="did you mean 'gradual-50'"):
        load_recipe("sparsity/gradul-50")
    with pytest.raises(InputError, match=r"recipe '/tmp': not known; there are"):
        load_recipe("/tmp")
    with pytest.raises(InputError, match=r"mine\.toml: holds no variants, so none named 'v'"):
        load_recipe(f"{written(tmp_path, GOOD)}/v")
    with pytest.raises(InputError, match=r"holds variants; name one of mine/a, mine/b"):
        load_recipe(written(tmp_path, GOOD + SWEEP))
    with pytest.raises(InputError, match=r"stages 'only': mix\.unlabelled_repeats: needs a table \[distillation\]"):
        load_recipe(written(tmp_path, GOOD.replace("4800 }", "4800, unlabelled_repeats = 1 }")))
