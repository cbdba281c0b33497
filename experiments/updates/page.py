"""The page of the updates' report: tables, and what they show in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azsim.compare.setup import Setup
from azsim.report.columns import interval
from experiments.updates.on_device import UpdateLoad
from experiments.updates.power_cuts import Cuts
from experiments.updates.series import FOLDER, Series
from experiments.updates.sizes import ReleaseSize

PRODUCTION_WEIGHTS = 58_400_000


def readme(
    rows: Sequence[ReleaseSize],
    loads: Sequence[UpdateLoad],
    cuts: Cuts,
    series: Sequence[Series],
    setup: Setup,
    model: str,
    command: str,
) -> str:
    """All of it."""
    parts = [
        "# Model updates",
        f"    {command}",
        _what(series, setup, model),
        "![bytes and words](bytes_and_words.svg)",
        "\n".join(size_table(rows)),
        (
            "Bytes: mean of the five updates. Changed: weights with another int8 value than in the release before. "
            "WER before the first update and after the fifth; difference to release 0 in the same codec, 95 % interval "
            "over speakers. xz of XOR: the old bitstreams XOR the new ones through `xz -9`, a general tool's delta "
            "(biases left out); for the first series, where lengths agree."
        ),
        _sizes_shown(rows),
        "## On the device",
        (
            f"Updates one after the other without a pause, {loads[0].utterances} utterances one second apart, music "
            f"playing. The update of release 3, and the same scaled to {PRODUCTION_WEIGHTS / 1e6:.1f} M weights."
        ),
        "![phases of an update](phases.svg)",
        "\n".join(device_table(loads)),
        (
            "Wait: from the end-point to the final words. Step: from its release to the end of its jobs. Cores and "
            "energy are those of one update (radio, cores, DRAM and flash bits; what stands by anyway is left out)."
        ),
        _device_shown(loads),
        "## Power cuts",
        (
            f"The installation of a delta of the whole model ({cuts.install_ms:.0f} ms here), killed with SIGKILL at a "
            f"random moment {cuts.kills} times: {cuts.killed} died of it, {cuts.partial} left a half-written file "
            f"lying about. Afterwards the device ran the old model {cuts.old} times, the new one {cuts.new} times, "
            f"anything else {cuts.neither} times. How the kills fall depends on the machine; the last number must not."
        ),
        "## Accuracy",
        (
            "Bytes are exact. Word errors are those of the integer engine on the decoded weights. The masters lie on "
            "the 8-bit grid of the shipped model, so the 5-bit images are made from 8-bit weights, not from float32. "
            "Times on the device rest on assumed rates: flash (one board's eMMC), cycles per patched weight and per "
            "byte of SHA-256 (`FlashSpec` and `UpdateSpec` in `azsim/devices/board_spec.py`), and a link of "
            f"{setup.device.network.downlink_mbps:g} Mb/s. SIGKILL ends a process, not the power: what flash does with "
            "unsynced pages is covered by the order of syncs and renames, which a test checks."
        ),
    ]
    return "\n\n".join(parts) + "\n"


def size_table(rows: Sequence[ReleaseSize]) -> list[str]:
    """One line per series, codec and way of compressing."""
    lines = [
        "| trained | codec | compressed | changed % | full KiB | delta KiB | of full % | masked KiB | xz of XOR KiB "
        "| WER 0 % | WER 5 % | difference, points |",
        "|:--|:--|:--|--:|--:|--:|--:|--:|--:|--:|--:|:--|",
    ]
    for key in dict.fromkeys((row.label, row.codec, row.how) for row in rows):
        own = [row for row in rows if (row.label, row.codec, row.how) == key]
        first, last, updates = own[0], own[-1], own[1:]
        gap = interval(last.delta_wer_percent, last.delta_wer_low_percent, last.delta_wer_high_percent, sign=True)
        lines.append(
            f"| {' | '.join(key)} | {np.mean([row.changed_percent for row in updates]):.1f} "
            f"| {_kib([row.full_bytes for row in updates])} | {_kib([row.delta_bytes for row in updates])} "
            f"| {_share([row.delta_bytes for row in updates], [row.full_bytes for row in updates]):.1f} "
            f"| {_kib([row.masked_bytes for row in updates])} | {_kib([row.xz_bytes for row in updates])} "
            f"| {first.wer_percent:.1f} | {last.wer_percent:.1f} | {gap} |"
        )
    return lines


def device_table(loads: Sequence[UpdateLoad]) -> list[str]:
    """One line per device and update."""
    lines = [
        "| device | update | payload KiB | updates | one update s | of it download s | cores ms | energy mJ "
        "| wait p50 ms | wait p99 ms | wait max ms | step p99 ms | missed steps | underruns |",
        "|:--|:--|" + "--:|" * 12,
    ]
    for load in loads:
        one = (
            f"{load.payload_bytes / 1024:,.0f} | {load.updates} | {load.total_ms / 1000:.2f} "
            f"| {load.phase_ms['download'] / 1000:.2f} | {load.cpu_ms:.0f} | {sum(load.energy_mj.values()):.0f}"
            if load.updates
            else " | | | | | "
        )
        lines.append(
            f"| {load.device} | {load.update} | {one} | {load.wait_p50_ms:.2f} | {load.wait_p99_ms:.2f} "
            f"| {load.wait_max_ms:.2f} | {load.step_p99_ms:.2f} | {load.missed_steps} of {load.steps} "
            f"| {load.underruns} |"
        )
    return lines


def _what(series: Sequence[Series], setup: Setup, model: str) -> str:
    stored = sum(path.stat().st_size for path in FOLDER.iterdir())
    plans = "; ".join(
        f"{one.plan.label}: {one.plan.steps} steps per release at a learning rate of at most {one.plan.learning_rate:g}"
        for one in series
    )
    return (
        f"Five successive releases of `{model}` in three series ({plans}), trained on the project's corpus; "
        f"{len(setup.utterances)} utterances of the shipped test speech. Every update is signed; a delta is applied "
        "before it is handed out and must give the new image byte for byte. `docs/updates.md` has the formats. The "
        f"releases themselves take {stored / 2**20:.2f} MiB in `experiments/updates/releases`: 8-bit masters, as "
        "deltas of this very format."
    )


def _sizes_shown(rows: Sequence[ReleaseSize]) -> str:
    updates = [row for row in rows if row.release]
    zvsv = [r for r in updates if (r.series, r.codec, r.how) == ("all", "zvsv, 5 bits", "followed")]
    lenient = [r for r in updates if r.how.startswith("followed, tolerance")]
    lenient = [r for r in lenient if r.how == lenient[0].how]
    fresh = [r for r in updates if r.how == "afresh"]
    tenth = [r for r in updates if (r.series, r.codec) == ("tenth", "zvsv, 5 bits")]
    full = [r.full_bytes for r in zvsv]
    differences = [row.delta_wer_percent for row in updates]
    apart = [
        row for row in updates
        if row.delta_wer_low_percent is not None and not row.delta_wer_low_percent <= 0 <= row.delta_wer_high_percent
    ]  # fmt: skip
    return (
        "**What it shows.** A release that was compressed on the grid of the one before travels, in zvsv of 5 bits, as "
        f"a delta of {_share([r.delta_bytes for r in zvsv], full):.1f} % of the full update; with a dead zone "
        f"({lenient[0].how.split(', ')[1]}) {_share([r.delta_bytes for r in lenient], full):.1f} %; compressed afresh, "
        f"on palettes of its own, {_share([r.delta_bytes for r in fresh], full):.0f} %. Training a seeded tenth of the "
        "weights, and sending them without their places, takes "
        f"{_share([r.masked_bytes for r in tenth], full):.1f} % ({_share([r.delta_bytes for r in tenth], full):.1f} % "
        "with their places). Full and delta bring the same image, so they bring the same words. The releases differ "
        f"from release 0 by {min(differences):+.1f} to {max(differences):+.1f} points of WER; the interval excludes 0 "
        f"for {len(apart)} of {len(updates)} rows. These fine-tunings are short: they show what an update costs and "
        "that nothing is lost on the way, not how much a longer training gains."
    )


def _device_shown(loads: Sequence[UpdateLoad]) -> str:
    found = {(load.device, load.update): load for load in loads}
    idle = {load.device: load for load in loads if load.update == "none"}
    busy = [load for load in loads if load.updates]
    worst = max(busy, key=lambda load: load.wait_p99_ms - idle[load.device].wait_p99_ms)
    first = next(iter(idle))
    quick, slow = found[first, "zvsv delta"], found[first, "zvsv full"]
    return (
        f"**What it shows.** On {first} the full zvsv update takes {slow.total_ms / 1000:.2f} s, the delta "
        f"{quick.total_ms / 1000:.2f} s, of which {quick.phase_ms['apply'] / 1000:.2f} s go into patching: the delta "
        f"saves air time and costs core time, in all {sum(quick.energy_mj.values()):.0f} mJ instead of "
        f"{sum(slow.energy_mj.values()):.0f} mJ. Where the wait for words suffers most ({worst.device}, "
        f"{worst.update}), its 99th percentile goes from {idle[worst.device].wait_p99_ms:.2f} to "
        f"{worst.wait_p99_ms:.2f} ms. In all runs with updates together {sum(b.missed_steps for b in busy)} steps "
        f"missed their deadline and {sum(b.underruns for b in busy)} periods of music were silent; without updates, on "
        f"the same devices, {sum(i.missed_steps for i in idle.values())} and "
        f"{sum(i.underruns for i in idle.values())}. Patching and digests are background jobs, which speech and music "
        "preempt; radio and flash serve one at a time, and music waits for at most one record of 16 KiB."
    )


def _kib(values: Sequence[int | None]) -> str:
    """Mean, in KiB; empty if one is missing."""
    return "" if None in values or not values else f"{np.mean(values) / 1024:,.1f}"


def _share(part: Sequence[int], whole: Sequence[int]) -> float:
    return 100 * sum(part) / sum(whole)
