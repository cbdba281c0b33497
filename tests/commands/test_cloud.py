"""``azsim cloud``: a server in another process is asked with lattices and recordings; what is wrong is one line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from azsim.cli import main
from azsim.compare.speech_set import read_manifest
from azsim.resources import shipped
from azsim.speech.lattice.slf import to_slf
from azsim.speech.lattice.uplink import encode_lattice
from tests.cloud.cases import OWN, lattice

SAID = read_manifest(shipped("experiments", "speech/manifest.csv"))[2]["transcript"].split()
RECORDING = str(shipped("experiments", "speech/test-seen-000.flac"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cloud")
    (made / "a.slf").write_text(to_slf(lattice()))
    (made / "a.azl").write_bytes(encode_lattice(lattice("7")))
    (made / "local.toml").write_text('base = "az1"\nname = "local"\nlocal_processing = true\n')
    return made


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[tuple[list[str], subprocess.Popen[str]]]:
    """Options that name the server, and its process."""
    keys = ["--certificates", str(folder / "keys")]
    command = [sys.executable, "-m", "azsim", "cloud", "serve", "--port", "0", "--json", *keys]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline()
            assert line.startswith("azsim cloud: listening on 127.0.0.1:"), line
            yield ["--port", line.rpartition(":")[2].strip(), *keys], process
        finally:
            process.kill()


def test_lattices_and_recordings_are_answered(
    folder: Path, served: tuple[list[str], object], capsys: pytest.CaptureFixture[str]
) -> None:
    things = [str(folder / "a.slf"), str(folder / "a.azl"), RECORDING]
    assert main(["cloud", "ask", *things, "--json", "--limit-ms", "60000", *served[0]]) == 0
    found = json.loads(capsys.readouterr().out)["answers"]
    assert [one["by"] for one in found] == ["cloud"] * 3
    assert [one["words"] for one in found[:2]] == [list(OWN)] * 2
    assert len(set(found[2]["words"]) & set(SAID)) >= len(SAID) / 2
    assert found[0]["uplink_bytes"] > found[1]["uplink_bytes"] + 1000  # the handshake
    assert found[2]["uplink_bytes"] > 50 * found[1]["uplink_bytes"]


def test_words_are_printed_and_whose_they_are(
    folder: Path, served: tuple[list[str], object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cloud", "ask", str(folder / "a.slf"), *served[0]]) == 0
    assert "a.slf: turn on the lights: the cloud's words, " in capsys.readouterr().out
    assert main(["cloud", "ask", str(folder / "a.slf"), "--port", "1", *served[0][2:]]) == 0
    assert "turn on the lights: the device's own words (" in capsys.readouterr().out


def test_with_the_setting_on_a_recording_stays_on_the_device(
    folder: Path, served: tuple[list[str], object], capsys: pytest.CaptureFixture[str]
) -> None:
    local = ["--device", str(folder / "local.toml"), *served[0]]
    assert main(["cloud", "ask", RECORDING, *local]) == 2
    assert "local_processing = true" in capsys.readouterr().err
    assert main(["cloud", "ask", str(folder / "a.slf"), *local]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ask", "{folder}/none.slf"], "none.slf: no such file"),
        (["ask", "{folder}/local.toml"], "local.toml"),
        (["ask", "{folder}/a.slf", "--port", "70000"], "70000: must be a port"),
        (["serve", "--teacher", "nobody"], "nobody"),
        (["serve", "--no-audio", "--language-model", "nothing"], "nothing"),
        (["serve", "--certificates", "{folder}/local.toml"], "local.toml"),
        ([], "ACTION"),
    ],
)
def test_what_is_wrong_is_one_line(
    words: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = [] if "--certificates" in words or not words else ["--certificates", str(folder / "keys")]
    try:
        status = main(["cloud", *(word.format(folder=folder) for word in words), *keys])
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("azsim")
    assert said in line


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX alone interrupts so")
def test_an_interrupt_ends_it_well(served: tuple[list[str], subprocess.Popen[str]]) -> None:
    process = served[1]
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out)["refused_requests"] == 0
    assert "Traceback" not in said
