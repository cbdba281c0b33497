"""Model updates through the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from azsim import output_file
from azsim.cli import main
from azsim.compress import compress
from azsim.compress.update.image import pack_image
from azsim.nn.rnnt.network import Network
from azsim.nn.rnnt.save import save_network


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, object]]:
    """Run ``azsim update ... --json``, which must succeed; what it printed."""

    def run(*arguments: object) -> dict[str, object]:
        assert main(["update", *map(str, arguments), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_a_release_from_the_network_to_the_device(tiny_network: Network, tmp_path: Path, told, capsys) -> None:
    rng = np.random.default_rng(1)
    moved = {k: v + np.float32(0.01) * rng.standard_normal(v.shape).astype(np.float32)
             for k, v in tiny_network.parameters.items()}  # fmt: skip
    paths = {name: tmp_path / name for name in ("1.safetensors", "2.safetensors", "1.azm", "2.azm", "1.azu", "2.azu")}
    save_network(tiny_network, paths["1.safetensors"])
    save_network(replace(tiny_network, parameters=moved), paths["2.safetensors"])
    key, store = tmp_path / "k.pem", tmp_path / "store"
    public = told("key", key)["public_key"]
    old = told("image", paths["1.safetensors"], "--out", paths["1.azm"])
    new = told("image", paths["2.safetensors"], "--after", paths["1.azm"], "--out", paths["2.azm"])
    told("make", paths["1.azm"], "--release", 1, "--key", key, "--out", paths["1.azu"])
    made = told("make", paths["2.azm"], "--old", paths["1.azm"], "--release", 2, "--key", key, "--out", paths["2.azu"])
    assert (made["kind"], made["old_sha256"], made["new_sha256"]) == ("delta", old["sha256"], new["sha256"])
    told("apply", paths["1.azu"], "--store", store, "--trust", public)
    assert told("apply", paths["2.azu"], "--store", store)["slot"] == "b"
    assert told("inspect", store)["new_sha256"] == new["sha256"]
    assert told("inspect", paths["2.azu"], "--trust", public)["version"] == 2
    assert told("inspect", paths["2.azm"])["sha256"] == new["sha256"]
    assert main(["update", "apply", str(paths["1.azu"]), "--store", str(store)]) == 2
    assert "must be higher" in capsys.readouterr().err
    assert main(["update", "apply", str(paths["1.azu"]), "--store", str(store), "--allow-rollback"]) == 0
    assert "random-8 version 1 (full)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["make", "x.azm", "--release", "0", "--key", "k", "--out", "o"], "must be a whole number"),
        (["make", "x.azm", "--release", "1", "--key", "k", "--out", "o", "--mask-seed", "1"], "both or neither"),
        (["make", "x.azm", "--release", "1", "--key", "k", "--out", "o"], "k: no such file"),
        (["inspect", "nowhere.azm"], "nowhere.azm: no such file"),
        (["apply", "u", "--store", "nowhere"], "u: no such file"),
        ([], "ACTION"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: list[str], words: str, capsys) -> None:
    try:
        status = main(["update", *arguments])
    except SystemExit as left:
        status = left.code
    error = capsys.readouterr().err
    assert status == 2
    assert words in error
    assert len(error.splitlines()) == 1


@pytest.fixture
def made(tiny_network: Network, tmp_path: Path, told) -> dict[str, Path]:
    """A key pair, two images, a full update to the first and a delta to the second."""
    paths = {name: tmp_path / name for name in ("k.pem", "k.pub.pem", "1.azm", "2.azm", "1.azu", "2.azu", "store")}
    save_network(tiny_network, tmp_path / "1.safetensors")
    parameters = {name: value * np.float32(1.01) for name, value in tiny_network.parameters.items()}
    save_network(replace(tiny_network, parameters=parameters), tmp_path / "2.safetensors")
    told("key", paths["k.pem"])
    told("image", tmp_path / "1.safetensors", "--out", paths["1.azm"])
    told("image", tmp_path / "2.safetensors", "--after", paths["1.azm"], "--out", paths["2.azm"])
    told("make", paths["1.azm"], "--release", 1, "--key", paths["k.pem"], "--out", paths["1.azu"])
    delta = ("make", paths["2.azm"], "--old", paths["1.azm"], "--release", 2, "--key", paths["k.pem"])
    told(*delta, "--out", paths["2.azu"])
    return paths


def failed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line of an action that must fail, without ``azsim: ``."""
    assert main(["update", *map(str, arguments)]) in (1, 2)
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line.removeprefix("azsim: ")


@pytest.mark.skipif(os.name != "posix", reason="links, pipes and devices as POSIX has them")
@pytest.mark.parametrize("action", ["image", "make"])
def test_what_is_no_plain_file_is_not_written_over(made, tmp_path: Path, capsys, monkeypatch, action: str) -> None:
    (tmp_path / "precious").write_text("the user's")
    (tmp_path / "link").symlink_to("precious")
    (tmp_path / "out.azu.partial").write_text("the user's too")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr("azsim.compress.stored.load_network", None)  # found out before the work
    monkeypatch.setattr("azsim.compress.update.make.make_update", None)
    arguments = {
        "image": ("image", tmp_path / "1.safetensors"),
        "make": ("make", made["1.azm"], "--release", 1, "--key", made["k.pem"]),
    }[action]
    for out, words in {
        "/dev/null": "is a pipe or a device",
        tmp_path / "pipe": "is a pipe or a device",
        tmp_path / "link": "is a symbolic link",
        tmp_path: "is a folder",
        tmp_path / "nowhere" / "x": "there is no folder",
        tmp_path / ("n" * 300): "File name too long",
    }.items():
        assert words in failed(capsys, *arguments, "--out", out)
    with pytest.raises(SystemExit, match="2"):
        main(["update", *map(str, arguments), "--out", ""])
    assert "the empty text names no file or folder" in capsys.readouterr().err
    monkeypatch.undo()
    assert main(["update", *map(str, arguments), "--out", str(tmp_path / "out.azu")]) == 0
    assert (tmp_path / "out.azu.partial").read_text() == "the user's too"
    assert (tmp_path / "precious").read_text() == "the user's"


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices as POSIX has them")
def test_pipes_and_endless_devices_are_not_read(made, tmp_path: Path, capsys) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for wrong in ("pipe", "endless"):
        path = tmp_path / wrong
        for arguments in (
            ("apply", path, "--store", made["store"], "--trust", made["k.pub.pem"]),
            ("apply", made["1.azu"], "--store", made["store"], "--trust", path),
            ("apply", made["1.azu"], "--store", path),
            ("make", path, "--release", 1, "--key", made["k.pem"], "--out", tmp_path / "x"),
            ("make", made["2.azm"], "--old", path, "--release", 1, "--key", made["k.pem"], "--out", tmp_path / "x"),
            ("make", made["1.azm"], "--release", 1, "--key", path, "--out", tmp_path / "x"),
            ("image", tmp_path / "1.safetensors", "--after", path, "--out", tmp_path / "x"),
            ("inspect", path),
        ):
            assert wrong in failed(capsys, *arguments)
    assert not made["store"].exists()
    assert not (tmp_path / "x").exists()


def test_a_delta_founds_no_store_and_the_full_update_then_does(made, capsys, told) -> None:
    trust = ("--store", made["store"], "--trust", made["k.pub.pem"])
    assert "holds no whole model; a delta update needs one" in failed(capsys, "apply", made["2.azu"], *trust)
    assert not made["store"].exists()
    told("apply", made["1.azu"], *trust)
    assert "holds a model store already" in failed(capsys, "apply", made["1.azu"], *trust)
    assert told("apply", made["2.azu"], "--store", made["store"])["version"] == 2


def test_the_last_words_after_an_interrupt_are_true(made, capsys, told, monkeypatch) -> None:
    """Ctrl-C before, in the middle of and after what an action does."""
    told("apply", made["1.azu"], "--store", made["store"], "--trust", made["k.pub.pem"])
    replace_, sync = os.replace, output_file.sync_folder
    apply = ("apply", made["2.azu"], "--store", made["store"])

    def interrupted_before(source: Path, target: Path) -> None:
        if Path(target).name in ("active", "x.azm"):
            raise KeyboardInterrupt
        replace_(source, target)

    def interrupted_after(source: Path, target: Path) -> None:
        replace_(source, target)
        if Path(target).name in ("active", "x.azm"):
            raise KeyboardInterrupt

    image = ("image", made["store"].parent / "1.safetensors", "--out", made["store"].parent / "x.azm")
    monkeypatch.setattr(output_file.os, "replace", interrupted_before)
    assert failed(capsys, *apply) == "interrupted; nothing was changed"
    assert told("inspect", made["store"])["version"] == 1
    assert failed(capsys, *image) == "interrupted; nothing was changed"
    monkeypatch.setattr(output_file.os, "replace", interrupted_after)
    assert failed(capsys, *apply) == f"interrupted, but too late: {made['store']} runs the new model"
    assert told("inspect", made["store"])["version"] == 2
    assert failed(capsys, *image) == f"interrupted, but too late: {image[-1]} is written"
    assert image[-1].exists()
    monkeypatch.setattr(output_file.os, "replace", replace_)

    def interrupted_key(folder: Path) -> None:
        sync(folder)
        raise KeyboardInterrupt

    monkeypatch.setattr(output_file, "sync_folder", interrupted_key)
    assert failed(capsys, "key", made["store"].parent / "other.pem") == "interrupted; nothing was changed"
    assert not list(made["store"].parent.glob("other*"))


def test_names_in_a_file_do_not_reach_the_terminal_as_commands(tiny_network: Network, tmp_path: Path, capsys) -> None:
    image = pack_image(compress(replace(tiny_network, name="a\x1b[2Jb"), name="c\rd", codec="raw"))
    (tmp_path / "x.azm").write_bytes(image)
    assert main(["update", "inspect", str(tmp_path / "x.azm")]) == 0
    assert "a?[2Jb, c?d" in capsys.readouterr().out


def test_an_image_for_old_devices_has_the_old_format(made, tmp_path: Path, told, capsys) -> None:
    told("image", tmp_path / "1.safetensors", "--out", tmp_path / "old.azm", "--format", 1)
    assert told("make", tmp_path / "old.azm", "--release", 1, "--key", made["k.pem"], "--out", tmp_path / "o")[
        "format"
    ] == 1  # fmt: skip
    assert told("inspect", made["1.azu"], "--trust", made["k.pub.pem"])["format"] == 2
