"""The tables of the report."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.third_party.measure import DEVICES

Row = dict
IMPORTED = """
The largest difference over the largest value of each output. A model that came quantised (dynamically, or with
quantise and dequantise nodes) is compared as the float model that its integers stand for, and as it came; a TFLite file
as it came by TFLite's own interpreter.
"""
SCORED = """
SNR and cosine against the float graph, over all inferences. Scales are one for each channel; weights that came as int8
keep their integers at 8 bits. Operands of products are int8, one grid for a whole tensor, but for those that alone
bring an output below 40 dB on the inputs that grids are chosen on: these are int16, in two passes of the lanes; the
first line of a network that has such operands is without them. The cosine is a mean over steps, of which those whose
output is 0 count 0. Decisions are of single inferences; right is the share
of labels: speech or not in each step, the word or another in each recording, a turn's end, a line's direction.
"""
CODED = """
Of networks above two million weights the largest matrix stands for all.
"""
COSTED = """
All of one inference. On the chip: share of products and vector operations; the rest are functions that the vector unit
lacks, which the CPU does. A device named with a size of memory has so much on the chip, since its own does not hold the
activations.
"""
ZIGZAG = """
ZigZag 3.9.1 (`tpu_like`, 32 x 32 multipliers, 8-bit weights, 64-bit DRAM port) on every product of the network with
weights, each given as a Gemm, one after another (of an LSTM's node it costs nothing), beside the cycles above at 8 bits
on `az1`.
"""
WHOLE = """
Whole networks: ZigZag 3.9.1 on the float ONNX with every shape known (`tpu_like`), Vela 5.2.0 on the file as it came
(it reads .tflite alone; what an Ethos-U65 of 256 multipliers does of it, `Ethos_U65_High_End`; a float file is left to
the CPU whole), or the last line of what they said instead.
"""
VELA = """
Vela 5.2.0 on the recurrent layers alone, as int8 .tflite of the same shapes with half of the weights zero (it reads no
ONNX), for an Ethos-U65 of 256 multipliers, `Ethos_U65_High_End`; azsim's cycles of the same stages on `ethos-u65-like`
at 5 bits and half zeros, alone on the chip.
"""


def imports(rows: Sequence[Row]) -> str:
    """What was read, and how near the float graph is to ONNX Runtime."""
    heads = ("network", "package", "licence", "weights", "nodes", "inferences", "from ONNX Runtime", "as it came")
    cells = [
        (
            row["name"],
            f"`{row['wheel'].rstrip('-')}`",
            row["licence"],
            f"{row['weights']:,}",
            str(row["nodes"]),
            f"{row['steps']:,}",
            f"{row['float_error']:.1e}",
            "came in float" if row["as_given"] is None else f"{row['as_given']:.1e}",
        )
        for row in rows
    ]
    return _table(heads, cells, 3) + IMPORTED


def accuracy(rows: Sequence[Row]) -> str:
    """Outputs from the bits against the float graph and labels."""
    heads = (
        "network", "configuration", "int16 operands", "bytes", "bits/weight", "SNR dB", "cosine", "same decision %",
        "right % (float)",
    )  # fmt: skip
    cells = []
    for row, result in _of_device(rows, DEVICES[0]):
        scores = result["scores"]
        right = "–"
        if "accuracy" in scores:
            right = f"{scores['accuracy']:.1f} ({row['float_scores']['accuracy']:.1f})"
        cells.append(
            (
                row["name"],
                result["config"],
                f"{0 if result['config'].endswith('int8') else row['wide'][0]} of {row['wide'][1]}",
                f"{result['model_bytes']:,}",
                f"{result['bits_per_weight']:.2f}",
                f"{scores['snr']:.1f}",
                f"{scores['cosine']:.4f}",
                f"{scores['agreement']:.1f}" if "agreement" in scores else "–",
                right,
            )
        )
    return _table(heads, cells, 2) + SCORED


def codecs(rows: Sequence[Row]) -> str:
    """Bits per weight by every codec."""
    kinds = [(row["name"], key, sizes) for row in rows for key, sizes in row["codecs"].items()]
    heads = ("network", "weights", *(size["codec"] for size in kinds[0][2]))
    cells = [
        (name, key, *("–" if size["bits_per_weight"] is None else f"{size['bits_per_weight']:.2f}" for size in sizes))
        for name, key, sizes in kinds
    ]
    return _table(heads, cells, 2) + CODED


def devices(rows: Sequence[Row]) -> str:
    """Cycles, bytes, time and energy."""
    heads = (
        "network", "configuration", "device", "mostly", "cycles", "DRAM B", "time ms", "of real time %", "energy mJ",
        "on the chip %",
    )  # fmt: skip
    cells = [
        (
            row["name"],
            result["config"],
            result["device"],
            max(result["causes"], key=result["causes"].get),
            f"{result['cycles']:,.0f}",
            f"{result['dram_bytes']:,.0f}",
            f"{result['time_ms']:.3f}",
            f"{100 * result['real_time_share']:.2f}",
            f"{result['energy_mj']:.4f}",
            f"{100 * result['on_chip_share']:.2f}",
        )
        for row in rows
        for result in row["results"]
    ]
    return _table(heads, cells, 4) + COSTED


def peers(rows: Sequence[Row]) -> str:
    """What ZigZag and Vela say, where they were asked."""
    asked = [row for row in rows if row.get("zigzag") and row.get("whole")]
    if not asked:
        return "They were not asked."
    heads = ("network", "what it said", "ZigZag cycles", "energy µJ", "shapes", "azsim cycles")
    cells = [
        (
            row["name"],
            row["zigzag"]["said"] or "costed",
            _number(row["zigzag"]["cycles"]),
            _number(row["zigzag"]["energy_pj"], 1e6),
            str(row["zigzag"]["layers"]),
            _number(_of_device([row], DEVICES[0])[-2][1]["cycles"]),
        )
        for row in asked
    ]
    recurrent = []
    for row in asked:
        if row.get("vela") is not None:
            own = [each for each in row["results"] if each["device"].startswith("ethos-u65-like")][-1]
            stages = [each for each in own["layers"] if any(name.endswith(".recurrent") for name in each["matrices"])]
            spent = sum(layer["cycles"] * layer["runs"] for layer in stages)
            found = row["vela"]
            said = found["said"] or "; ".join(found["layers"])
            recurrent.append((row["name"], said, _number(found["cycles"]), _number(spent)))
    whole = [
        (
            row["name"],
            *(
                row["whole"][tool]["said"] or f"{row['whole'][tool]['cycles']:,.0f} cycles"
                for tool in ("zigzag", "vela")
            ),
            _number(next(each["cycles"] for each in row["results"] if each["device"].startswith("ethos-u65-like"))),
        )
        for row in asked
    ]
    first = _table(("network", "ZigZag", "Vela", "azsim cycles, 8 bits, ethos-u65-like"), whole, 3)
    vela = _table(("network", "layers", "Vela cycles", "azsim cycles"), recurrent, 2)
    return f"{WHOLE}\n{first}\n{ZIGZAG}\n{_table(heads, cells, 2)}\n{VELA}\n{vela}"


def _of_device(rows: Sequence[Row], device: str) -> list[tuple[Row, dict]]:
    return [(row, result) for row in rows for result in row["results"] if result["device"].split(",")[0] == device]


def _number(value: float | None, unit: float = 1.0) -> str:
    return "–" if value is None else f"{value / unit:,.0f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> str:
    """Markdown; the first columns, so many, hold words, the others numbers."""
    rule = ["---"] * words + ["---:"] * (len(heads) - words)
    return "\n".join("| " + " | ".join(each) + " |" for each in (heads, rule, *rows)) + "\n"
