"""What a reader of the report should know: the settings at a glance, and how far each number can be trusted."""

from __future__ import annotations

from pathlib import Path

from azsim.compare.setup import Setup
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.memory_spec import MemorySpec
from azsim.errors import readable
from azsim.report.table import remarks_of
from azsim.report.wer import normalise
from azsim.speech.features import STEP_MS


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
    chip, music, experiment = setup.device.chip, setup.music, setup.experiment
    seconds = sum(utterance.audio_ms for utterance in setup.utterances) / 1000
    return {
        "device": f"{setup.device.name}: {setup.device.summary}",
        "chip": f"{chip.clock_mhz:g} MHz, {_compute_engine(chip)}, SRAM {chip.sram.bytes / 1024:g} KiB",
        "speech": f"{_count(len(setup.utterances), 'utterance')}, {seconds:.0f} s{_wordless(setup)}",
        "music": f"{music.codec}, {music.kbps:.0f} kb/s" if music else "none",
        "end-point": experiment.ends.said,
        "step": f"one run of the encoder every {experiment.frames_per_step * STEP_MS} ms",
        "deadline": "of a step: the release of the next one",
        "seed": str(experiment.seed),
    }


def _wordless(setup: Setup) -> str:
    """How many transcripts have no words: whatever is heard there is an insertion."""
    count = sum(one.reference is not None and not normalise(one.reference) for one in setup.utterances)
    return f", {count} without words" if count else ""


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
    """Paragraphs for the foot of the page, each only where it applies."""
    experiment, device = setup.experiment, setup.device
    estimated = [utterance.bounds for utterance in setup.utterances if utterance.bounds.estimated]
    unknown = sum(bounds.end_ms is None for bounds in estimated)
    idle = "the same stretch of time with the same music and" if setup.music else "the same stretch of time"
    engine = "array" if device.chip.systolic else "lanes"
    paragraphs = [
        "Exact: the words (integer inference from the decoded bitstreams, the same bits on every run), the bytes of "
        f"every stream, the cycles of the {engine} for the given weights, the tile pipeline, and the parts of latency "
        "and energy, which add up.",
        f"Approximate: the device around the chip. {_memory(device.memory)} Caches are not modelled. The cost of the "
        "front end and of the search on the cores is a constant of the device file.",
        f"Assumed: values of {device.name} that its device file marks as assumed; every other value has its source "
        "there. Differences between rows are more reliable than the values themselves.",
        "Energy is counts multiplied by constants, from wake to the final result. Energy above idle is less the energy "
        f"of {idle} without speech.",
    ]
    if said := remarks_of((one.name, one.remarks) for one in setup.utterances):
        paragraphs.insert(0, f"Recordings: {said}")
    if experiment.production:
        paragraphs.append(
            "The production-size table is timing only. Its weights are drawn from the distribution of the trained "
            "network's values under the same configuration, and the trained network's steps and labels drive it. It "
            "has no words of its own and therefore no word error rate."
        )
    if experiment.production and experiment.sensitivity:
        paragraphs.append(
            "The sensitivity figure shows whether the order of the configurations survives when a constant is scaled."
        )
    if len(estimated) > unknown:
        paragraphs.append(
            f"The true end of speech was estimated against the noise floor for {len(estimated) - unknown} of "
            f"{_count(len(setup.utterances), 'utterance')}. Their latency shifts with that estimate."
        )
    if unknown:
        paragraphs.append(
            f"The true end of speech is unknown for {unknown} of {_count(len(setup.utterances), 'utterance')}: their "
            "background is as loud or as lively as the speech, or there is none to compare with. They have no latency."
        )
    return tuple(paragraphs)


def _memory(memory: MemorySpec) -> str:
    """What the fidelity of the memory leaves out."""
    if memory.fidelity == "analytic":
        return "Memory is a mean wait per request, from the load of the others; there are no grants and no tails."
    if memory.fidelity == "bank":
        return f"Memory is modelled by banks, rows and refresh of {memory.timings}."
    return (
        f"Memory is granted in chunks of {memory.chunk_bytes} bytes; one efficiency factor stands for banks, rows and "
        "refresh."
    )
