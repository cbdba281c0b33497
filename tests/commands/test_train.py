"""`azsim train`: the list, names of networks, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from azsim.cli import main
from azsim.commands import train
from azsim.errors import InputError
from azsim.train.command import CORPUS, exported
from azsim.train.recipe_file import load_any_recipe, load_recipe, recipe_names


def test_the_list_holds_every_recipe_and_what_is_done(tmp_path: Path, capsys):
    (tmp_path / "control").mkdir()
    (tmp_path / "control" / "final.safetensors").touch()
    assert main(["train", "--list", "--runs", str(tmp_path), "--json"]) == 0
    recipes = {row["recipe"]: row for row in json.loads(capsys.readouterr().out)["recipes"]}
    assert recipes["control"]["is_done"]
    assert not recipes["base"]["is_done"]
    assert recipes["sparsity/gradual-50"]["start"] == "student"


def test_the_list_says_the_title_of_a_sweep_once_and_marks_what_is_done(tmp_path: Path, capsys):
    (tmp_path / "sparsity" / "gradual-50").mkdir(parents=True)
    (tmp_path / "sparsity" / "gradual-50" / "final.safetensors").touch()
    assert main(["train", "--list", "--runs", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    titles = {name: load_any_recipe(name)[1].title for name in (*recipe_names(), *recipe_names(small=True))}
    heads = [line for line in lines if not line.startswith(" ")]
    assert heads == list(dict.fromkeys(f"{name.split('/')[0]}: {title}" for name, title in titles.items()))
    rows = {line.split()[0]: line for line in lines if line.startswith(" ")}
    assert list(rows) == list(titles)
    assert [name for name, line in rows.items() if line.endswith("done")] == ["sparsity/gradual-50"]


def test_a_run_comes_before_a_shipped_network_of_the_same_name(tmp_path: Path):
    assert exported("rnnt-student", tmp_path).parts[-3:-1] == ("models", "rnnt-student")
    (tmp_path / "rnnt-student").mkdir()
    own = tmp_path / "rnnt-student" / "final.safetensors"
    own.touch()
    assert exported("rnnt-student", tmp_path) == own
    assert exported(str(own), tmp_path / "other") == own
    shipped = exported("rnnt-student", tmp_path / "other")
    assert exported(str(shipped.parent), tmp_path) == shipped
    with pytest.raises(InputError, match=r"'base': neither .* is there \(azsim train base makes it\), nor models/base"):
        exported("base", tmp_path)
    with pytest.raises(InputError, match=r"'bsae': neither .* is there \(did you mean 'base'\?\), nor models/bsae"):
        exported("bsae", tmp_path)
    with pytest.raises(InputError, match=r"'xyz': neither .* is there, nor models/xyz: not shipped"):
        exported("xyz", tmp_path)
    with pytest.raises(InputError, match="no such file"):
        exported("missing.safetensors", tmp_path)


def test_without_pytorch_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(train, "find_spec", lambda name: None)
    assert main(["train", "base"]) == 2
    assert "pip install 'azsim[train]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--seed", "-1", "seed = -1: must be a whole number from 0 to 10000000"),
        ("--workers", "65", "workers = 65: must be a whole number from 1 to 64"),
        ("--workers", "0", "workers = 0: must be a whole number from 1 to 64"),
    ],
)
def test_what_a_recipe_may_not_say_no_option_may(option: str, value: str, said: str, capsys):
    assert main(["train", "base", option, value]) == 2
    assert capsys.readouterr().err == f"azsim: recipe 'base': {said}\n"


def test_options_are_laid_over_the_recipe(tmp_path: Path, monkeypatch, capsys):
    workers = pytest.importorskip("azsim.train.workers", reason="training needs the extra `train`")
    ran = []
    monkeypatch.setattr(workers, "train", lambda recipe, place: ran.append((place.name, recipe)))
    base = load_recipe("base")[1]
    for options, seed, count, name in (
        ((), base.seed, base.workers, "base"),
        (("--seed", str(base.seed), "--workers", "3"), base.seed, 3, "base"),
        (("--seed", "7"), 7, base.workers, "base-seed7"),
    ):
        assert main(["train", "base", "--runs", str(tmp_path), *options]) == 0
        assert ran.pop() == (name, msgspec.structs.replace(base, seed=seed, workers=count))


def test_an_unknown_recipe_is_one_line(capsys):
    assert main(["train", "bse"]) == 2
    assert "did you mean 'base'" in capsys.readouterr().err


def test_without_a_home_the_corpus_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", nobody)
    with pytest.raises(InputError, match="there is no home folder; name the corpus with --corpus FOLDER"):
        train._at_home(CORPUS)
