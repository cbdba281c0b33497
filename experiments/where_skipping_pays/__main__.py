"""Where discarding zeros saves time and where it saves none: the crossover, mapped.

    python -m experiments.where_skipping_pays [--out reports/where_skipping_pays]

One 1024 x 1024 matrix of 5-bit weights with random zeros, `zvsv`-coded, on az1: exact lane cycles and the whole tile
pipeline, once with skipping and once without, on the same bits. Density, frames that share a tile, where the weights
are, the lanes' window and the decoder's rate are swept. Writes skipping.csv, skipping.svg, skipping.png, README.md.
"""

from __future__ import annotations

import csv
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import msgspec
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from azsim.chip.attribution import attribute
from azsim.chip.build import tile_layout
from azsim.chip.lanes import lane_cost
from azsim.chip.pipeline import run_pipeline
from azsim.chip.roofline import binding
from azsim.chip.tiles import tile_schedule
from azsim.compress.codecs import encode
from azsim.compress.encoded import Encoded
from azsim.devices import load_device
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency
from azsim.report.figures.style import COLOURS, WIDTH_INCHES, report_style, write_figure
from azsim.report.page import write_page
from experiments.options import options_of

SIZE, BITS, SEED = 1024, 5, 1
DENSITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
FRAMES = (1, 2, 3, 4, 6, 8, 12, 16)
MODES: tuple[Residency, ...] = ("streamed", "compressed", "decoded")
TITLES = {"streamed": "streamed", "compressed": "resident compressed", "decoded": "resident decoded"}
WINDOWS = (2, 3, 4, 6, 8, 12, 16)
DECODER_FACTORS = (0.5, 1.0, 2.0, 4.0)
NAMES = {"dram": "DRAM", "decoder": "the decoder"}
NO_GAIN = 1.05
"""A speed-up below this counts as none."""
COMMAND = "python -m experiments.where_skipping_pays --out reports/where_skipping_pays"


@dataclass(frozen=True, slots=True)
class SkippingPoint:
    """One case: cycles without and with skipping, their ratio, what rates alone promise, and what holds it back."""

    sweep: str
    residency: Residency
    density: float
    frames: int
    window: int
    decoder_factor: float
    bits_per_weight: float
    cycles_all: int
    cycles_skipping: int
    speed_up: float
    speed_up_by_rates: float
    mostly: str


def weights_of(density: float) -> np.ndarray:
    """Random 5-bit weights, int8, of which a share ``density`` is not zero."""
    rng = np.random.default_rng(SEED)
    values = rng.integers(1, 1 << (BITS - 1), (SIZE, SIZE)) * rng.choice((-1, 1), (SIZE, SIZE))
    return (values * (rng.random((SIZE, SIZE)) < density)).astype(np.int8)


def changed(chip: ChipSpec, window: int, factor: float) -> ChipSpec:
    """The chip with another window and decoder; the on-chip memory's port is as wide as they need."""
    lanes = msgspec.structs.replace(chip.lanes, window_positions=window)
    decoder = msgspec.structs.replace(
        chip.decoder,
        positions_per_cycle=max(1, round(chip.decoder.positions_per_cycle * factor)),
        values_per_cycle=max(1, round(chip.decoder.values_per_cycle * factor)),
    )
    needed = lanes.lanes * window + decoder.streams * decoder.positions_per_cycle
    sram = msgspec.structs.replace(chip.sram, port_bytes_per_cycle=max(needed, chip.sram.port_bytes_per_cycle))
    return msgspec.structs.replace(chip, lanes=lanes, decoder=decoder, sram=sram)


class MatrixAtDensity:
    """The matrix at one density: its bitstream, and lane costs computed once per window."""

    def __init__(self, chip: ChipSpec, density: float) -> None:
        self.density = density
        self.weights = weights_of(density)
        bypass = "zero-value" if (1 - density) * BITS < 1 else "none"
        self.encoded: Encoded = encode(self.weights, "zvsv", BITS, tile_layout(chip), {"bypass": bypass})
        self.values = 1.0 if bypass != "none" else density
        self._costs = {}

    def run(self, chip: ChipSpec, skip: str, frames: int, mode: Residency) -> tuple[int, str]:
        """Cycles, and the cause of most of them."""
        lanes = msgspec.structs.replace(chip.lanes, skip=skip)
        if lanes not in self._costs:
            self._costs[lanes] = lane_cost(self.weights, self.encoded.tiling, lanes)
        cost = self._costs[lanes].over_frames(frames)
        schedule = tile_schedule("matrix", self.encoded, cost, 0, mode, chip)
        result = run_pipeline(schedule, chip)
        causes = attribute(schedule, result, chip)
        return result.total_cycles, max(causes, key=causes.get)

    def point(
        self, sweep: str, base: ChipSpec, mode: Residency, frames: int, window: int, factor: float
    ) -> SkippingPoint:
        """One row of the table."""
        chip = changed(base, window, factor)
        everything, _ = self.run(chip, "none", frames, mode)
        skipping, mostly = self.run(chip, "weights", frames, mode)
        bits = self.encoded.bits_per_weight
        rates = binding(chip, bits, self.density, frames=frames, residency=mode, values_per_position=self.values)
        return SkippingPoint(
            sweep, mode, self.density, frames, window, factor, bits, everything, skipping, everything / skipping,
            rates.skip_gain, mostly,
        )  # fmt: skip


def measure(chip: ChipSpec) -> list[SkippingPoint]:
    """All three sweeps."""
    window = chip.lanes.window_positions
    points = []
    for density in DENSITIES:
        case = MatrixAtDensity(chip, density)
        points += [case.point("density", chip, mode, n, window, 1.0) for mode in MODES for n in FRAMES]
        if density in (0.1, 0.3, 0.5):
            points += [case.point("window", chip, "decoded", 1, wide, 1.0) for wide in WINDOWS]
        if density == 0.5:
            points += [
                case.point("decoder", chip, mode, n, window, factor)
                for mode in ("streamed", "compressed")
                for factor in DECODER_FACTORS
                for n in FRAMES
            ]
    return points


def draw(points: list[SkippingPoint], multipliers: int) -> Figure:
    """Three heat maps above, window and decoder below."""
    figure = Figure(figsize=(WIDTH_INCHES, 6.4), layout="constrained")
    grid = figure.subplots(2, 3)
    for axes, mode in zip(grid[0], MODES, strict=True):
        image = _heat_map(axes, [p for p in points if p.sweep == "density" and p.residency == mode], TITLES[mode])
    grid[0][0].set_ylabel("Frames that share a tile")
    figure.colorbar(image, ax=grid[0], label="Speed-up by skipping", shrink=0.9)
    _windows(grid[1][0], [p for p in points if p.sweep == "window"], multipliers)
    for axes, mode in zip(grid[1][1:], ("streamed", "compressed"), strict=True):
        _decoders(axes, [p for p in points if p.sweep == "decoder" and p.residency == mode], TITLES[mode])
    return figure


def _heat_map(axes: Axes, points: list[SkippingPoint], title: str):
    table = np.array([[p.speed_up for p in points if p.frames == n] for n in FRAMES])
    image = axes.imshow(table, origin="lower", aspect="auto", cmap="viridis", vmin=1.0, vmax=2.0)
    axes.contour(table, levels=[NO_GAIN], colors="white", linewidths=1.2)
    axes.set_xticks(range(len(DENSITIES)), [f"{100 * d:.0f}" for d in DENSITIES])
    axes.set_yticks(range(len(FRAMES)), [str(n) for n in FRAMES])
    axes.set_xlabel("Weights that are not zero (%)")
    axes.set_title(title)
    axes.grid(visible=False)
    return image


def _windows(axes: Axes, points: list[SkippingPoint], multipliers: int) -> None:
    for colour, density in zip(COLOURS, sorted({p.density for p in points}), strict=False):
        line = [p for p in points if p.density == density]
        ratio = [p.window / multipliers for p in line]
        axes.plot(ratio, [p.speed_up for p in line], "o-", color=colour, label=f"{100 * density:.0f} % not zero")
        axes.plot(ratio, [min(1 / density, r) for r in ratio], ":", color=colour)
    axes.set_xlabel("Window over multipliers of a lane")
    axes.set_ylabel("Speed-up by skipping")
    axes.set_ylim(0.9, 6)
    axes.set_title("resident decoded, 1 frame")
    axes.legend(fontsize=7)


def _decoders(axes: Axes, points: list[SkippingPoint], title: str) -> None:
    for colour, factor in zip(COLOURS, DECODER_FACTORS, strict=False):
        line = [p for p in points if p.decoder_factor == factor]
        label = f"decoder x {factor:g}"
        axes.plot([p.frames for p in line], [p.speed_up for p in line], "o-", color=colour, label=label)
    axes.set_xlabel("Frames that share a tile")
    axes.set_title(f"{title}, 50 % not zero")
    axes.set_ylim(0.95, 2.05)
    axes.legend(fontsize=7)


def readme(points: list[SkippingPoint], multipliers: int) -> str:
    """The page: what was done, and a table at half zeros."""
    half = {(p.residency, p.frames): p for p in points if p.sweep == "density" and p.density == 0.5}
    shown = (1, 2, 4, 8, 16)
    head = "| weights | " + " | ".join(f"{n} frame{'s' if n > 1 else ''}" for n in shown) + " |"
    lines = [head, "|:--" + "|--:" * len(shown) + "|"]
    for mode in MODES:
        cells = [f"{half[mode, n].speed_up:.2f} ({half[mode, n].mostly})" for n in shown]
        lines.append(f"| {TITLES[mode]} | {' | '.join(cells)} |")
    table = "\n".join(lines)
    one, many = half["streamed", 1], half["streamed", 16]
    resident, packed, packed_many = half["decoded", 1], half["compressed", 1], half["compressed", 16]
    return f"""# Where skipping zeros pays

    {COMMAND}

One {SIZE} x {SIZE} matrix of {BITS}-bit weights with zeros at random, `zvsv`-coded, on az1. Exact lane cycles, real
streams, the whole tile pipeline; the same bits with skipping and without. `skipping.csv` holds every case.

![maps](skipping.svg)

Above: speed-up against density and frames that share a tile; inside the white line it is at least {NO_GAIN:g}. Below:
the window (dotted: what it and the density allow at best), and the decoder's rate.

Speed-up at half zeros ({one.bits_per_weight:.2f} bits per weight), and what most of the time is spent on with skipping:

{table}

* Streamed, one frame per tile: a speed-up of {one.speed_up:.2f}; most of the time goes to
  {NAMES.get(one.mostly, one.mostly)}.{_no_gain(one)}
* Resident decoded, one frame: {resident.speed_up:.2f} of an ideal {1 / resident.density:g}. The window and the slowest
  lane of each block take the rest.
* Streamed with {many.frames} frames per tile: {many.speed_up:.2f}. Only input-side matrices can share a tile. A
  recurrent matrix is needed again for every frame, so for it skipping can save time only when it is resident.
* Resident compressed, one frame: {packed.speed_up:.2f}, and {packed_many.speed_up:.2f} at {packed_many.frames} frames.
  Skipping counts once the frames times the lanes' time exceed the decoder's.
{_window_sentences(points, multipliers)}
"""


def _no_gain(point: SkippingPoint) -> str:
    """What skipping is good for where it saves no time."""
    if point.speed_up >= NO_GAIN:
        return ""
    return " Discarding products\n  saves energy there and no time."


def _window_sentences(points: list[SkippingPoint], multipliers: int) -> str:
    """What wider windows gain, density by density."""
    lines = []
    for density in sorted({p.density for p in points if p.sweep == "window"}, reverse=True):
        line = [p for p in points if p.sweep == "window" and p.density == density]
        gains = ", ".join(f"{p.speed_up:.2f} at {p.window / multipliers:g} times" for p in line)
        lines.append(f"* Window over multipliers, {100 * density:.0f} % of the weights not zero: {gains}.")
    return "\n".join(lines)


def write(points: list[SkippingPoint], figure: Figure, multipliers: int, out: Path) -> None:
    """The folder's four files."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "skipping.csv", "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow([field.name for field in fields(SkippingPoint)])
        table.writerows([f"{v:.6g}" if isinstance(v, float) else v for v in astuple(point)] for point in points)
    write_figure(figure, "skipping", out)
    write_page(out, readme(points, multipliers))


def main() -> None:
    """Measure, draw, write."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "where_skipping_pays")
    out = options.parse_args().out
    chip = load_device("az1").chip
    points = measure(chip)
    with report_style():
        multipliers = chip.lanes.multipliers_per_lane
        write(points, draw(points, multipliers), multipliers, out)
    print(f"{len(points)} cases: {out}/README.md")


if __name__ == "__main__":
    main()
