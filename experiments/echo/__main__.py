"""Music and speech on one device: what the music does to the words, and what speech does to the music.

    python -m experiments.echo [--out reports/echo] [--limit N] [--device az1]

The test speech of the main comparison, with the track that plays in the microphone at several levels, with and without
the echo canceller; music underruns and refill latencies of the same runs, and of the same stretches of time without
speech, on the device as it is and with one slow, loaded core and a short ring. Writes echo.csv, figures and README.md.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from matplotlib.figure import Figure

from azsim.compare.echo import EchoInMicrophone, with_echo_canceller
from azsim.compare.experiment import EchoChoice, Experiment, load_experiment, music_of, speech_of
from azsim.compare.runner import make_setup
from azsim.compare.setup import Setup, compressed
from azsim.compare.speech_set import load_speech
from azsim.compare.trained import describe, play
from azsim.devices.cpu_spec import BackgroundSpec, CpuPrioritySpec
from azsim.devices.spec import Device
from azsim.report.columns import interval
from azsim.report.figures.style import (
    ALERT,
    COLOURS,
    GREY,
    Margins,
    panel_grid,
    plain_ticks,
    report_style,
    write_figure,
)
from azsim.report.metrics import make_row
from azsim.report.page import write_page
from azsim.report.percentiles import percentile
from azsim.report.results import ConfigurationResult, UtteranceResult
from azsim.soc.device import DeviceSimulation
from experiments.options import options_of

COMMAND = "python -m experiments.echo --out reports/echo"
LEVELS_DB = (-10.0, 0.0, 10.0)
"""Of the echo against the speech, at the microphone."""
TIGHT = {"periods": 2, "period_frames": 256}
"""A ring of 10.7 ms: the low-latency end of what audio drivers offer (2 periods of about 5 ms)."""
LOAD = BackgroundSpec(name="other applications", every_ms=5.0, cycles=1_200_000, arrivals="poisson")
"""40 % of the slowest core, in jobs of 2 ms; `assumed`."""


@dataclass(frozen=True)
class Music:
    """Music of one device over all utterances, with or without speech beside it."""

    device: str
    speech: bool
    seconds: float
    underruns: int
    refills_ms: np.ndarray

    @property
    def underruns_per_hour(self) -> float:
        """Underruns in an hour of playback."""
        return 3600 * self.underruns / self.seconds


@dataclass(frozen=True)
class Condition:
    """One way of hearing the speech."""

    name: str
    level_db: float | None
    cancelled: bool
    row: ConfigurationResult
    erle_db: tuple[float, ...]
    cpu_share: float


def chosen_experiment(device: str) -> tuple[Experiment, Path]:
    """The shipped comparison with its first configuration of the article's kind, on a device."""
    experiment, path = load_experiment(None)
    configuration = next(one for one in experiment.configuration if one.codec == "zvsv")
    changes = {"configuration": (configuration,), "cloud": None, "production": None, "sensitivity": None}
    return msgspec.structs.replace(experiment, device=device, **changes), path


def hear(setup: Setup, path: Path, choice: EchoChoice, limit: int | None) -> tuple[Setup, tuple[float, ...]]:
    """The same comparison with the music in its microphone, and how far each recording's echo was cancelled."""
    experiment = setup.experiment
    device = with_echo_canceller(setup.device, choice)
    echo = EchoInMicrophone(choice, setup.music, music_of(experiment, path), device.audio, experiment.seed)
    utterances = load_speech(speech_of(experiment, path), limit, heard=echo)
    return replace(setup, device=device, utterances=tuple(utterances)), tuple(echo.erle_db)


def run(setup: Setup) -> list[UtteranceResult]:
    """Every utterance through the one configuration on the device."""
    return list(play(setup, compressed(setup, setup.experiment.configuration[0])).results)


def with_speech(name: str, results: Sequence[UtteranceResult]) -> Music:
    """The music of a run."""
    timings = [result.timing for result in results]
    refills_ms = np.concatenate([np.array(timing.refills_ms) for timing in timings])
    seconds = sum(timing.elapsed_ms for timing in timings) / 1000
    return Music(name, True, seconds, sum(timing.underruns for timing in timings), refills_ms)


def without_speech(name: str, setup: Setup, results: Sequence[UtteranceResult]) -> Music:
    """The same music from the same moments for as long, and nobody speaks."""
    underruns, refills_ms, seconds = 0, [], 0.0
    for index, result in enumerate(results):
        elapsed_ps = round(result.timing.elapsed_ms * 1e9)
        simulation = DeviceSimulation(setup.device, setup.music, setup.experiment.seed + index)
        simulation.env.run(until=elapsed_ps)
        underruns += simulation.underruns
        refills_ms.append(simulation.refills_ps() / 1e9)
        seconds += elapsed_ps / 1e12
    return Music(name, False, seconds, underruns, np.concatenate(refills_ms))


def tight(device: Device, priorities: bool = True) -> Device:
    """The device with one core at its slowest clock, other applications on it, a short ring, maybe no priorities."""
    slowest = min(point.clock_mhz for point in device.cpu.operating_points)
    cpu = msgspec.structs.replace(device.cpu, cores=1, clock_mhz=slowest, background=(LOAD,))
    if not priorities:
        tasks = {name: msgspec.structs.replace(task, priority=0) for name, task in cpu.tasks.items()}
        cpu = msgspec.structs.replace(cpu, priority=CpuPrioritySpec(0, 0, 0, 0), tasks=tasks)
    return msgspec.structs.replace(device, cpu=cpu, audio=msgspec.structs.replace(device.audio, **TIGHT))


def condition(
    name: str,
    choice: EchoChoice | None,
    setup: Setup,
    results: list[UtteranceResult],
    baseline: list[UtteranceResult],
    erle_db: tuple[float, ...] = (),
) -> Condition:
    """What one way of hearing gave, compared utterance by utterance with hearing no music."""
    small = compressed(setup, setup.experiment.configuration[0])
    row = make_row(describe(small), results, baseline, seed=setup.experiment.seed)
    busy_ms = sum(result.timing.busy_ms["cpu"] for result in results)
    share = busy_ms / sum(result.timing.elapsed_ms for result in results) / setup.device.cpu.cores
    return Condition(name, choice and choice.level_db, bool(choice and choice.cancel), row, erle_db, share)


def measure(device: str, limit: int | None) -> tuple[list[Condition], list[Music], Setup]:
    """All conditions and all music, from one pass over the speech per condition."""
    experiment, path = chosen_experiment(device)
    setup = make_setup(experiment, path, limit=limit)
    silent = run(replace(setup, music=None))
    beside_it = run(setup)
    conditions = [
        condition("no music", None, setup, silent, silent),
        condition("music, none of it in the microphone", None, setup, beside_it, silent),
    ]
    music = []
    for level_db in LEVELS_DB:
        for cancel in (False, True):
            choice = EchoChoice(level_db=level_db, cancel=cancel)
            heard, erle_db = hear(setup, path, choice, limit)
            results = run(heard)
            name = f"echo at {level_db:+g} dB{', cancelled' if cancel else ''}"
            conditions.append(condition(name, choice, heard, results, silent, erle_db))
            print(name, f"WER {conditions[-1].row.wer_percent:.1f} %", flush=True)
            if cancel and level_db == 0.0:
                music.append(with_speech(heard.device.name, results))
                music.append(without_speech(heard.device.name, heard, results))
                for label, priorities in (("one slow core", True), ("one slow core, no priorities", False)):
                    loaded = replace(heard, device=tight(heard.device, priorities))
                    results = run(loaded)
                    music.append(with_speech(label, results))
                    music.append(without_speech(label, loaded, results))
    return conditions, music, setup


def words_figure(conditions: Sequence[Condition]) -> Figure:
    """WER against the level of the echo, with and without the canceller."""
    figure, [[axes]] = panel_grid(Margins(left=0.8, right=0.3, top=0.3, bottom=0.6), [3.2])
    quiet = conditions[0].row.wer_percent
    axes.axhline(quiet, color=GREY, lw=1, label=f"no music: {quiet:.1f} %")
    for cancelled, colour, label in ((False, ALERT, "as it is"), (True, COLOURS[0], "cancelled")):
        own = [one for one in conditions if one.level_db is not None and one.cancelled == cancelled]
        wer = np.array([one.row.wer_percent for one in own])
        low = wer - np.array([one.row.wer_low_percent for one in own])
        high = np.array([one.row.wer_high_percent for one in own]) - wer
        axes.errorbar([one.level_db for one in own], wer, [low, high], fmt="o-", color=colour, capsize=3, label=label)
    axes.set_xticks(LEVELS_DB)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("Music against speech at the microphone (dB)")
    axes.set_ylabel("WER (%)")
    axes.legend()
    return figure


def refills_figure(music: Sequence[Music], rings_ms: Mapping[str, float]) -> Figure:
    """Histograms of refill latencies, one panel per device, with what its ring bridges."""
    names = list(dict.fromkeys(one.device for one in music))
    margins = Margins(left=0.8, right=0.3, top=0.3, bottom=0.6, across=0.25)
    figure, [panels] = panel_grid(margins, [2.6], [1.0] * len(names))
    longest = max(float(one.refills_ms.max()) for one in music)
    edges = np.geomspace(0.1, max(longest * 1.2, 1.2 * max(rings_ms.values())), 60)
    for axes, name in zip(panels, names):
        for one in (each for each in music if each.device == name):
            label, colour = ("with speech", COLOURS[0]) if one.speech else ("without", COLOURS[1])
            axes.hist(one.refills_ms, edges, histtype="step", color=colour, label=label)
        axes.axvline(rings_ms[name], color=ALERT, lw=1, ls="--", label="the ring bridges this")
        axes.set_xscale("log")
        axes.set_yscale("log")
        plain_ticks(axes)
        axes.set_title(name, fontsize=8)
        axes.set_xlabel("Refill latency (ms)")
    panels[0].set_ylabel("Packets of music")
    for axes in panels[1:]:
        axes.sharey(panels[0])
        axes.tick_params(labelleft=False)
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low, 20 * high)  # room for the legend above the bars
    panels[0].legend(fontsize=7, loc="upper left")
    return figure


def ring_ms(device: Device) -> float:
    """What the ring bridges: all but one of its periods."""
    audio = device.audio
    return 1000 * (audio.periods - 1) * audio.period_frames / audio.playback_rate_hz


def page(conditions: Sequence[Condition], music: Sequence[Music], setup: Setup, limit: int | None) -> str:
    """The README."""
    words = []
    for one in conditions:
        row = one.row
        rate = interval(row.wer_percent, row.wer_low_percent, row.wer_high_percent)
        delta = interval(row.wer_delta_percent, row.wer_delta_low_percent, row.wer_delta_high_percent, sign=True)
        erle = f"{np.median(one.erle_db):.1f}" if one.erle_db else ""
        words.append(f"| {one.name} | {rate} | {delta} | {erle} | {100 * one.cpu_share:.1f} |")
    sounds = [
        f"| {one.device} | {'with' if one.speech else 'without'} | {one.seconds / 60:.1f} | {one.underruns} | "
        f"{one.underruns_per_hour:.1f} | "
        + " | ".join(f"{percentile(one.refills_ms, percent):.2f}" for percent in (50, 99, 100))
        + " |"
        for one in music
    ]
    experiment = setup.experiment
    return f"""# Music and speech on one device

    {COMMAND}{f" --limit {limit}" if limit else ""}

{len(setup.utterances)} utterances of the test speech, configuration `{experiment.configuration[0].name}`, device
`{setup.device.name}`, track `{setup.music.name}` ({setup.music.codec}, {setup.music.kbps:.0f} kb/s). `echo.csv` holds
both tables.

## What the music does to the words

The track, decoded, from the very position at which the device plays it during the utterance, through one drawn room
response, so much louder or softer than the speech at the microphone. WER with its 95 % interval; the difference to
hearing no music, paired by utterance; ERLE: how far the canceller brings the echo down while someone speaks, median
over the utterances; busy share of the cores.

| heard | WER, % | difference | ERLE, dB | cores busy, % |
|:--|--:|--:|--:|--:|
{chr(10).join(words)}

![WER against the level of the echo](words.svg)

{_words_shown(conditions)}

## What speech does to the music

The runs with the echo at +0 dB, cancelled: periods for which the DAC found no sample, and how long a packet takes from
room in the ring to its samples there; then the same music from the same moments for as long, and nobody speaks. *One
slow core*: at {tight(setup.device).cpu.clock_mhz:g} MHz, 40 % busy with other applications in jobs of 2 ms, and a ring
of two periods of {TIGHT["period_frames"]} frames. *No priorities*: there, every job waits for all that came before it.

| device | speech | minutes | underruns | per hour | refill p50, ms | p99 | largest |
|:--|:--|--:|--:|--:|--:|--:|--:|
{chr(10).join(sounds)}

![refill latencies](refills.svg)

{_music_shown(music)}

## Accuracy

The words are real: features of the mixed and cancelled sound through the integer network. The echo path is linear and
does not move, and the loudspeaker does not distort: a product's canceller sees less of its echo go. The recogniser was
trained with little music below the speech. Underruns follow from the ring, the cores' scheduler and the network's
delays; the load of other applications is `assumed`.
"""


def _words_shown(conditions: Sequence[Condition]) -> str:
    quiet, loud, cancelled = conditions[0].row, conditions[-2], conditions[-1]
    return (
        f"Music that is {loud.level_db:g} dB above the speech takes WER from {quiet.wer_percent:.1f} % to "
        f"{loud.row.wer_percent:.1f} %; with the canceller it is {cancelled.row.wer_percent:.1f} %."
    )


def _music_shown(music: Sequence[Music]) -> str:
    counts = {(one.device, one.speech): one.underruns for one in music}
    return (
        "Underruns with speech against without: "
        + "; ".join(
            f"{name} {counts[name, True]} against {counts[name, False]}"
            for name in dict.fromkeys(one.device for one in music)
        )
        + "."
    )


def write_csv(conditions: Sequence[Condition], music: Sequence[Music], path: Path) -> None:
    """Columns table, name, metric, value: one number a line."""
    lines: list[tuple[str, str, str, float]] = []
    for one in conditions:
        keys = ("wer_percent", "wer_low_percent", "wer_high_percent", "wer_delivered_percent", "wer_delta_percent")
        keys += ("wer_delta_low_percent", "wer_delta_high_percent", "underruns", "deadline_misses", "latency_p50_ms")
        known = asdict(one.row)
        lines += [("words", one.name, key, known[key]) for key in keys if known.get(key) is not None]
        if one.erle_db:
            lines.append(("words", one.name, "erle_median_db", float(np.median(one.erle_db))))
        lines.append(("words", one.name, "cpu_busy_share", one.cpu_share))
    for each in music:
        name = f"{each.device}, {'with' if each.speech else 'without'} speech"
        lines += [("music", name, "seconds", each.seconds), ("music", name, "underruns", each.underruns)]
        for percent in (50, 90, 99, 100):
            lines.append(("music", name, f"refill_p{percent}_ms", percentile(each.refills_ms, percent)))
    with open(path, "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["table", "name", "metric", "value"])
        table.writerows([(*keys, f"{value:.6g}") for *keys, value in lines])


def main() -> None:
    """Hear, play, draw, write."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "echo")
    options.add_argument("--limit", type=int, help="so many utterances, evenly spread")
    options.add_argument("--device", default="az1")
    chosen = options.parse_args()
    conditions, music, setup = measure(chosen.device, chosen.limit)
    out: Path = chosen.out
    out.mkdir(parents=True, exist_ok=True)
    write_csv(conditions, music, out / "echo.csv")
    short = ring_ms(tight(setup.device))
    rings_ms = {one.device: short if one.device != setup.device.name else ring_ms(setup.device) for one in music}
    with report_style():
        for name, figure in (("words", words_figure(conditions)), ("refills", refills_figure(music, rings_ms))):
            write_figure(figure, name, out)
    write_page(out, page(conditions, music, setup, chosen.limit))


if __name__ == "__main__":
    main()
