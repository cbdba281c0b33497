"""What a reader of the report should know: the settings at a glance, and how far each number can be trusted."""

from __future__ import annotations

from pathlib import Path

from azsim.compare.setup import Setup
from azsim.devices.chip_spec import ChipSpec
from azsim.errors import readable


def summary(setup: Setup) -> str:
    """One sentence on what was compared."""
    experiment = setup.experiment
    music = "with music playing" if setup.music else "in silence"
    configurations = _count(len(experiment.configuration), "compression configuration")
    utterances = _count(len(setup.utterances), "utterance")
    model = readable(Path(experiment.model).name)
    return f"{configurations} of {model} on device {setup.device.name}, over {utterances}, {music}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def settings(setup: Setup) -> dict[str, str]:
    """Name -> value, shown above the tables."""
    chip, music = setup.device.chip, setup.music
    seconds = sum(utterance.audio_ms for utterance in setup.utterances) / 1000
    return {
        "device": f"{setup.device.name}: {setup.device.summary}",
        "chip": f"{chip.clock_mhz:g} MHz, {_compute_engine(chip)}, SRAM {chip.sram.bytes // 1024} KiB",
        "speech": f"{len(setup.utterances)} utterances, {seconds:.0f} s",
        "music": f"{music.codec}, {music.kbps:.0f} kb/s" if music else "none",
        "end-point": "480 ms without a new label",
        "deadline": "the next step's release (30 ms)",
        "seed": str(setup.experiment.seed),
    }


def _compute_engine(chip: ChipSpec) -> str:
    if chip.systolic:
        array = chip.systolic
        return f"dense {array.rows} x {array.columns} {array.dataflow} array"
    lanes = chip.lanes
    return (
        f"{lanes.lanes} lanes x {lanes.multipliers_per_lane} multipliers, window {lanes.window_positions}, "
        f"skip {lanes.skip}"
    )


def how_far_to_trust(setup: Setup) -> tuple[str, ...]:
    """Paragraphs for the foot of the page."""
    estimated = sum(utterance.speech_end_estimated for utterance in setup.utterances)
    paragraphs = [
        "Exact: the words (integer inference from the decoded bitstreams, bit for bit the same on every run), the "
        "bytes of every stream, the lanes' cycles for the given weights, the tile pipeline, the parts of latency and "
        "energy, which add up.",
        "Approximate: the device around the chip. Memory is arbitrated in chunks; banks, rows, caches and their "
        "interference are not modelled. Processor costs of front end and search are assumed constants.",
        f"Assumed: the absolutes of {setup.device.name} (clock, multipliers, memory, decoder rates, energy constants): "
        "only ratios of the real part are public. Trust differences between rows more than the values, and look at the "
        "sensitivity figure for whether their order survives a halved or doubled constant.",
        "Energy is counts times constants, from wake to the final result; the margin is over the same stretch of time "
        "with the music but without speech.",
    ]
    if setup.experiment.production:
        paragraphs.append(
            "The production-size table is timing only: its weights are drawn from the distribution of the trained "
            "network's values under the same configuration, and driven by the trained network's steps and labels. It "
            "has no words of its own, so no word error rate."
        )
    if estimated:
        paragraphs.append(
            f"The true end of speech is not known for {estimated} of {len(setup.utterances)} utterances and was "
            "estimated from energy; their latencies shift with that estimate."
        )
    return tuple(paragraphs)
