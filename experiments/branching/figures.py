"""Figures of the study: words against products, traffic by memory, waits at production size, who takes which step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from azsim.report.figures.style import COLOURS, GREY, MARKERS, WIDTH_INCHES
from azsim.speech.features import STACKED_FRAMES, STEP_MS
from experiments.branching.device import MEMORIES, MeasuredCase
from experiments.branching.hearing import LARGE_TAKEN, UNKNOWN, CaseRecognition
from experiments.branching.material import Material
from experiments.branching.rows import BranchingResult

ALIGNED_S = 1.5
"""Shown before the speech begins and after it ends."""


def words(rows: Sequence[BranchingResult]) -> Figure:
    """WER against effectual products a second, synthetic beside real, streams hollow."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.9), layout="constrained")
    panels = figure.subplots(1, 2, sharey=False)
    for axes, kind in zip(panels, ("synthetic", "real"), strict=True):
        for index, row in enumerate(rows):
            value, low, high = (getattr(row, f"wer_{kind}_{part}") for part in ("percent", "low", "high"))
            bars = [[value - low], [high - value]]
            axes.errorbar(
                row.mega_products_per_s, value, yerr=bars, color=COLOURS[index % len(COLOURS)],
                marker=MARKERS[index % len(MARKERS)], linestyle="", capsize=3,
                label=row.case, fillstyle="none" if row.hears == "streams" else "full",
            )  # fmt: skip
        axes.set(title=f"{kind} speech", xlabel="effectual products, 10⁶ per second of speech")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
    panels[0].set_ylabel("word error rate, %")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def traffic(measured: Sequence[MeasuredCase]) -> Figure:
    """DRAM traffic of each case by who keeps what in the processor's memory."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.6), layout="constrained")
    axes = figure.subplots()
    cases = list(dict.fromkeys(each.case for each in measured))
    width = 0.8 / len(MEMORIES)
    for index, (memory, mib) in enumerate(MEMORIES):
        own = {each.case: each for each in measured if (each.memory, each.sram_mib) == (memory, mib)}
        places = [at + (index - (len(MEMORIES) - 1) / 2) * width for at, case in enumerate(cases) if case in own]
        values = [own[case].dram_mb_per_s for case in cases if case in own]
        axes.bar(places, values, width, color=COLOURS[index], label=f"{memory}, {mib:g} MiB")
    axes.set_xticks(range(len(cases)), [case.replace(", ", ",\n") for case in cases])
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("read from DRAM, MB/s")
    figure.legend(loc="outside lower center", ncols=5)
    return figure


def waits(measured: Sequence[MeasuredCase]) -> Figure:
    """Wait from the end-point to the final words, and busy time, against the share of the DRAM, at production size."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.6), layout="constrained")
    panels = figure.subplots(1, 2)
    for index, case in enumerate(dict.fromkeys(each.case for each in measured)):
        own = sorted((each for each in measured if each.case == case), key=lambda each: each.dram_share)
        for axes, column in zip(panels, ("wait_ms", "busy_percent"), strict=True):
            axes.plot(
                [each.dram_share for each in own],
                [getattr(each, column) for each in own],
                color=COLOURS[index % len(COLOURS)],
                marker=MARKERS[index % 8],
                label=case,
            )
    shares = sorted({each.dram_share for each in measured})
    for axes, label, scale in zip(
        panels, ("end-point to final words, ms (median)", "processor busy, %"), ("log", "linear"), strict=True
    ):
        axes.set(xlabel="share of the DRAM left to speech", ylabel=label, xscale="log", yscale=scale)
        axes.xaxis.set_major_locator(FixedLocator(shares))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xticklabels([f"1/{round(1 / share)}" if share < 1 else "1" for share in shares])
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def picks(heard: Mapping[str, CaseRecognition], material: Material) -> Figure:
    """How often the large branch is picked in synthetic recordings, by the time from the start and end of speech."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.3), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    reach = round(1000 * ALIGNED_S / STEP_MS)
    offsets = np.arange(-reach, reach)
    edges = np.array(material.spans)[~material.is_real] // STACKED_FRAMES
    for index, (case, own) in enumerate(heard.items()):
        picked = own.picked[~material.is_real]
        for axes, side in zip(panels, (0, 1), strict=True):
            at = edges[:, side, None] + offsets
            inside = (at >= 0) & (at < picked.shape[1])
            taken = np.take_along_axis(picked, at.clip(0, picked.shape[1] - 1), 1)
            known = inside & (taken != UNKNOWN)
            shares = 100 * ((taken == LARGE_TAKEN) & known).sum(0) / np.maximum(known.sum(0), 1)
            shares = np.where(known.sum(0) >= 20, shares, np.nan)
            axes.plot(offsets * STEP_MS / 1000, shares, color=COLOURS[index % len(COLOURS)], label=case)
    for axes, label in zip(panels, ("start", "end"), strict=True):
        axes.axvline(0, color=GREY, linewidth=1)
        axes.set(xlabel=f"seconds from the {label} of speech", ylim=(0, 105))
    panels[0].set_ylabel("steps on the large branch, %")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure
