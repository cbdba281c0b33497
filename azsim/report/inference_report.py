"""The report of networks of their own: page, figure, tables, outputs, written whole or not at all."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from azsim.report.figures.style import part_colours, report_style, save_png, save_svg
from azsim.report.html import escape, inline_svg, plain_page
from azsim.report.inference_results import InferenceResult
from azsim.report.inference_tables import LAYER_HEADINGS, configuration_table, layer_rows, layers_csv, results_csv
from azsim.report.write import write_files

MOST_LAYERS = 40
"""Layers that a figure shows, those of most cycles."""


def write_inference_report(
    title: str,
    results: Sequence[InferenceResult],
    outputs: Mapping[str, np.ndarray],
    manifest: Mapping[str, object],
    out_dir: Path,
) -> Path:
    """Write ``index.html``, a figure ``layers``, ``results.csv`` and ``.json``, ``layers.csv`` and ``outputs.npz``.

    Args:
        title: of the page.
        results: one for each configuration and device.
        outputs: of the first.
        manifest: what made it.
        out_dir: the folder.

    Raises:
        InputError: a report cannot be written there (`azsim.report.write.check_out_dir`).
        WorkError: writing failed.
    """
    with report_style():
        figure = layers_figure(results)
        svg, png = save_svg(figure), save_png(figure)
    tree = {"title": title, "results": [result.to_json() for result in results]}
    stored = io.BytesIO()
    np.savez_compressed(stored, **outputs)
    files = {
        "layers.svg": svg,
        "layers.png": png,
        "results.csv": results_csv(results).encode(),
        "layers.csv": layers_csv(results).encode(),
        "results.json": (json.dumps(tree, indent=1, allow_nan=False) + "\n").encode(),
        "outputs.npz": stored.getvalue(),
        "index.html": _page(title, results, svg.decode(), manifest).encode(),
    }
    return write_files(lambda: files, manifest, out_dir)


def layers_figure(results: Sequence[InferenceResult]) -> Figure:
    """Cycles of each configuration by cause, and of the first's layers by what binds them."""
    first = results[0]
    layers = sorted(first.layers, key=lambda layer: -layer.cycles * layer.runs)[:MOST_LAYERS]
    shown = [layer for layer in first.layers if layer in layers]
    causes = [cause for cause in first.causes if any(result.causes[cause] for result in results)]
    colours = part_colours(first.causes)
    heights = (0.6 + 0.3 * len(results), 0.6 + 0.22 * max(1, len(shown)))
    figure = Figure(figsize=(9.0, sum(heights) + 1.6), layout="constrained")
    top, bottom = figure.subplots(2, 1, height_ratios=heights)
    left = np.zeros(len(results))
    names = [f"{result.config} on {result.device}" for result in results]
    for cause in causes:
        widths = np.array([result.causes[cause] for result in results])
        top.barh(names, widths, left=left, color=colours[cause], label=cause)
        left += widths
    top.invert_yaxis()
    top.set_xlabel("cycles of one inference")
    top.legend(ncols=len(causes), loc="lower left", bbox_to_anchor=(0, 1.0), frameon=False)
    cycles = [layer.cycles * layer.runs for layer in shown]
    bottom.barh(
        [layer.layer for layer in shown], cycles, color=[colours.get(layer.bound_by, "#8c8c8c") for layer in shown]
    )
    bottom.invert_yaxis()
    bottom.set_xlabel(f"cycles of one inference, {first.config} on {first.device}; colour: what binds the layer")
    return figure


def _page(title: str, results: Sequence[InferenceResult], svg: str, manifest: Mapping[str, object]) -> str:
    headings, rows = configuration_table(results)
    sections = [
        f"<h1>{escape(title)}</h1>",
        f"<p>One inference every {results[0].every_ms:g} ms. Outputs come from integer kernels on the weights that "
        "the bitstreams decode to; time and energy from inferences played on the device, energy above idling.</p>",
        _table("configurations", headings, rows),
        f"<figure>{inline_svg(svg, 'layers', 'Cycles by cause and layer')}<figcaption>Cycles by cause, and by layer"
        "</figcaption></figure>",
    ]
    for result in results:
        what = f"layers of {result.config} on {result.device}"
        sections.append(_table(what, LAYER_HEADINGS, layer_rows(result)))
    sections.append(f"<h2>What made it</h2><pre>{escape(json.dumps(dict(manifest), indent=1))}</pre>")
    return plain_page(title, sections)


def _table(caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in headings)
    body = "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
