"""``azsim infer NET --input x.npz``: any network from its bits: outputs, and what they cost, layer by layer."""

from __future__ import annotations

import argparse
from pathlib import Path

from azsim.commands.shared.options import path
from azsim.commands.shared.reporting import command_line, from_here
from azsim.errors import readable
from azsim.interrupts import ignore_interrupts, interrupts_end_all

HELP = "any network on a device: outputs from its bits, cycles, bytes, energy by layer"


def declare(command: argparse.ArgumentParser) -> None:
    """Network, inputs, how its weights are compressed, on which device, how often."""
    command.add_argument("network", metavar="NET", help="a network that azsim import wrote, or a name under models/")
    command.add_argument(
        "--input", type=path, required=True, metavar="FILE", help="inputs: .npz, .npy, or a folder of them"
    )
    command.add_argument("--device", default="az1", help="a device's name or a .toml (default: az1)")
    command.add_argument("--codec", help="how the weights travel (default: zvsv, or as the file stores them)")
    command.add_argument("--weight-bits", type=int, metavar="N", help="bits of a weight, 1 to 8 (default: 8)")
    command.add_argument("--sparsity", type=float, metavar="SHARE", help="zeros of each matrix, 0 to 1 (default: 0)")
    command.add_argument(
        "--granularity", choices=("tensor", "gate", "channel"), help="scales of the weights (default: channel)"
    )
    command.add_argument("--every-ms", type=float, metavar="MS", help="between inferences (default: as imported)")
    command.add_argument(
        "--metric", action="append", metavar="NAME",
        help="snr (default), cosine, accuracy, or your module:function, which is run; may be given again",
    )  # fmt: skip
    command.add_argument("--labels", type=path, metavar="FILE", help="whole numbers, one for each step, for accuracy")
    command.add_argument("--out", type=path, metavar="FOLDER", help="where page, figure, tables and outputs go")


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Run, print the tables, write the report where asked for."""
    with interrupts_end_all():
        from azsim.chip.build import tile_layout
        from azsim.compare.infer import graph_network, labels_of
        from azsim.compare.metrics import metric_named
        from azsim.compress import compress
        from azsim.compress.stored import load_compressed
        from azsim.deploy.inference import Inference
        from azsim.devices import load_device
        from azsim.nn.graph.feeds import read_streams
        from azsim.nn.graph.run import joined, run_float
        from azsim.ranges import check_bits_and_zeros
        from azsim.report.fitted import output_console
        from azsim.report.inference_results import inference_result
        from azsim.report.inference_tables import print_results
        from azsim.report.write import check_out_dir
    if options.out is not None:
        check_out_dir(options.out)
    device, network = load_device(options.device), graph_network(options.network)
    layout = tile_layout(device.chip)
    asked = (options.codec, options.weight_bits, options.sparsity, options.granularity)
    small = load_compressed(options.network) if asked == (None,) * 4 else None
    if small is not None:
        small = small.laid_out(layout)
    else:
        bits, sparsity = options.weight_bits or 8, options.sparsity or 0.0
        check_bits_and_zeros(bits, sparsity)
        granularity = options.granularity or "channel"
        codec = options.codec or "zvsv"
        small = compress(
            network, codec=codec, weight_bits=bits, sparsity=sparsity, granularity=granularity, layout=layout
        )
    labels = None if options.labels is None else labels_of(options.labels)
    measures = {name: metric_named(name, labels) for name in options.metric or ("snr",)}
    streams = read_streams(options.input, network.graph)
    inference = Inference(device, small, options.every_ms or 1000.0 / network.steps_per_s)
    outputs = joined([inference.outputs(stream) for stream in streams])
    exact = joined([run_float(network.graph, stream) for stream in streams])
    result = inference_result(inference, {name: measure(outputs, exact) for name, measure in measures.items()})
    answer = result.to_json()
    if options.out is not None:
        _report(options, network.digest, result, outputs)
        answer["report"] = str(options.out)
    ignore_interrupts()
    if not options.json:
        print_results([result], output_console(), with_layers=True)
        if options.out is not None:
            print(readable(f"report: {from_here(Path(options.out))}/index.html"))
    return answer


def _report(options: argparse.Namespace, digest: str, result: object, outputs: dict) -> None:
    from azsim.report.inference_report import write_inference_report
    from azsim.report.manifest import make_manifest

    configuration = {
        "network": result.network, "device": result.device, "codec": result.codec, "weight_bits": result.weight_bits,
        "every_ms": result.every_ms,
    }  # fmt: skip
    inputs = {options.network: digest} if digest else {}
    manifest = make_manifest(command_line(), configuration, {"memory": 0}, inputs)
    title = f"{result.network} as {result.config} on {result.device}"
    write_inference_report(title, [result], outputs, manifest, options.out)
