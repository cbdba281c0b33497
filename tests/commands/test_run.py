"""What `azsim run` hands to the work and prints of it; the work itself is replaced."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from azsim.cli import parser
from azsim.commands import run
from azsim.errors import AzsimWarning, InputError
from azsim.report.results import Comparison
from azsim.resources import shipped
from tests.report import invented


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """What `run` was asked for, and the invented report that it gets."""
    monkeypatch.chdir(tmp_path)
    comparison = invented.one_recording()
    turns = [SimpleNamespace(start_ms=0, opened_by="") for _ in comparison.utterances]
    record = SimpleNamespace(comparison=comparison, turns=turns)

    def made(recordings, single, music, max_minutes, gain, cut):
        record.asked, record.cut = (recordings, single, music, max_minutes), cut
        return SimpleNamespace(utterances=record.turns)

    monkeypatch.setattr("azsim.compare.single.make_single", made)
    monkeypatch.setattr(run, "replace", lambda single, trace: setattr(record, "trace", trace))
    monkeypatch.setattr("azsim.compare.single.run_single", lambda single, command: record.comparison)
    monkeypatch.setattr("azsim.report.write.write_report", lambda comparison, out: Path.cwd() / out)
    monkeypatch.setattr(run, "ignore_interrupts", lambda: None)
    return record


def options(*words: str) -> argparse.Namespace:
    return parser().parse_args(words)


def test_run_asks_for_what_the_command_line_says(done: SimpleNamespace) -> None:
    answer = run.perform(
        options("run", "a.wav", "b.wav", "--device", "az2", "--codec", "zvsv", "--weight-bits", "5", "--no-music",
                "--trace-window", "100:300", "--json")
    )  # fmt: skip
    recordings, single, music, _ = done.asked
    assert [str(path) for path in recordings] == ["a.wav", "b.wav"]
    assert (single.device, single.codec, single.weight_bits) == ("az2", "zvsv", 5)
    assert music is None
    assert done.trace.window_ps == (10**11, 3 * 10**11)
    assert answer["report"] == str(Path("runs") / "run")


def test_music_is_the_shipped_track_unless_told(done: SimpleNamespace) -> None:
    run.perform(options("run", "a.wav", "--json"))
    assert done.asked[2] == shipped("experiments", "music/track.ogg")
    run.perform(options("run", "a.wav", "--music", "mine.ogg", "--json"))
    assert str(done.asked[2]) == "mine.ogg"


def test_json_says_what_was_said_and_prints_nothing(done: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    answer = run.perform(options("run", "a.wav", "--json"))
    assert capsys.readouterr().out == ""
    comparison: Comparison = done.comparison
    assert [one["file"] for one in answer["utterances"]] == [one.utterance for one in comparison.utterances]
    for said, result in zip(answer["utterances"], comparison.utterances, strict=True):
        assert said["transcript"] == result.hypothesis
        assert said["transcript_whole"] == result.hypothesis_whole
        assert said["premature_endpoint"] == result.timing.premature_endpoint
        assert [word["text"] for word in said["words"]] == [word.text for word in result.words]
        assert said["latency_ms"] == result.timing.latency_ms
        assert said["speech_end_estimated"]


def test_the_console_shows_words_latency_and_where_the_report_is(
    done: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    run.perform(options("run", "a.wav", "--out", "reports/mine"))
    shown = capsys.readouterr().out
    for result in done.comparison.utterances:
        assert f"{result.utterance}: {result.hypothesis}" in shown
        if not result.timing.premature_endpoint:
            assert f"{result.timing.latency_ms:.0f} ms from the end of speech" in shown
    assert "0.30 s" in shown
    assert f"report: {Path('reports/mine')}/index.html" in shown


def test_a_wrong_trace_is_refused_before_the_work(done: SimpleNamespace) -> None:
    with pytest.raises(InputError, match="--trace-window 5: must be FROM:TO"):
        run.perform(options("run", "a.wav", "--trace-window", "5"))
    with pytest.raises(InputError, match="--trace-events 3: must be"):
        run.perform(options("run", "a.wav", "--trace-events", "3"))
    assert not hasattr(done, "asked")


def test_both_texts_are_shown_and_words_are_called_missing_only_where_they_are(
    done: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *rest = done.comparison.utterances
    cut = replace(
        first, hypothesis_whole=f"{first.hypothesis} please", timing=replace(first.timing, premature_endpoint=True)
    )
    done.comparison = replace(done.comparison, utterances=(cut, *rest))
    run.perform(options("run", "a.wav"))
    shown = capsys.readouterr().out
    assert f"  whole recording: {first.hypothesis} please\n" in shown
    assert shown.count("the words after it are not delivered") == 1


def test_a_recording_that_is_given_twice_counts_once(done: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.warns(AzsimWarning, match=r"^a\.wav: given more than once; it counts once$"):
        run.perform(options("run", "a.wav", "b.wav", os.path.join(".", "a.wav"), str(tmp_path / "b.wav"), "--json"))
    assert done.asked[0] == [Path("a.wav"), Path("b.wav")]


@pytest.mark.parametrize(("words", "cut"), [((), "by itself"), (("--wake",), "wake"), (("--no-wake",), "no wake")])
def test_how_recordings_are_cut_is_handed_on(done: SimpleNamespace, words: tuple[str, ...], cut: str) -> None:
    run.perform(options("run", "a.wav", "--json", *words))
    assert done.cut == cut


def test_times_of_a_turn_are_those_of_its_recording(
    done: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    done.turns = [SimpleNamespace(start_ms=61_500, opened_by="wake word") for _ in done.turns]
    answer = run.perform(options("run", "a.wav"))
    shown = capsys.readouterr().out
    assert "from 61.50 s on, opened by its wake word" in shown
    for said, result in zip(answer["utterances"], done.comparison.utterances, strict=True):
        assert [word["start_ms"] for word in said["words"]] == [word.start_ms + 61_500 for word in result.words]


def test_who_speaks_and_how_is_asked_and_told(
    done: SimpleNamespace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "people" / "ann").mkdir(parents=True)
    first, *rest = done.comparison.utterances
    told = {"speaker": {"name": "ann", "score": 0.8, "settled": True}, "whisper": {"whisper": True, "posterior": 0.9}}
    other = {"speaker": {"name": "", "score": 0.1, "settled": True}, "whisper": {"whisper": False, "posterior": 0.2}}
    utterances = (replace(first, told=told), *(replace(each, told=other) for each in rest))
    done.comparison = replace(done.comparison, utterances=utterances)
    answer = run.perform(options("run", "a.wav", "--speakers", str(tmp_path / "people"), "--whisper"))
    assert [stage.kind for stage in done.asked[1].stages] == ["whisper", "speaker"]
    assert done.asked[1].stages[1].speakers == str(tmp_path / "people")
    assert answer["utterances"][0]["told"] == told
    shown = capsys.readouterr().out
    assert "said by ann (likeness 0.80)" in shown
    assert "whispered (posterior of a whisper 0.90)" in shown
    assert shown.count("somebody who did not enrol") == len(rest)


def test_a_folder_without_people_is_refused_before_anything_is_heard(done: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--speakers: .*: nobody in it"):
        run.perform(options("run", "a.wav", "--speakers", str(tmp_path)))
    assert not hasattr(done, "asked")


def test_no_stage_is_asked_for_by_itself(done: SimpleNamespace) -> None:
    run.perform(options("run", "a.wav", "--json"))
    assert done.asked[1].stages == ()
