"""The command line: exit status, one line per error, nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

import azsim
from azsim.cli import main
from azsim.resources import device_file, shipped

SEEN = {**os.environ, "PYTHONPATH": str(Path(azsim.__file__).parents[1])}
ONE = shipped("experiments", "speech/test-seen-001.flac")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line with which a command refuses its input."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    before = ("azsim: warning: ", "running, ", "comparing, ")
    lines = [line for line in captured.err.strip().splitlines() if not line.startswith(before)]
    assert len(lines) == 1
    assert lines[0].startswith("azsim: ")
    return lines[0]


def changed(tmp_path: Path, old: str, new: str, source: Path | None = None) -> Path:
    """A copy of a TOML file with one string replaced."""
    source = source or shipped("experiments", "compression/compression.toml")
    text = source.read_text()
    assert old in text
    path = tmp_path / source.name
    path.write_text(text.replace(old, new, 1))
    return path


def test_no_command_is_said_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seed = 1", "sed = 1", "sed: unknown key"),
        ("seed = 1", 'seed = "one"', "seed = 'one': must be a whole number from 0 to 2147483647"),
        ('codec = "raw"', 'codec = "rwa"', "did you mean 'raw'?"),
        ("weight_bits = 8", "weight_bits = 9", "weight_bits = 9"),
        ("seed = 1", "seed = 1\nframes_per_step = 3", "'int8 raw': frames_per_step = 3: must be 1, or a mult"),
        ('name = "int8 raw"', 'name = "int8\\nraw"', "must be a text in quotes of 1 to 60 characters on one line"),
        ("sparsity = 0.5", "sparsity = 1.0", "sparsity = 1"),
        ('device = "az1"', 'device = "az9"', "device = 'az9': device 'az9': not known; there are az1"),
        ('device = "az1"', 'device = "none.toml"', "device = 'none.toml': "),
        ('model = "rnnt-student" ', 'model = "rnnt-studnt" ', "model = 'rnnt-studnt': models/rnnt-studnt: not shipped"),
        (
            'model = "rnnt-8bit-50"',
            'model = ".."',
            "configuration 'int8 bitmap 50%': model = '..': '..': is a folder without",
        ),
        ('music = "track"', 'music = "no.ogg"', "music = 'no.ogg': "),
        ('music = "track"', 'music = "trak"', "music = 'trak': no music of that name; there is track"),
        ('speech = "speech"', 'speech = "speach"', "speech = 'speach': no recordings of that name; there is speech"),
        (
            "sparsity = 0.5",
            'sparsity = 0.5\nmatrices = {"nope.*" = {weight_bits = 4}}',
            "configuration 'int8 bitmap 50%': matrices: pattern 'nope.*': matches no matrix; there are encoder.0.input",
        ),
        ("pieces = 4000", "pieces = 40000000", "production.pieces = 40000000: must be a whole number from 1"),
        ('name = "int8 bitmap 50%"', 'name = "int8 raw"', "used twice"),
        ("[cloud]", "[cloud", "not a TOML file"),
        ('"chip.clock_mhz"', '"chip.clock"', "chip.clock: no such key"),
    ],
)
def test_a_wrong_experiment_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = changed(tmp_path, old, new)
    out = tmp_path / "out"
    line = refused(capsys, "compare", str(path), "--out", str(out))
    assert says in line
    assert "compression.toml" in line or "az1.toml" in line
    assert not out.exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("clock_mhz = 400.0", "clock_mhz = -400.0", "chip.clock_mhz = -400"),
        ("lanes = 32 ", "lanes = 0 ", "chip.lanes.lanes = 0"),
        ("lanes = 32 ", "lans = 32 ", "did you mean 'lanes'?"),
        ("capacity_mib = 512 ", "capacity_mib = 1 ", "memory.capacity_mib = 1"),
        ("cores = 4 ", 'cores = "4" ', "cpu.cores = '4'"),
    ],
)
def test_a_wrong_device_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, old: str, new: str, says: str
) -> None:
    device = changed(tmp_path, old, new, device_file("az1"))
    line = refused(capsys, "run", str(ONE), "--device", str(device), "--out", str(tmp_path / "out"))
    assert says in line
    assert str(device) in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_bytes(b"not sound at all" * 40), "x.wav"),
        (lambda path: soundfile.write(path, np.zeros((0, 1)), 16000), "x.wav"),
        (lambda path: soundfile.write(path, np.full(16000, np.nan, np.float32), 16000, subtype="FLOAT"), "finite"),
        (lambda path: soundfile.write(path, np.zeros(16000 * 61), 16000), "--max-minutes"),
    ],
)
def test_a_recording_that_cannot_be_used_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, write, says: str
) -> None:
    path = tmp_path / "x.wav"
    write(path)
    assert says in refused(capsys, "run", str(path), "--max-minutes", "1", "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_cut_recording_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cut = tmp_path / "cut.flac"
    cut.write_bytes(ONE.read_bytes()[:-2000])
    assert "cut.flac" in refused(capsys, "run", str(cut), "--out", str(tmp_path / "out"))


@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_a_damaged_model_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, damage: str) -> None:
    content = bytearray(shipped("models", "rnnt-student/model.safetensors").read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    else:
        del content[-1000:]
    model = tmp_path / "model.safetensors"
    model.write_bytes(content)
    line = refused(capsys, "run", str(ONE), "--model", str(model), "--out", str(tmp_path / "out"))
    assert "model.safetensors" in line


def test_a_folder_that_is_a_file_is_refused_before_the_work(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "taken"
    out.write_text("mine")
    assert "taken" in refused(capsys, "run", str(ONE), "--out", str(out))
    assert out.read_text() == "mine"


@pytest.mark.parametrize(
    ("speech", "says"),
    [
        ("file,transcript\nx.wav,on\n", ": line 2: "),
        (None, "is a folder; a CSV manifest with columns file, transcript"),
    ],
)
def test_a_manifest_is_refused_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, speech: str | None, says: str
) -> None:
    manifest = tmp_path / "mine.csv"
    manifest.mkdir() if speech is None else manifest.write_text(speech)
    line = refused(capsys, "compare", "--speech", str(manifest), "--out", str(tmp_path / "out"))
    assert line.startswith(f"azsim: {manifest}")
    assert says in line


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("", "not a model; give a name under models/ or the path of a .safetensors or its folder"),
        ("nowhere/rnnt-student", "not a model; give a name under models/"),
        ("/", "is a folder without model.safetensors"),
    ],
)
def test_what_holds_no_network_is_no_model(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: str, says: str
) -> None:
    line = refused(capsys, "run", str(ONE), "--model", model, "--out", str(tmp_path / "out"))
    assert f"--model: {model!r}: {says}" in line


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "azsim", "run", str(ONE), "--json", "--no-music", "--out", str(tmp_path / "out")]
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert (tmp_path / "out" / "index.html").exists()


def test_a_manifest_without_transcripts_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    manifest = tmp_path / "mine.csv"
    manifest.write_text("file,text\na.wav,hello\n")
    line = refused(capsys, "compare", "--speech", str(manifest), "--out", str(tmp_path / "out"))
    assert "no column 'transcript'" in line


def test_run_prints_words_and_writes_a_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "report"
    asked = ["--trace-window", "300:420", "--trace-every", "2", "--trace-events", "5000"]
    assert main(["run", str(ONE), "--json", "--out", str(out), *asked]) == 0
    answer = json.loads(capsys.readouterr().out)
    utterance = answer["utterances"][0]
    assert utterance["file"] == ONE.name
    assert utterance["transcript"] == " ".join(word["text"] for word in utterance["words"])
    assert all(0 <= word["label_posterior"] <= 1 and word["start_ms"] <= word["end_ms"] for word in utterance["words"])
    for name in ("index.html", "results.csv", "manifest.json", "trace.json"):
        assert (out / name).stat().st_size > 0
    trace = json.loads((out / "trace.json").read_text())
    assert trace["otherData"]["window_ms"] == [300.0, 420.0]
    assert trace["otherData"]["tiles_of_one_step_in"] % 2 == 0
    assert len(trace["traceEvents"]) <= 5000


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--trace-window", "420:300", "--trace-window 420:300: must be FROM:TO in milliseconds"),
        ("--trace-events", "10", "--trace-events 10: must be 1000 to 2000000"),
    ],
)
def test_a_trace_that_cannot_be_is_refused_before_the_work(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str, value: str, says: str
) -> None:
    assert says in refused(capsys, "run", str(ONE), "--out", str(tmp_path / "out"), option, value)
    assert not (tmp_path / "out").exists()


def test_a_program_gets_a_report_without_asking(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(ONE), "--json", "--no-music"]) == 0
    assert json.loads(capsys.readouterr().out)["report"] == "runs/run"
    assert (tmp_path / "runs" / "run" / "index.html").stat().st_size > 0


def test_sound_of_any_rate_and_channels_is_converted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sound, rate = soundfile.read(ONE, dtype="float32")
    wide = np.repeat(soxr.resample(sound, rate, 96_000)[:, None], 8, axis=1)
    path = tmp_path / "wide.wav"
    soundfile.write(path, wide, 96_000, subtype="FLOAT")
    texts = []
    for recording in (ONE, path):
        assert main(["run", str(recording), "--json", "--no-music", "--out", str(tmp_path / "out")]) == 0
        texts.append(json.loads(capsys.readouterr().out)["utterances"][0]["transcript"])
    assert texts[0] == texts[1]


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_one_line_and_no_report(tmp_path: Path, number: signal.Signals) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    command = [sys.executable, "-m", "azsim", "compare", "--utterances", "4", "--out", str(out)]
    with open(log, "w") as said:
        process = subprocess.Popen(command, stderr=said, stdout=subprocess.DEVNULL, start_new_session=True)
        end_s = time.monotonic() + 60  # no measurement, only an end for a broken run
        while "reading speech" not in log.read_text() and time.monotonic() < end_s:
            time.sleep(0.02)
        os.killpg(process.pid, number)
        status = process.wait(timeout=60)
    assert status == 1
    *before, last = log.read_text().splitlines()
    assert last == "azsim: interrupted; no report was written"
    assert all(line.startswith("comparing, ") for line in before)
    assert list(tmp_path.iterdir()) == [log]
    while is_alive(process.pid) and time.monotonic() < end_s:  # what it started may be a zombie for a moment
        time.sleep(0.02)
    assert not is_alive(process.pid)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "x.wav", "--seed", "-1"], "--seed = -1: must be a whole number from 0 to"),
        (["run", "x.wav", "--sparsity", "nan"], "--sparsity nan: must be"),
        (["run", "x.wav", "--weight-bits", "9"], "--weight-bits 9: must be 1 to 8"),
        (["run", "x.wav", "--codec", "raw", "--weight-bits", "5"], "codec 'raw' stores 8 bits"),
        (["run", "x.wav", "--codec", "zvs"], "did you mean 'zvsv'?"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], says: str
) -> None:
    assert says in refused(capsys, *arguments, "--out", str(tmp_path / "out"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "x.wav", "--weight-bits", "abc"],
        ["run", "x.wav", "--max-minutes", "0"],
        ["run", "x.wav", "--music", "a.ogg", "--no-music"],
        ["compare", "--utterances", "0"],
        ["compose"],
    ],
)
def test_a_command_line_that_cannot_be_read_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("azsim: ")
    assert len(said.strip().splitlines()) == 1


def test_a_warning_is_one_line_and_the_work_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('base = "az1"\nname = "mine"\n[memory]\ncapacity_mib = 256\n')
    assert main(["inspect", str(mine), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["device"] == "mine"
    assert err == (
        f"azsim: warning: {mine}: memory.timings = 'lpddr4-3200-x16-4gb': memory.capacity_mib = 256: the part has 512\n"
    )


def test_the_version_is_said_and_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"azsim {azsim.__version__}\n"


def test_version_and_help_load_nothing_heavy() -> None:
    """Which is why they are there at once: no library but Python's own, none of it slow to load."""
    code = """
import sys
import azsim
from azsim.cli import main
try:
    main([sys.argv[1]])
except SystemExit:
    pass
loaded = {name.split(".")[0] for name in sys.modules}
print(sorted(loaded - set(sys.stdlib_module_names) - {"azsim", "__main__"}), file=sys.stderr)
print(sorted(loaded & {"asyncio", "multiprocessing", "subprocess", "importlib_metadata"}), file=sys.stderr)
"""
    for option in ("--version", "--help"):
        ended = subprocess.run([sys.executable, "-S", "-c", code, option], capture_output=True, text=True, env=SEEN)
        assert ended.stderr.splitlines() == ["[]", "[]"]


def test_quiet_is_without_progress_and_without_warnings(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["run", str(ONE), "--no-music", "--out", str(tmp_path / "loud")]) == 0
    assert "running, " in capsys.readouterr().err
    assert main(["run", str(ONE), "--no-music", "--quiet", "--out", str(tmp_path / "quiet")]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "report: " in said.out


@pytest.mark.skipif(not hasattr(os, "fork"), reason="permissions as POSIX has them")
def test_a_machine_without_a_cache_gets_one_warning(tmp_path: Path) -> None:
    """As a container without a home, where the package is root's: the command works, and says once what it lacks."""
    blocked = tmp_path / "file"
    blocked.touch()
    code = f"""
import sys
import azsim.__main__
import tempfile
make = tempfile.TemporaryFile
def refused(*words, dir=None, **more):
    if dir is not None and {str(tmp_path)!r} not in str(dir):
        raise PermissionError(13, "Permission denied")
    return make(*words, dir=dir, **more)
tempfile.TemporaryFile = refused
sys.exit(azsim.__main__.main())
"""
    nowhere = str(blocked / "cache")
    variables = {**SEEN, "NUMBA_CACHE_DIR": nowhere, "XDG_CACHE_HOME": nowhere, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", code, "inspect", "rnnt-5bit-50", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, env=variables)
    assert ended.returncode == 0
    assert json.loads(ended.stdout)
    (line,) = ended.stderr.splitlines()
    assert line.startswith("azsim: warning: compiled kernels cannot be kept")
    assert [path for path in tmp_path.iterdir() if path != blocked] == []
