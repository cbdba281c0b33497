"""Bits per weight of every codec beside the entropy and other codecs, with the decoder cycles and the speed.

    python -m experiments.codec_frontier [--rows 4096] [--weights DIR|FILE.npz] [--out reports/codec_frontier]

Synthetic weights (normal and Laplace, pruned by magnitude) and the trained models. Other codecs (mlw_codec of
ethos-u-vela, zlib, zstd) run in a virtual environment of their own under the user's cache folder; without a package
index they are left out. Times are CPU seconds of one thread, kernels compiled, all codecs in the same run.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import azsim
from azsim.chip.decoder import decode_cycles
from azsim.compress.recipe import MatrixRecipe, quantise
from azsim.errors import InputError
from azsim.nn.sealed import model_names
from azsim.report.figures.style import COLOURS, MARKERS, new_figure, report_style, write_figure
from azsim.report.page import write_page
from experiments.options import options_of

PEERS = ("mlw", "zlib", "zstd")
SEED = 1234
COMMAND = "python -m experiments.codec_frontier --out reports/codec_frontier"
def reading() -> list[str]:
    """How to read the table, with the rates of the device."""
    decoder = azsim.load_device("az1").chip.decoder
    rate = f"{decoder.values_per_cycle} values per cycle with {decoder.streams} streams in az1"
    return [
        "The smallest stream is not always the fastest. A tile takes the longer of its fetch and its decoding, since "
        "the two overlap. `ans`, `huffman` and `golomb` read one code after the other, so a stream of theirs gives as "
        "many codes per cycle as the device file says for serial codes (what each codec can do, and why: "
        "[bitstreams.md](../../docs/bitstreams.md)); `zvsv`, `palette` and `packed` take as many as the device has "
        f"room for, {rate}. *Streams needed* says how many streams of the same kind would keep up with the port: with "
        "so many, the smallest stream is the fastest again, at the price of as many tables or table ports.",
        "",
        "Accuracy: sizes are exact lengths of streams that were decoded again and compared. Cycles are those of the "
        "model's rates, which are assumed for az1. Speeds depend on the machine; only the ratios of one run count.",
    ]


def synthetic(kind: str, bits: int, pruned: float, rows: int) -> np.ndarray:
    """``rows x 1024`` weights of variance 1, pruned by magnitude, clipped at 4 (normal) or 6 (Laplace), rounded."""
    rng, size = np.random.default_rng(SEED), rows * 1024
    weights = rng.standard_normal(size) if kind == "gauss" else rng.laplace(0, 1 / np.sqrt(2), size)
    if pruned:
        weights[np.abs(weights) < np.quantile(np.abs(weights), pruned)] = 0
    top = 2 ** (bits - 1) - 1
    clip = 4.0 if kind == "gauss" else 6.0
    return np.rint(weights / clip * top).clip(-top, top).astype(np.int8).reshape(rows, 1024)


def trained() -> dict[str, np.ndarray]:
    """The largest matrix of each shipped model, at 8 and 5 bits."""
    found = {}
    for name in model_names():
        network = azsim.load_network(name)
        largest = max(network.weight_matrices, key=lambda matrix: network.parameters[matrix].size)
        for bits in (8, 5):
            found[f"{name}/{largest}/{bits}"] = quantise(
                network.parameters[largest], MatrixRecipe(bits, 0.0, "packed")
            )[0]
    return found


def given(path: Path) -> dict[str, np.ndarray]:
    """int8 matrices of an .npz file, or of the .npy files of a folder."""
    if path.is_dir():
        return {file.stem: np.load(file) for file in sorted(path.glob("*.npy"))}
    with np.load(path) as matrices:
        return {name: matrices[name] for name in matrices.files}


def entropy_bits(matrix: np.ndarray) -> float:
    """Zero-order entropy in bits per weight."""
    counts = np.unique(matrix, return_counts=True)[1]
    return float((counts * np.log2(matrix.size / counts)).sum() / matrix.size)


def measure_peers(matrices: dict[str, np.ndarray], scratch: Path) -> dict[str, dict[str, object]]:
    """What codec_peers.py says; nothing if its environment cannot be made."""
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "azsim" / "peers" / "codecs"
    python = home / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "ethos-u-vela==5.2.0", "zstandard"]
        subprocess.run(install, check=True, capture_output=True)
    except subprocess.CalledProcessError:
        print("mlw, zlib and zstd are left out: ethos-u-vela and zstandard could not be installed", file=sys.stderr)
        return {}
    np.savez(scratch / "in.npz", **matrices)
    peers = [str(python), str(Path(__file__).with_name("peers.py")), str(scratch / "in.npz"), str(scratch / "out")]
    subprocess.run(peers, check=True)
    return json.loads((scratch / "out").read_text())


def measure(name: str, matrix: np.ndarray, peer: dict[str, object] | None) -> list[dict[str, object]]:
    """One row per codec."""
    chip = azsim.load_device("az1").chip
    bits = max(1, int(max(matrix.max(), ~matrix.min())).bit_length() + 1)
    common = {"matrix": name, "bits": bits, "zeros": 1 - np.count_nonzero(matrix) / matrix.size}
    rows = [{**common, "codec": "entropy", "bits_per_weight": entropy_bits(matrix)}]
    for codec in azsim.codecs():
        try:
            azsim.encode(matrix[:64], codec=codec, weight_bits=bits)
            begin = time.process_time()
            encoded = azsim.encode(matrix, codec=codec, weight_bits=bits)
            middle = time.process_time()
            azsim.decode(encoded)
            end = time.process_time()
            begin_decode = time.process_time()
            if not np.array_equal(azsim.decode(encoded), matrix):
                raise SystemExit(f"{name}: {codec} did not return the weights")
            end = min(end, middle + time.process_time() - begin_decode)
        except InputError as error:
            print(f"{name}: {codec} left out: {error}", file=sys.stderr)
            continue
        fetching = -(-encoded.tile_bytes // chip.port.bytes_per_cycle)
        fetching[0] += -(-encoded.table_bytes // chip.port.bytes_per_cycle)
        decoding = decode_cycles(encoded, chip.decoder)
        rows.append({
            **common, "codec": codec, "bits_per_weight": encoded.bits_per_weight,
            "decoder_cycles_per_tile": float(decoding.mean()),
            "streamed_cycles_per_tile": float(max(decoding.mean(), fetching.mean())),
            "streams_to_keep_up": -(-int(decoding.sum()) * chip.decoder.streams // int(fetching.sum())),
            "encode_mps": matrix.size / (middle - begin) / 1e6, "decode_mps": matrix.size / (end - middle) / 1e6,
        })  # fmt: skip
    if peer:
        for other in PEERS:
            row = {**common, "codec": other, "bits_per_weight": peer["bits_per_weight"][other]}
            if other == "mlw":
                row |= {key: matrix.size / peer[f"mlw_{key[:6]}_s"] / 1e6 for key in ("encode_mps", "decode_mps")}
            rows.append(row)
    return rows


def table(rows: list[dict[str, object]], key: str, digits: int) -> list[str]:
    """Matrices down, codecs across."""
    codecs = list(dict.fromkeys(row["codec"] for row in rows if key in row))
    lines = [f"| matrix | {' | '.join(codecs)} |", "|---|" + "---:|" * len(codecs)]
    for name in dict.fromkeys(row["matrix"] for row in rows):
        found = {row["codec"]: row[key] for row in rows if row["matrix"] == name and key in row}
        cells = (f"{found[codec]:.{digits}f}" if codec in found else "" for codec in codecs)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def draw(rows: list[dict[str, object]], out: Path) -> None:
    """Bits per weight, and cycles per streamed tile, against the share of zeros: a column per width, normal weights."""
    codecs = list(dict.fromkeys(row["codec"] for row in rows))
    looks = {
        codec: {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index // 8 + index % 4], "markersize": 4}
        for index, codec in enumerate(codecs)
    }
    with report_style():
        figure = new_figure(6.4)
        panels = figure.subplots(2, 4, sharex=True)
        figure.subplots_adjust(left=0.07, right=0.99, bottom=0.21, top=0.95, wspace=0.25, hspace=0.12)
        for column, bits in enumerate((8, 6, 5, 4)):
            for axes, key in zip(panels[:, column], ("bits_per_weight", "streamed_cycles_per_tile"), strict=True):
                for codec in codecs:
                    own = [row for row in rows if row["matrix"].startswith(f"gauss {bits} ") and row["codec"] == codec]
                    drawn = [(row["zeros"], row[key]) for row in own if key in row]
                    if drawn:
                        axes.plot(*zip(*drawn, strict=True), label=codec, **looks[codec])
            panels[0, column].set_title(f"{bits} bits")
            panels[1, column].set_xlabel("share of zeros")
            panels[1, column].set_ylim(bottom=0)
        panels[0, 0].set_ylabel("bits per weight")
        panels[1, 0].set_ylabel("cycles per tile, streamed")
        figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="lower center", ncols=7)
        write_figure(figure, "frontier", out)


def targets(rows: list[dict[str, object]]) -> list[str]:
    """What `ans` and `zvsv` reach beside the entropy and mlw on the synthetic weights, as a table."""
    of = {(row["matrix"], row["codec"]): row for row in rows}
    names = [name for name, codec in of if codec == "mlw" and name.split()[0] in ("gauss", "laplace")]
    if not names:
        return []

    def bits(codec: str) -> np.ndarray:
        return np.array([of[name, codec]["bits_per_weight"] for name in names])

    def times_mlw(codec: str, key: str) -> float:
        return float(np.median([of[name, codec][key] / of[name, "mlw"][key] for name in names]))

    above = bits("ans") - 1.01 * bits("entropy")
    lines = [
        ("ans - 1.01 x entropy, at most, bits per weight", f"{above.max():.4f}", "<= 0.02"),
        ("ans smaller than mlw, matrices", f"{int((bits('ans') < bits('mlw')).sum())} of {len(names)}", "all"),
        ("ans / mlw, median size", f"{np.median(bits('ans') / bits('mlw')):.3f}", "<= 0.96"),
        ("ans encodes, times mlw, median", f"{times_mlw('ans', 'encode_mps'):.1f}", ">= 5"),
        ("ans decodes, times mlw, median", f"{times_mlw('ans', 'decode_mps'):.1f}", ">= 5"),
        ("zvsv encodes, times mlw, median", f"{times_mlw('zvsv', 'encode_mps'):.1f}", ">= 8"),
        ("zvsv decodes, times mlw, median", f"{times_mlw('zvsv', 'decode_mps'):.1f}", ">= 8"),
    ]
    trained_sizes = [
        (row["bits_per_weight"], of[name, "entropy"]["bits_per_weight"])
        for (name, codec), row in of.items()
        if codec == "ans" and name not in names
    ]
    below = [f"{size - entropy:+.3f}" for size, entropy in trained_sizes]
    lines.append(("trained models: ans - entropy, bits per weight, in the order below", ", ".join(below), ""))
    return ["| | measured | target |", "|---|---:|---:|", *(f"| {' | '.join(line)} |" for line in lines)]


def smallest_and_fastest(rows: list[dict[str, object]]) -> list[str]:
    """Per matrix the smallest and the fastest codec, and what the choice of the smallest costs in time."""
    lines = ["| matrix | smallest | bits | cycles per tile | streams needed | fastest | bits | cycles per tile |"
             " streams needed |", "|---|---|---:|---:|---:|---|---:|---:|---:|"]  # fmt: skip
    for name in dict.fromkeys(row["matrix"] for row in rows):
        own = [row for row in rows if row["matrix"] == name and "streamed_cycles_per_tile" in row]
        by_size = min(own, key=lambda row: row["bits_per_weight"])
        by_time = min(own, key=lambda row: row["streamed_cycles_per_tile"])
        cells = (
            f"{row['codec']} | {row['bits_per_weight']:.3f} | {row['streamed_cycles_per_tile']:.0f} | "
            f"{row['streams_to_keep_up']}"
            for row in (by_size, by_time)
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Measure and write."""
    options = options_of(__package__, __doc__)
    options.add_argument("--rows", type=int, default=4096, help="rows of the synthetic matrices")
    options.add_argument("--weights", type=Path, help="int8 matrices: a folder of .npy or an .npz file")
    options.add_argument("--out", type=Path, default=Path("runs") / "codec_frontier")
    chosen = options.parse_args()
    load = " ".join(f"{each:.2f}" for each in os.getloadavg())
    matrices = {
        f"{kind} {bits} {pruned}": synthetic(kind, bits, pruned, chosen.rows)
        for kind in ("gauss", "laplace") for bits in (8, 6, 5, 4) for pruned in (0, 0.5, 0.7, 0.9)
    }  # fmt: skip
    matrices |= {name.replace("/", " "): matrix for name, matrix in trained().items()}
    if chosen.weights:
        matrices |= given(chosen.weights)
    with tempfile.TemporaryDirectory() as scratch:
        peers = measure_peers(matrices, Path(scratch))
    rows = [row for name, matrix in matrices.items() for row in measure(name, matrix, peers.get(name))]
    chosen.out.mkdir(parents=True, exist_ok=True)
    with (chosen.out / "frontier.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
    draw(rows, chosen.out)
    titles = (
        ("Bits per weight, headers and tables included", "bits_per_weight", 3),
        ("Decoder cycles per tile on az1", "decoder_cycles_per_tile", 0),
        ("Cycles per tile, streamed: the slower of az1's decoder and its port to DRAM", "streamed_cycles_per_tile", 0),
        ("Encoding, million weights per second", "encode_mps", 1),
        ("Decoding, million weights per second", "decode_mps", 1),
    )  # fmt: skip
    text = ["# Codecs: size against speed", "", f"    {COMMAND} --rows {chosen.rows}", "",
            "Matrix: distribution, bits, share pruned; or model, matrix, bits. Other codecs: mlw (ethos-u-vela 5.2.0), "
            "zlib level 6, zstd level 3. Speeds: CPU time, one thread; mlw takes and gives Python lists.", "",
            f"Load of the machine before the run: {load}.", "",
            "![Bits per weight, and cycles per streamed tile, against the share of zeros](frontier.svg)", "",
            *reading(), "", "## What `ans` and `zvsv` reach on the synthetic matrices", "", *targets(rows), "",
            "## Smallest against fastest on az1", "", *smallest_and_fastest(rows)]  # fmt: skip
    for title, key, digits in titles:
        text += ["", f"## {title}", "", *table(rows, key, digits)]
    write_page(chosen.out, "\n".join(text) + "\n")


if __name__ == "__main__":
    main()
